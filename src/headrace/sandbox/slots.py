"""A worker's slots: how many jobs run at once, and the cage of each."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from headrace.errors import Misconfigured
from headrace.sandbox.accounts import take_uids
from headrace.sandbox.cage import Cage, Isolation, Limits
from headrace.sandbox.survivors import adopt_orphans, kill_all_of

if TYPE_CHECKING:
    from headrace.settings import Settings

_MEGABYTE = 1024 * 1024


class Slots:
    """The cages of one worker process; each holds one job at a time."""

    def __init__(self, isolation: Isolation, cages: list[Cage]) -> None:
        self.isolation = isolation
        self._cages = cages
        self._free = list(cages)

    @property
    def any_uid(self) -> int | None:
        """The uid of some job, to try out what jobs can reach; None where they keep the worker's."""
        return next((cage.uid for cage in self._cages), None)

    @property
    def free(self) -> int:
        """How many jobs could be started now."""
        return len(self._free)

    @asynccontextmanager
    async def take(self) -> AsyncIterator[Cage]:
        """A cage for as long as the block lasts; take one only while some are free."""
        cage = self._free.pop()
        try:
            yield cage
        finally:
            self._free.append(cage)


def open_slots(settings: Settings) -> Slots:
    """The slots a worker with these settings has.

    Raises Misconfigured where the isolation asked for by name can't be had here.
    """
    isolation = choose_isolation(settings.isolation)
    limits = Limits(
        result_bytes=settings.result_limit_mb * _MEGABYTE, log_bytes=settings.log_limit_mb * _MEGABYTE
    )
    uids: list[int | None] = [None] * settings.slots
    if os.geteuid() == 0:
        taken = list(take_uids(settings.slots))
        for uid in taken:
            kill_all_of(uid)
        uids = [*taken]
    adopt_orphans()
    return Slots(isolation, [Cage(isolation, uid, limits, settings.grace_seconds) for uid in uids])


def choose_isolation(named: str) -> Isolation:
    """The level that ``auto`` means here, or the one named; raises Misconfigured where it can't be had."""
    match named:
        case "auto" | Isolation.PROCESS:
            return Isolation.PROCESS
        case Isolation.NONE:
            return Isolation.NONE
        case _:
            raise Misconfigured(
                f"isolation {named!r} can't be had in this release: use auto, {Isolation.PROCESS} or"
                f" {Isolation.NONE}"
            )
