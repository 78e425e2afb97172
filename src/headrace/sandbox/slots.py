"""A worker's slots: how many jobs run at once, and the cage of each."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from headrace.errors import Misconfigured
from headrace.sandbox.accounts import take_uids
from headrace.sandbox.cage import Cage, Isolation, Limits
from headrace.sandbox.cgroups import Cgroups
from headrace.sandbox.survivors import adopt_orphans, kill_all_of

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from headrace.settings import Settings

_MEGABYTE = 1024 * 1024


class Slots:
    """The cages of one worker process; each holds one job at a time.

    ``mapped_uids`` are those that a fork server takes with it into its sandbox, its own first; none where
    jobs keep the worker's uid, or there is no sandbox. ``cgroups`` are for what starts their jobs.
    """

    def __init__(
        self,
        isolation: Isolation,
        cages: list[Cage],
        mapped_uids: list[int] | None = None,
        cgroups: Cgroups | None = None,
    ) -> None:
        self.isolation = isolation
        self.cgroups = cgroups or Cgroups([])
        self.mapped_uids = mapped_uids or []
        self.cages = cages
        self._free = list(cages)
        self._kin: dict[Cage, object] = {}

    @property
    def any_uid(self) -> int | None:
        """The uid of some job, to try out what jobs can reach; None where they keep the worker's."""
        return next((cage.uid for cage in self.cages), None)

    @property
    def free(self) -> int:
        """How many jobs could be started now."""
        return len(self._free)

    @asynccontextmanager
    async def take(self, kin: object = None) -> AsyncIterator[Cage]:
        """A cage for as long as the block lasts; take one only while some are free.

        Jobs of one kin may share a process, which stays in its cage: if one of theirs is free it is that.
        """
        cage = self._choose(kin)
        self._free.remove(cage)
        self._kin[cage] = kin
        try:
            yield cage
        finally:
            self._free.append(cage)

    def _choose(self, kin: object) -> Cage:
        for wanted in (kin, None):
            if fit := [cage for cage in self._free if self._kin.get(cage) == wanted]:
                return fit[-1]
        return self._free[-1]


def open_slots(settings: Settings, isolation: Isolation) -> Slots:
    """The slots a worker with these settings has, at a level that this machine has (``choose_isolation``)."""
    uids: list[int] = []
    if os.geteuid() == 0:
        uids = list(take_uids(settings.slots + 1))
        for uid in uids:
            kill_all_of(uid)
    adopt_orphans()
    if isolation is Isolation.SANDBOX and (missing := find_missing(settings.shared_folders)):
        log.warning("shared_folders: %s: not there, so no job will see it", ", ".join(missing))
    limits = _limits(settings)
    cages = [
        Cage(isolation, uids[index + 1] if uids else None, limits, settings.grace_seconds, index)
        for index in range(settings.slots)
    ]
    return Slots(isolation, cages, uids if isolation is Isolation.SANDBOX else None, _cgroups(isolation))


def find_missing(folders: Iterable[str]) -> list[str]:
    """Those that are not there, or can't be reached by this process."""
    return [folder for folder in folders if not os.access(folder, os.F_OK)]


def _cgroups(isolation: Isolation) -> Cgroups:
    cgroups = Cgroups.open()
    if not cgroups.places and isolation is not Isolation.NONE:
        log.info("no cgroups can be made here: memory is bounded for each process, not for a whole job")
    return cgroups


def _limits(settings: Settings) -> Limits:
    return Limits(
        open_files=settings.open_files_limit,
        file_size_bytes=settings.file_size_limit_mb * _MEGABYTE or None,
        cpu_seconds=settings.cpu_limit_seconds or None,
        memory_bytes=settings.memory_limit_mb * _MEGABYTE or None,
        processes=settings.process_limit,
        disk_bytes=settings.disk_limit_mb * _MEGABYTE,
        result_bytes=settings.result_limit_mb * _MEGABYTE,
        log_bytes=settings.log_limit_mb * _MEGABYTE,
    )


def choose_isolation(named: str, why_no_sandbox: str | None) -> Isolation:
    """The level that ``auto`` means here, or the one named; raises Misconfigured where it can't be had.

    ``why_no_sandbox`` is None where this machine gives jobs all of a sandbox.
    """
    if named != "auto":
        level = Isolation(named)
        if level is Isolation.SANDBOX and why_no_sandbox is not None:
            raise Misconfigured(
                f"isolation {level} can't be had here ({why_no_sandbox}): use auto, {Isolation.PROCESS} or"
                f" {Isolation.NONE}"
            )
        return level
    return Isolation.SANDBOX if why_no_sandbox is None else Isolation.PROCESS
