"""The unprivileged uids that jobs get when the worker is root: one for each slot of this machine.

A uid belongs to one slot of one worker process at a time, so that whatever runs under it is known to
be of that slot's job. That is kept by locks on files, which end with the process.
"""

from __future__ import annotations

import pwd
from pathlib import Path

from headrace.errors import Misconfigured
from headrace.sandbox.file_lock import try_lock

LOCKS = Path("/run/headrace")
FIRST_UID = 64_000
MOST_UIDS = 1000
"""Above what distributions give to people and services, below what a container with 2¹⁶ uids has."""


def take_uids(count: int, locks: Path = LOCKS) -> dict[int, int]:
    """Lock ``count`` uids that nobody uses: uid → descriptor of its lock, open until the process ends.

    Raises Misconfigured where the locks can't be made or the uids are used up.
    """
    try:
        locks.mkdir(mode=0o755, parents=True, exist_ok=True)
        taken: dict[int, int] = {}
        for uid in range(FIRST_UID, FIRST_UID + MOST_UIDS):
            if len(taken) == count:
                break
            if not _is_known(uid) and (descriptor := try_lock(locks / f"uid-{uid}")) is not None:
                taken[uid] = descriptor
    except OSError as error:
        raise Misconfigured(
            f"{locks}: can't keep the locks of the jobs' uids here ({error.strerror}); make it writable"
        ) from error
    if len(taken) < count:
        raise Misconfigured(
            f"all uids from {FIRST_UID} to {FIRST_UID + MOST_UIDS - 1} are in use on this machine:"
            " run fewer workers or slots"
        )
    return taken


def _is_known(uid: int) -> bool:
    """Whether some account has this uid; a job must never be the same as a person or service."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
