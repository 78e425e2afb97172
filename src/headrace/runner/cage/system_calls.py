"""The system calls that a job at the level ``sandbox`` may not make, as a program for the kernel (seccomp).

None of them is needed by code that computes; most have been somebody's way out of a sandbox.
"""

from __future__ import annotations

import os
import struct

# Numbers by architecture: x86-64, arm64. From 424 on they are the same everywhere.
_DENIED: dict[str, tuple[int | None, int | None]] = {
    "io_uring_setup": (425, 425),  # its own way round every other filter
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "unshare": (272, 97),
    "setns": (308, 268),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "reboot": (169, 142),
    "init_module": (175, 105),
    "delete_module": (176, 106),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "syslog": (103, 116),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "adjtimex": (159, 171),
    "settimeofday": (164, 170),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
}
_CLONE, _CLONE3, _PRLIMIT, _SOCKET, _IOCTL = (56, 220), (435, 435), (302, 261), (41, 198), (16, 29)
_CLONE_NEW = 0x7E020080
"""Every flag that makes a namespace."""
_FAMILIES = (1, 2, 10, 16)
"""Unix, IPv4, IPv6, netlink (look-ups of names use it)."""
_TERMINAL_INPUT = (0x5412, 0x541C)
"""TIOCSTI, TIOCLINUX: input for somebody else's terminal."""
_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32 = 0x40000000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENT_0, _ARGUMENT_1 = 0, 4, 16, 24
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000


def make_filter() -> bytes:
    """A classic BPF program: everything is allowed but what is listed; for ``linux.Filter``.

    The numbers are a search tree, for the kernel runs the program once for each of its calls when the
    filter is installed. Raises OSError on a machine whose numbers aren't known.
    """
    machine = os.uname().machine
    if machine not in _ARCHITECTURES:
        raise OSError(f"no list of system calls for {machine}")
    column, architecture = _ARCHITECTURES[machine]
    return b"".join(
        (
            _instruction(_LOAD, _ARCHITECTURE),
            _instruction(_EQUAL, architecture, 1, 0),
            _instruction(_RETURN, _KILL),  # calls of another architecture have other numbers
            _instruction(_LOAD, _NUMBER),
            _instruction(_AT_LEAST, _X32, 0, 1),
            _instruction(_RETURN, _KILL),  # so have those of x32
            _tree(sorted(_answers(column).items())),
        )
    )


def _answers(column: int) -> dict[int, bytes]:
    """What is done about each call that is not simply allowed.

    ``clone3`` hides its flags behind a pointer, so it "does not exist" and libc falls back to ``clone``.
    ``prlimit`` is denied on others: with one uid only, a job could set those of its init.
    """
    refuse = _instruction(_RETURN, _ERRNO | _EPERM)
    terminal = b"".join(_instruction(_EQUAL, code, 0, 1) + refuse for code in _TERMINAL_INPUT)
    denied = {numbers[column]: refuse for numbers in _DENIED.values()}
    return {number: answer for number, answer in denied.items() if number is not None} | {
        _CLONE[column]: _instruction(_LOAD, _ARGUMENT_0) + _instruction(_ANY_BIT, _CLONE_NEW, 0, 1) + refuse,
        _CLONE3[column]: _instruction(_RETURN, _ERRNO | _ENOSYS),
        _PRLIMIT[column]: _instruction(_LOAD, _ARGUMENT_0) + _instruction(_EQUAL, 0, 1, 0) + refuse,
        _IOCTL[column]: _instruction(_LOAD, _ARGUMENT_1) + terminal,
        _SOCKET[column]: _instruction(_LOAD, _ARGUMENT_0) + _only_families(),
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
