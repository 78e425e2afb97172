"""The few system calls that Python's own library does not offer."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)

NEW_MOUNTS = 0x00020000
NEW_IPC = 0x08000000
NEW_USERS = 0x10000000
NEW_PIDS = 0x20000000

_NOSUID, _NODEV, _NOEXEC = 2, 4, 8
_BIND, _RECURSIVE, _PRIVATE, _DETACH = 0x1000, 0x4000, 0x40000, 2
_ATTRIBUTE_READ_ONLY, _AT_RECURSIVE, _AT_FDCWD = 1, 0x8000, -100
_SYS_MOUNT_SETATTR = 442
_SET_PDEATHSIG, _SET_DUMPABLE, _SET_SECCOMP, _SET_NO_NEW_PRIVS = 1, 4, 22, 38
_CAPABILITY_VERSION_3 = 0x20080522

# Denied outright. None of them is needed by code that computes; most have been somebody's way out.
_DENIED = {
    "io": [425, 426, 427],  # io_uring_*: its own way round every other filter
    "mounts": [155, 161, 165, 166, 428, 429, 430, 431, 432, 433, 442, 467],
    "namespaces": [272, 308],  # unshare, setns
    "other processes": [101, 310, 311, 312, 438],  # ptrace, process_vm_*, kcmp, pidfd_getfd
    "kernel": [169, 175, 176, 246, 313, 320, 103, 167, 168, 163, 179, 172, 173, 298, 321, 323],
    "keys": [248, 249, 250],
    "clock and names": [159, 164, 170, 171, 227, 305],
    "files by handle": [303, 304, 300],  # …, fanotify_init
}
_CLONE, _CLONE3, _PRLIMIT, _SOCKET, _IOCTL = 56, 435, 302, 41, 16
_CLONE_NEW = 0x7E020080  # every CLONE_NEW… flag
_FAMILIES = (1, 2, 10, 16)  # unix, IPv4, IPv6, netlink (name look-ups use it)
_TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENT_0, _ARGUMENT_1 = 0, 4, 16, 24
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000


def _call(name: str, *arguments: object) -> int:
    value = getattr(_libc, name)(*arguments)
    if value == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return value


def unshare(flags: int) -> None:
    _call("unshare", flags)


def setns(descriptor: int, flags: int) -> None:
    _call("setns", descriptor, flags)


def make_mounts_private() -> None:
    _call("mount", None, b"/", None, ctypes.c_ulong(_RECURSIVE | _PRIVATE), None)


def mount_proc() -> None:
    _call("mount", b"proc", b"/proc", b"proc", ctypes.c_ulong(_NOSUID | _NODEV | _NOEXEC), None)


def mount_tmpfs(folder: str, size: str = "64m") -> None:
    options = f"size={size},nr_inodes=64k,mode=1777".encode()
    _call("mount", b"tmpfs", folder.encode(), b"tmpfs", ctypes.c_ulong(_NOSUID | _NODEV), options)


def unmount(folder: str) -> None:
    _call("umount2", folder.encode(), _DETACH)


def bind(folder: Path) -> None:
    """Bind a folder over itself, so that it can be given attributes of its own."""
    name = str(folder).encode()
    _call("mount", name, name, None, ctypes.c_ulong(_BIND | _RECURSIVE), None)


def make_read_only(folder: Path) -> None:
    """Also what is mounted below it. A plain remount would have to repeat flags it cannot know (EPERM)."""
    attributes = struct.pack("=QQQQ", _ATTRIBUTE_READ_ONLY, 0, 0, 0)
    _call(
        "syscall",
        ctypes.c_long(_SYS_MOUNT_SETATTR),
        ctypes.c_int(_AT_FDCWD),
        str(folder).encode(),
        ctypes.c_uint(_AT_RECURSIVE),
        attributes,
        ctypes.c_size_t(len(attributes)),
    )


def drop_capabilities() -> None:
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _call("capset", header, bytes(24))


def set_dumpable(dumpable: bool) -> None:
    _prctl(_SET_DUMPABLE, int(dumpable))


def die_with_parent(signal: int) -> None:
    _prctl(_SET_PDEATHSIG, signal)


def no_new_privileges() -> None:
    _prctl(_SET_NO_NEW_PRIVS, 1)


def install(program: bytes) -> None:
    """Install a seccomp filter made by ``deny_list``."""
    instructions = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions))
    _call("prctl", _SET_SECCOMP, ctypes.c_ulong(2), header, 0, 0)


def _prctl(option: int, value: int) -> None:
    _call("prctl", option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))


def deny_list() -> bytes:
    """A classic BPF program: everything is allowed but what is listed. x86-64 only in this benchmark.

    The numbers are a search tree, for the kernel runs the program once for each of its calls when the
    filter is installed. ``clone3`` hides its flags behind a pointer, so it "does not exist" and libc falls
    back to ``clone``. ``prlimit`` is denied on others: with one uid only, a job could set those of its init.
    """
    if platform.machine() != "x86_64":
        raise OSError(f"the deny list has no numbers for {platform.machine()}")
    return b"".join(
        (
            _instruction(_LOAD, _ARCHITECTURE),
            _instruction(_EQUAL, 0xC000003E, 1, 0),
            _instruction(_RETURN, _KILL),  # 32-bit calls have other numbers
            _instruction(_LOAD, _NUMBER),
            _instruction(_AT_LEAST, 0x40000000, 0, 1),
            _instruction(_RETURN, _KILL),  # so have those of x32
            _tree(sorted(_answers().items())),
        )
    )


def _answers() -> dict[int, bytes]:
    """What is done about each call that is not simply allowed."""
    refuse = _instruction(_RETURN, _ERRNO | _EPERM)
    terminal = b"".join(_instruction(_EQUAL, code, 0, 1) + refuse for code in _TERMINAL_INPUT)
    return {
        **{number: refuse for numbers in _DENIED.values() for number in numbers},
        _CLONE3: _instruction(_RETURN, _ERRNO | _ENOSYS),
        _CLONE: _instruction(_LOAD, _ARGUMENT_0) + _instruction(_ANY_BIT, _CLONE_NEW, 0, 1) + refuse,
        _PRLIMIT: _instruction(_LOAD, _ARGUMENT_0) + _instruction(_EQUAL, 0, 1, 0) + refuse,
        _IOCTL: _instruction(_LOAD, _ARGUMENT_1) + terminal,
        _SOCKET: _instruction(_LOAD, _ARGUMENT_0) + _only_families(),
    }


def _tree(answers: list[tuple[int, bytes]]) -> bytes:
    if len(answers) == 1:
        number, answer = answers[0]
        return _instruction(_EQUAL, number, 0, len(answer) // 8) + answer + _instruction(_RETURN, _ALLOW)
    middle = len(answers) // 2
    below, above = _tree(answers[:middle]), _tree(answers[middle:])
    return _instruction(_AT_LEAST, answers[middle][0], len(below) // 8, 0) + below + above


def _only_families() -> bytes:
    last = len(_FAMILIES)
    tests = (_instruction(_EQUAL, family, last - place, 0) for place, family in enumerate(_FAMILIES))
    return b"".join(tests) + _instruction(_RETURN, _ERRNO | _EAFNOSUPPORT)


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
