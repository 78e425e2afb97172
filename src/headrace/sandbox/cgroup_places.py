"""Where this machine lets us make cgroups: in the hierarchies of version 1, or in the one of version 2."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MEMORY, PROCESSES = "memory", "pids"
"""The controllers that bound what a job takes."""
_WANTED = frozenset({MEMORY, PROCESSES})


@dataclass(frozen=True, slots=True)
class Place:
    """A cgroup that others can be made in, and which of our controllers count there."""

    folder: Path
    version: int
    controllers: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Mount:
    """A mounted hierarchy: which of its cgroups is seen, and where."""

    version: int
    root: str
    folder: Path
    options: frozenset[str]


def find_places(process: Path = Path("/proc/self")) -> list[Place]:
    """One for each controller in version 1, one for both in version 2; none where they can't be written to.

    Nothing is changed by that. ``process`` is where the kernel tells of this process.
    """
    try:
        own = _own_paths((process / "cgroup").read_text())
        mounts = _mounts((process / "mountinfo").read_text())
    except OSError:
        return []
    found: dict[str, Place] = {}
    for mount in mounts:
        for place in _in_version_1(mount, own) if mount.version == 1 else _in_version_2(mount, own):
            for controller in place.controllers:
                found.setdefault(controller, place)
    return list(dict.fromkeys(found.values()))


def _own_paths(text: str) -> dict[str, str]:
    """The cgroup of this process by controller; that of version 2 has the name of none."""
    paths: dict[str, str] = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        paths |= dict.fromkeys(controllers.split(","), path)
    return paths


def _mounts(text: str) -> list[_Mount]:
    mounts: list[_Mount] = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            root, folder = before.split()[3:5]
            version = 1 if kind == "cgroup" else 2
            mounts.append(_Mount(version, root, Path(folder), frozenset(options.split(","))))
    return mounts


def _in_version_1(mount: _Mount, own: dict[str, str]) -> list[Place]:
    controllers = _WANTED & mount.options & frozenset(own)
    if not controllers:
        return []
    folder = _shown(mount, own[min(controllers)])
    return [Place(folder, 1, controllers)] if os.access(folder, os.W_OK | os.X_OK) else []


def _in_version_2(mount: _Mount, own: dict[str, str]) -> list[Place]:
    """The nearest: our own cgroup has processes, which mostly forbids that any below it are counted."""
    if "" not in own:
        return []
    nearest = _shown(mount, own[""])
    for folder in (nearest, *nearest.parents):
        if _can_divide(folder):
            return [Place(folder, 2, _WANTED)]
        if folder == mount.folder:
            break
    return []


def _shown(mount: _Mount, path: str) -> Path:
    relative = os.path.relpath(path, mount.root)
    return mount.folder if relative.startswith("..") else mount.folder / relative


def _can_divide(folder: Path) -> bool:
    """Whether a cgroup of version 2 gives those below it our controllers, or can be told to."""
    if not all(os.access(path, os.W_OK) for path in (folder, folder / "cgroup.procs")):
        return False
    try:
        if _words(folder / "cgroup.subtree_control") >= _WANTED:
            return True
        is_root = not (folder / "cgroup.type").exists()
        is_free = is_root or not _words(folder / "cgroup.procs")
        return is_free and _words(folder / "cgroup.controllers") >= _WANTED
    except OSError:
        return False


def _words(file: Path) -> set[str]:
    return set(file.read_text().split())
