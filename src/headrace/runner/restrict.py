"""What a process that the worker has started itself gives up before any code of others runs."""

from __future__ import annotations

from .cage import linux
from .cage.levels import set_limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def apply(restrictions: dict[str, Any]) -> None:
    """Give up what the plan says.

    ``parent`` (pid) means to die with it; ``no_new_privileges`` that no setuid program helps; ``limits``
    maps names of ``resource`` to ceilings. The order matters: a change of uid, which came before, clears
    the parent-death signal.
    """
    if restrictions.get("parent"):
        linux.die_with_parent(restrictions["parent"])
    if restrictions.get("no_new_privileges"):
        linux.no_new_privileges()
    set_limits(restrictions.get("limits", {}))
