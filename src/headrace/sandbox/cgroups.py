"""The cgroups of a worker, one for each slot server: whatever that forks is born in it.

So one job after the other is counted and bounded at no cost. They lie in a folder of the worker's own, with a
lock that ends with it: so those of a worker that was killed are known, and removed by the next one.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from headrace.sandbox.cage import Isolation
from headrace.sandbox.cgroup import Cgroup, remove_folder
from headrace.sandbox.cgroup_places import MEMORY, PROCESSES, Place, find_places

if TYPE_CHECKING:
    from pathlib import Path

    from headrace.sandbox.cage import Cage

log = logging.getLogger(__name__)

_PREFIX = "headrace-"
_MOST_ROUNDS = 40
_PAUSE_SECONDS = 0.005


class Cgroups:
    """Makes them as they are wanted. The folders are there as long as one is in use.

    ``places`` is where; empty on a machine that gives us none.
    """

    def __init__(self, places: list[Place]) -> None:
        self.places = places
        self._folders: dict[Place, Path] = {}
        self._locks: list[int] = []
        self._used: list[Cgroup] = []
        self._given_up: list[Cgroup] = []
        self._made = 0

    @classmethod
    def open(cls) -> Cgroups:
        """Find out where they can be made, and remove what workers that are gone have left there."""
        places = find_places()
        for place in places:
            with suppress(OSError):
                _remove_left(place.folder)
        return cls(places)

    def make(self, cage: Cage) -> Cgroup | None:
        """One for a slot server of a cage; None where none can be had."""
        if not self.places or cage.isolation is Isolation.NONE:
            return None
        self._remove_given_up()
        self._made += 1
        try:
            self._make_folders()
            folders = {place: folder / str(self._made) for place, folder in self._folders.items()}
            cgroup = Cgroup(folders, cage.limits)
        except OSError as error:
            log.warning("no cgroup could be made: %s", error)
            return None
        self._used.append(cgroup)
        return cgroup

    def give_up(self, cgroup: Cgroup | None) -> None:
        """Kill what is left in one, and remove it, now or when another is wanted."""
        if cgroup is None:
            return
        self._used.remove(cgroup)
        self._given_up.append(cgroup)
        self._remove_given_up()
        if not self._used and not self._given_up:
            self._remove_folders()

    def _remove_given_up(self) -> None:
        self._given_up = [cgroup for cgroup in self._given_up if not cgroup.remove()]

    def _make_folders(self) -> None:
        if self._folders:
            return
        name = f"{_PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
        for place in self.places:
            # One worker at a time: a folder that was just made is not locked yet.
            alone = _lock(place.folder)
            try:
                _divide(place.folder, place)
                folder = place.folder / name
                folder.mkdir()
                self._locks.append(_lock(folder))
                _divide(folder, place)
                self._folders[place] = folder
            finally:
                os.close(alone)

    def _remove_folders(self) -> None:
        for folder in self._folders.values():
            with suppress(OSError):
                folder.rmdir()
        for descriptor in self._locks:
            os.close(descriptor)
        self._folders, self._locks = {}, []


def _remove_left(place: Path) -> None:
    alone = _lock(place)
    try:
        for folder in place.glob(f"{_PREFIX}*/"):
            with suppress(OSError):  # a worker has it
                descriptor = _lock(folder, wait=False)
                log.info("removing the cgroups that a worker that is gone left in %s", folder)
                for left in sorted((folder, *folder.rglob("*/")), reverse=True):  # the deepest first
                    _remove_patiently(left)
                os.close(descriptor)
    finally:
        os.close(alone)


def _remove_patiently(folder: Path) -> None:
    for _ in range(_MOST_ROUNDS):
        if remove_folder(folder):
            return
        time.sleep(_PAUSE_SECONDS)


def _divide(folder: Path, place: Place) -> None:
    """In version 2: have those below it counted, and bounded."""
    control = folder / "cgroup.subtree_control"
    if place.version == 2 and not place.controllers <= set(control.read_text().split()):
        control.write_text(f"+{MEMORY} +{PROCESSES}")


def _lock(folder: Path, *, wait: bool = True) -> int:
    """Lock a folder until the descriptor is closed, or this process ends; raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
