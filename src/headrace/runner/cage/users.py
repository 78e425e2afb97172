"""Who a fork server is: the root of a user namespace, where that is worth no more than what it is given.

Its uids are unprivileged ones of the machine. So it may run what packages do when they are imported, mount
what its jobs see and give them their uids, and can do nothing to anybody else.
"""

from __future__ import annotations

import os
import signal

from . import linux

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def leave_users() -> tuple[int, int]:
    """Go into a new user namespace, with mounts and IPC of its own; nobody has a uid there yet.

    Until ``take_uids`` this process opens files as who it was before: returned are that uid and gid.
    """
    before = os.geteuid(), os.getegid()
    linux.unshare(linux.NEW_USERS | linux.NEW_MOUNTS | linux.NEW_IPC)
    return before


def take_uids(before: tuple[int, int], be_mapped: Callable[[], None] | None) -> None:
    """Become the root of the new user namespace.

    With ``be_mapped``, which has somebody outside write the maps and returns when that is done, this
    process becomes uid 0 of it. Without, it keeps its one uid, with all rights inside.
    """
    if be_mapped is None:
        _map_itself(*before)
        return
    be_mapped()
    change_user(0)
    linux.set_dumpable(1)  # a change of uid clears it, and then /proc/self is somebody else's


def become_init() -> None:
    """Come back as the init of a new PID namespace: whatever is in it ends with this process.

    The process before waits for its end, and ends with the worker, and this one with it.
    """
    linux.die_with_parent()
    linux.unshare(linux.NEW_PIDS)
    pid = os.fork()
    if pid:
        os.closerange(3, 1 << 16)
        os.waitpid(pid, 0)
        os._exit(0)
    linux.die_with_parent()
    let_nothing_through()


def let_nothing_through() -> None:
    """An init gets no signal from inside that it does not handle; Python handles this one by itself."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def change_user(uid: int) -> None:
    """Become another user for good, with the group of the same number and no other."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _map_itself(uid: int, gid: int) -> None:
    """Needs no right: inside, there is nobody but who this process is already."""
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {uid} 1")
    _write("/proc/self/gid_map", f"{gid} {gid} 1")


def _write(file: str, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
