"""Looks at how well this machine keeps jobs apart, and what it has for more."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.cli.checkups.finding import Finding, Health, tried
from headrace.sandbox.accounts import LOCKS
from headrace.sandbox.slots import choose_isolation

if TYPE_CHECKING:
    from headrace.settings import Settings

_NAME = "isolation"
_CGROUPS = Path("/sys/fs/cgroup")
_NEW_USER_NAMESPACE = 0x10000000
_UNSHARE = f"import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare({_NEW_USER_NAMESPACE}))"


async def check_isolation(settings: Settings) -> list[Finding]:
    """The level jobs get; raises Misconfigured where the one asked for by name can't be had."""
    level = choose_isolation(settings.isolation)
    how = f"{level}, by {settings.isolation}"
    return [_check_uids(how), _check_sandbox()]


def _check_uids(how: str) -> Finding:
    if os.geteuid() != 0:
        text = f"{how}; jobs run under the uid of Headrace and can touch what it can"
        return Finding(_NAME, Health.WEAKER, text, "run Headrace as root to give each job a uid of its own")
    place = next(step for step in (LOCKS, *LOCKS.parents) if step.exists())
    if not os.access(place, os.W_OK):
        text = f"{place} can't be written to, where the uids of jobs are kept"
        return Finding(_NAME, Health.BROKEN, text, f"make {place} writable")
    return Finding(_NAME, Health.OK, f"{how}; each slot's jobs have a uid of their own")


def _check_sandbox() -> Finding:
    has = [
        f"user namespaces {'yes' if _has_user_namespaces() else 'no'}",
        f"cgroups {' and '.join(_writable_cgroups()) or 'none that can be written'}",
    ]
    return Finding("sandbox", Health.WEAKER, f"not in this release; this machine has: {', '.join(has)}")


def _has_user_namespaces() -> bool:
    return tried([sys.executable, "-I", "-S", "-c", _UNSHARE]) is not None


def _writable_cgroups() -> list[str]:
    """Hierarchies where memory can be limited, by version."""
    found: list[str] = []
    if os.access(_CGROUPS / "memory", os.W_OK):
        found.append("v1")
    for folder in (_CGROUPS, _CGROUPS / "unified"):
        try:
            controllers = (folder / "cgroup.controllers").read_text().split()
        except OSError:
            continue
        if "memory" in controllers and os.access(folder, os.W_OK):
            found.append("v2")
    return found
