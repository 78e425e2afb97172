"""What processes of Headrace take of the machine, with all that they have started, at one moment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from headrace.sandbox.cgroup_places import find_places


@dataclass(frozen=True)
class Footprint:
    """Of one process and all below it: how many there are, and what they have.

    ``memory_kb`` is their own share of it (PSS), ``main_kb`` that of the first one alone. ``counted`` is how
    many processes lie in the worker's cgroups.
    """

    processes: int
    descriptors: int
    mounts: int
    cgroups: int
    counted: int
    memory_kb: int
    main_kb: int


def footprint(pid: int) -> Footprint:
    """Look at a process, which should be at rest."""
    family = [pid, *_below(pid)]
    cgroups = [folder for place in find_places() for folder in place.folder.glob(f"headrace-{pid}-*/*/")]
    return Footprint(
        processes=len(family),
        descriptors=sum(_descriptors(member) for member in family),
        mounts=sum(_is_of_jobs(line) for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()),
        cgroups=len(cgroups),
        counted=sum(len((folder / "cgroup.procs").read_text().split()) for folder in cgroups),
        memory_kb=sum(_memory_kb(member) for member in family),
        main_kb=_memory_kb(pid),
    )


def _is_of_jobs(mount: str) -> bool:
    """Whether a mount is where jobs have theirs; others come and go on a machine."""
    place = mount.split()[4]
    return place in ("/tmp", "/dev/shm", "/new", "/old") or "headrace" in place


def _below(pid: int) -> Iterable[int]:
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(stat.parent.name))
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        waiting += children
        yield from children


def _descriptors(pid: int) -> int:
    with suppress(OSError):
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return 0


def _memory_kb(pid: int) -> int:
    with suppress(OSError):
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        return int(found[1]) if found else 0
    return 0
