"""What the process gives up before any of the job's code runs."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SET_PDEATHSIG, _SET_NO_NEW_PRIVS = 1, 38


def apply(restrictions: dict[str, Any]) -> None:
    """Give up what the plan says.

    ``parent`` (pid) means to die with it; ``no_new_privileges`` that no setuid program helps; ``limits``
    maps names of ``resource`` to ceilings. The order matters: a change of uid, which came before, clears
    the parent-death signal.
    """
    if restrictions.get("parent"):
        _prctl(_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != restrictions["parent"]:
            os._exit(1)  # the worker died before it could be listened for
    if restrictions.get("no_new_privileges"):
        _prctl(_SET_NO_NEW_PRIVS, 1)
    for name, wanted in restrictions.get("limits", {}).items():
        number = getattr(resource, name)
        _, most = resource.getrlimit(number)
        ceiling = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(number, (ceiling, ceiling))


def _prctl(option: int, value: int) -> None:
    none = ctypes.c_ulong(0)
    if ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), none, none, none) != 0:
        sys.exit(f"headrace: prctl({option}) was refused")
