"""Starts PostgreSQL's programs: under an account of their own, and never longer than this process lives."""

from __future__ import annotations

import asyncio
import ctypes
import os
import pwd
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_ACCOUNTS = ("postgres", "nobody")
_SET_PARENT_DEATH_SIGNAL = 1
_LIBC = ctypes.CDLL(None)


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this machine that is not root."""

    name: str
    uid: int
    gid: int


def find_account() -> Account | None:
    """Whom PostgreSQL, which refuses root, runs as where this process is root; else None: as ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    found = next((known[name] for name in _ACCOUNTS if name in known), None)
    return Account(found.pw_name, found.pw_uid, found.pw_gid) if found else None


class Program:
    """A program that runs, and that everybody who likes may wait for. Belongs to the running event loop."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._ended = asyncio.Event()
        self._watched = os.pidfd_open(process.pid)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._watched, self._reap)

    @property
    def pid(self) -> int:
        """Its process id, also after its end."""
        return self._process.pid

    @property
    def is_over(self) -> bool:
        """Whether it has ended and been waited for."""
        return self._ended.is_set()

    async def wait(self) -> int:
        """Wait for its end; the exit code, or minus the number of the signal that ended it."""
        await self._ended.wait()
        return self._process.wait()

    async def ends_within(self, seconds: float) -> bool:
        """Wait for its end, but no longer than this."""
        try:
            await asyncio.wait_for(self._ended.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def signal(self, number: signal.Signals) -> None:
        """Signal it, unless it is over."""
        self._process.send_signal(number)

    def _reap(self) -> None:
        self._loop.remove_reader(self._watched)
        os.close(self._watched)
        self._process.wait()
        self._ended.set()


def start_program(
    command: Sequence[str | Path],
    account: Account | None,
    log_file: Path,
    *,
    death_signal: signal.Signals,
    typed: str = "",
) -> Program:
    """Start a program that gets ``typed`` (at most a few KB) on its standard input and writes to a log.

    ``death_signal`` is what it gets when the calling thread ends. Its session is its own: Ctrl-C at a
    terminal reaches the caller, who then ends it in order. Raises OSError.
    """
    reading, writing = os.pipe()
    try:
        os.write(writing, typed.encode())
    finally:
        os.close(writing)
    output = os.open(log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=reading,
            stdout=output,
            stderr=output,
            cwd="/",
            # Of our environment nothing: PGOPTIONS, LANG or TZ would change what we asked for.
            env={"PATH": os.defpath, "LC_ALL": "C"},
            umask=0o077,
            start_new_session=True,
            preexec_fn=bound_to_parent(death_signal),  # noqa: PLW1509 - it calls the kernel only
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    finally:
        os.close(reading)
        os.close(output)
    return Program(process)


def bound_to_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """A ``preexec_fn``: the child gets this signal when the calling thread ends."""
    parent = os.getpid()

    def bind() -> None:
        # After the change of uid, which clears it.
        _LIBC.prctl(_SET_PARENT_DEATH_SIGNAL, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return bind
