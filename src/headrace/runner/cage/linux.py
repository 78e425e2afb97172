"""The few system calls that Python's own library does not offer."""

from __future__ import annotations

import ctypes
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NEW_MOUNTS = 0x00020000
NEW_IPC = 0x08000000
NEW_USERS = 0x10000000
NEW_PIDS = 0x20000000

_NOSUID, _NODEV, _NOEXEC = 2, 4, 8
_BIND, _RECURSIVE, _PRIVATE, _DETACH = 0x1000, 0x4000, 0x40000, 2
_ATTRIBUTE_READ_ONLY, _AT_RECURSIVE, _AT_FDCWD = 1, 0x8000, -100
_SYS_MOUNT_SETATTR = 442
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_SET_PDEATHSIG, _SET_DUMPABLE, _SET_SECCOMP, _SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVS = 1, 4, 22, 36, 38
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)
# Looked up now, and not in each job again.
_capset = _libc.capset
_mount = _libc.mount
_prctl = _libc.prctl
_setns = _libc.setns
_syscall = _libc.syscall
_umount2 = _libc.umount2
_unshare = _libc.unshare


def unshare(flags: int) -> None:
    """Leave namespaces for new ones; a new PID namespace is for the children only."""
    _call(_unshare, flags)


def setns(descriptor: int, flags: int) -> None:
    """Enter a namespace; a PID namespace is for the children only."""
    _call(_setns, descriptor, flags)


def make_mounts_private() -> None:
    """What is mounted from now on is seen in this mount namespace only."""
    _call(_mount, None, b"/", None, ctypes.c_ulong(_RECURSIVE | _PRIVATE), None)


def mount_proc(folder: str) -> None:
    """Mount the processes of this PID namespace."""
    flags = ctypes.c_ulong(_NOSUID | _NODEV | _NOEXEC)
    _call(_mount, b"proc", os.fsencode(folder), b"proc", flags, None)


def mount_tmpfs(folder: str, options: str) -> None:
    """Mount an empty file system in memory."""
    flags = ctypes.c_ulong(_NOSUID | _NODEV)
    _call(_mount, b"tmpfs", os.fsencode(folder), b"tmpfs", flags, options.encode())


def bind(source: str, target: str) -> None:
    """Make a file or folder visible at another place, with all that is mounted below it."""
    flags = ctypes.c_ulong(_BIND | _RECURSIVE)
    _call(_mount, os.fsencode(source), os.fsencode(target), None, flags, None)


def make_read_only(folder: str, *, with_what_is_below: bool = True) -> None:
    """Let nobody write to a mount. A plain remount would have to repeat flags it can't know (EPERM)."""
    attributes = struct.pack("=QQQQ", _ATTRIBUTE_READ_ONLY, 0, 0, 0)
    _call(
        _syscall,
        ctypes.c_long(_SYS_MOUNT_SETATTR),
        ctypes.c_int(_AT_FDCWD),
        os.fsencode(folder),
        ctypes.c_uint(_AT_RECURSIVE if with_what_is_below else 0),
        attributes,
        ctypes.c_size_t(len(attributes)),
    )


def pivot_root(new: str, old: str) -> None:
    """Make the mount ``new`` the root; what was the root before is at ``old``, in or on it."""
    number = ctypes.c_long(_SYS_PIVOT_ROOT[os.uname().machine])
    _call(_syscall, number, os.fsencode(new), os.fsencode(old))


def unmount(folder: str) -> None:
    """Detach a mount and all that is below it."""
    _call(_umount2, os.fsencode(folder), _DETACH)


def drop_capabilities() -> None:
    """Give up all of them for good; before that a change of uid may have left some."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _call(_capset, header, bytes(24))


def set_dumpable(value: int) -> None:
    """Whether processes of the same user may look into this one (1) or not (0)."""
    _set(_SET_DUMPABLE, value)


def die_with_parent(parent: int | None = None) -> None:
    """End when the thread ends that has started this process. A change of uid clears that.

    ``parent`` is its pid: a parent that has died before is noticed by it. It can't be where it is in another
    PID namespace.
    """
    _set(_SET_PDEATHSIG, 9)
    if parent is not None and os.getppid() != parent:
        os._exit(1)


def be_killed_first() -> None:
    """When memory is short this process is to go, with all that it starts, not who has started it."""
    descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, b"1000")
    finally:
        os.close(descriptor)


def adopt_orphans() -> None:
    """From now on processes whose parents end become this process's children."""
    _set(_SET_CHILD_SUBREAPER, 1)


def no_new_privileges() -> None:
    """No program helps to more rights any more."""
    _set(_SET_NO_NEW_PRIVS, 1)


class Filter:
    """A seccomp filter, ready to be installed."""

    def __init__(self, program: bytes) -> None:
        self._instructions = ctypes.create_string_buffer(program, len(program))
        self._header = struct.pack("@HP", len(program) // 8, ctypes.addressof(self._instructions))

    def install(self) -> None:
        """For this process and all that it starts."""
        _call(_prctl, _SET_SECCOMP, ctypes.c_ulong(2), self._header, 0, 0)


def _set(option: int, value: int) -> None:
    none = ctypes.c_ulong(0)
    _call(_prctl, option, ctypes.c_ulong(value), none, none, none)


def _call(function: Any, *arguments: object) -> None:
    if function(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__}: {os.strerror(number)}")
