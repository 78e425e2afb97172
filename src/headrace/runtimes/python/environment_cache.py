"""Keeps environments, and what was downloaded for them, within their bounds.

What was used longest ago goes first, and never what is in use. What was used last stays, even where it is
larger than the whole bound: it works, and nothing else is kept.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from headrace import failpoint
from headrace.runtimes.python.shelf import Shelf, disk_usage
from headrace.runtimes.python.uv import UvTool
from headrace.sandbox.file_lock import try_lock

log = logging.getLogger(__name__)

_MEGABYTE = 1024**2
_PATIENCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much room there is on the disk, in bytes: for environments, and for downloads."""

    environments: int
    downloads: int


UNBOUNDED = Bounds(sys.maxsize, sys.maxsize)


class EnvironmentCache:
    """The bounds of the environments in ``folder``. Its methods block: call them in a thread."""

    def __init__(self, shelf: Shelf, folder: Path, uv: UvTool, bounds: Bounds) -> None:
        self._shelf = shelf
        self._lock = folder / ".tidying"
        self._uv = uv
        self._bounds = bounds

    def tidy_up(self) -> None:
        """Remove what dead processes left, then what is beyond the bounds; failures are logged."""
        try:
            self._shelf.sweep()
            self._keep_within(self._bounds.environments)
            self._trim_downloads()
            self._remove_cut_downloads()
        except OSError as error:
            log.warning("environments can't be tidied up: %s", error)

    def make_room(self) -> int:
        """Remove all environments that nobody uses, for the disk is full; how many were removed."""
        return self._keep_within(-1)

    def _keep_within(self, most_bytes: int) -> int:
        """Only one process does it at a time: another that comes meanwhile removes nothing."""
        if not self._lock.parent.is_dir() or (descriptor := try_lock(self._lock)) is None:
            return 0
        try:
            return self._evict(most_bytes)
        finally:
            os.close(descriptor)

    def _evict(self, most_bytes: int) -> int:
        kept = sorted(self._shelf.contents(), key=lambda kept: kept.used_at)
        total = sum(one.size for one in kept)
        removed = 0
        for one in kept[:-1] if most_bytes >= 0 else kept:
            if total <= most_bytes:
                break
            if self._shelf.remove(one.name):
                total -= one.size
                removed += 1
                megabytes = one.size / _MEGABYTE
                log.info("environment %s (%d MB) is removed: nobody used it lately", one.name[:16], megabytes)
        return removed

    def _remove_cut_downloads(self) -> None:
        """Remove what a killed uv left; each uv that runs holds the lock of its cache."""
        folder = Path(self._uv.environ["UV_CACHE_DIR"])
        if not folder.is_dir() or (descriptor := try_lock(folder / ".lock")) is None:
            return
        try:
            for left in folder.glob(".tmp*"):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        finally:
            os.close(descriptor)

    def _trim_downloads(self) -> None:
        """Uv knows no bound, nor what it used last: first goes what nothing refers to, then everything."""
        folder = Path(self._uv.environ["UV_CACHE_DIR"])
        for command in ("prune", "clean"):
            size = disk_usage(folder)
            if size <= self._bounds.downloads:
                return
            failpoint.reach_in_thread(f"downloads_before_{command}")
            done = subprocess.run(
                [self._uv.program, "cache", command],
                cwd="/",
                env=self._uv.environ | {"UV_LOCK_TIMEOUT": "5"},  # while others install it can't be done
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_PATIENCE_SECONDS,
                check=False,
            )
            became = "was called" if done.returncode == 0 else f"failed: {done.stderr.strip()[-200:]}"
            log.info("downloaded packages take %d MB; uv cache %s %s", size / _MEGABYTE, command, became)
