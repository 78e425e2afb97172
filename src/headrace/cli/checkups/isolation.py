"""Looks at how well this machine keeps jobs apart, and what it has for more."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from headrace.cli.checkups.finding import Finding, Health
from headrace.runtimes.isolation import why_no_sandbox
from headrace.sandbox.accounts import LOCKS
from headrace.sandbox.cage import Isolation
from headrace.sandbox.cgroup_places import MEMORY, PROCESSES, find_places
from headrace.sandbox.slots import choose_isolation, find_missing

if TYPE_CHECKING:
    from headrace.settings import Settings

_NAME = "isolation"
_BOUNDED = {MEMORY: "the memory", PROCESSES: "the processes"}


async def check_isolation(settings: Settings) -> list[Finding]:
    """The level jobs get; raises Misconfigured where the one asked for by name can't be had."""
    why_not = await why_no_sandbox()
    level = choose_isolation(settings.isolation, why_not)
    how = f"{level}, by {settings.isolation}"
    found = [_check_uids(level, how), _check_sandbox(why_not), _check_cgroups()]
    if missing := find_missing(settings.shared_folders):
        text = f"{', '.join(missing)}: not there, so no job in a sandbox will see it"
        found.append(Finding("shared folders", Health.WEAKER, text, "correct HEADRACE_SHARED_FOLDERS"))
    return found


def _check_uids(level: Isolation, how: str) -> Finding:
    if os.geteuid() != 0:
        if level is Isolation.SANDBOX:
            return Finding(_NAME, Health.OK, f"{how}; jobs see nothing of what Headrace has")
        text = f"{how}; jobs run under the uid of Headrace and can touch what it can"
        return Finding(_NAME, Health.WEAKER, text, "run Headrace as root to give each job a uid of its own")
    place = next(step for step in (LOCKS, *LOCKS.parents) if step.exists())
    if not os.access(place, os.W_OK):
        text = f"{place} can't be written to, where the uids of jobs are kept"
        return Finding(_NAME, Health.BROKEN, text, f"make {place} writable")
    return Finding(_NAME, Health.OK, f"{how}; each slot's jobs have a uid of their own")


def _check_sandbox(why_not: str | None) -> Finding:
    if why_not is None:
        return Finding("sandbox", Health.OK, "a trial job was kept in one")
    return Finding(
        "sandbox",
        Health.WEAKER,
        f"can't be had here: {why_not}",
        "let Headrace make user namespaces, and see all of /proc (in a container: run it privileged)",
    )


def _check_cgroups() -> Finding:
    bounded = {controller: place for place in find_places() for controller in place.controllers}
    if missing := [what for name, what in _BOUNDED.items() if name not in bounded]:
        text = f"none can be made that bound {' and '.join(missing)} of a whole job"
        cure = "let Headrace write to the cgroups that it runs in: see docs/isolation.md"
        return Finding("cgroups", Health.WEAKER, text, cure)
    folders = dict.fromkeys(str(place.folder) for place in bounded.values())
    text = f"one for each slot is made in {', '.join(folders)} (version {bounded[MEMORY].version})"
    return Finding("cgroups", Health.OK, text)
