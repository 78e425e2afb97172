"""Runs with hostile scripts, in a job: has each try in a process of its own, and says what it reached."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import signal
from collections.abc import Callable, Mapping
from typing import Any

Try = Callable[[Mapping[str, Any]], object]
"""Returns what was reached, something true; nothing, or an OSError, where it was held."""

_SECONDS = 10
_REFUSALS = frozenset({
    errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ESRCH, errno.ENOENT, errno.EAFNOSUPPORT, errno.ENXIO,
    errno.ENODEV, errno.EROFS, errno.ENOTTY, errno.EOPNOTSUPP,
})  # fmt: skip

_NUMBERS = {
    "x86_64": {
        "clone": 56, "ptrace": 101, "syslog": 103, "pivot_root": 155, "acct": 163, "mount": 165,
        "swapon": 167, "reboot": 169, "sethostname": 170, "iopl": 172, "init_module": 175,
        "clock_settime": 227, "kexec_load": 246, "add_key": 248, "keyctl": 250, "unshare": 272,
        "perf_event_open": 298, "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310,
        "finit_module": 313, "bpf": 321, "userfaultfd": 323,
    },
    "aarch64": {
        "mount": 40, "pivot_root": 41, "acct": 89, "unshare": 97, "kexec_load": 104, "init_module": 105,
        "clock_settime": 112, "syslog": 116, "ptrace": 117, "reboot": 142, "sethostname": 161, "add_key": 217,
        "keyctl": 219, "clone": 220, "swapon": 224, "perf_event_open": 241, "open_by_handle_at": 265,
        "setns": 268, "process_vm_readv": 270, "finit_module": 273, "bpf": 280, "userfaultfd": 282,
    },
}  # fmt: skip
_EVERYWHERE = {"io_uring_setup": 425, "fsopen": 430, "clone3": 435, "pidfd_getfd": 438}

libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> int:
    """A call of the kernel by its name; raises OSError. ENOSYS where this machine's number is not known."""
    number = (_NUMBERS.get(platform.machine(), {}) | _EVERYWHERE).get(name)
    if number is None:
        raise OSError(errno.ENOSYS, name)
    return call_number(number, *arguments)


def call_number(number: int, *arguments: object) -> int:
    """The same by its number."""
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    value = libc.syscall(ctypes.c_long(number), *words)
    if value == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return value


def answered(name: str, *arguments: object) -> object:
    """Whether the kernel looked at such a call at all: it is reached also where its arguments are none."""
    try:
        return f"{name} gave {call(name, *arguments)}"
    except OSError as error:
        if error.errno in _REFUSALS:
            raise
        return f"{name}: {error}"


def try_all(tries: Mapping[str, Try], given: Mapping[str, Any]) -> dict[str, list[object]]:
    """Whether each reached something, and what it was or what held it."""
    return {name: _try(deed, given) for name, deed in tries.items()}


def tries_of(scope: Mapping[str, Any]) -> dict[str, Try]:
    """The tries of a script: all its functions but ``main`` and those that are its own."""
    return {
        name: deed
        for name, deed in scope.items()
        if getattr(deed, "__module__", None) == scope["__name__"] and name[0] != "_" and name != "main"
    }


def _try(deed: Try, given: Mapping[str, Any]) -> list[object]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(_SECONDS)
        os.write(writing, json.dumps(_said(deed, given))[:60_000].encode())
        os._exit(0)
    os.close(writing)
    said = b""
    while data := os.read(reading, 65536):
        said += data
    os.close(reading)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return json.loads(said) if said else [False, f"ended with {status}"]


def _said(deed: Try, given: Mapping[str, Any]) -> list[object]:
    try:
        reached = deed(given)
    except OSError as error:
        return [False, str(error)]
    except BaseException as error:  # noqa: BLE001 - a fault of the try itself, which is to be seen
        return ["broken", repr(error)]
    return [bool(reached), repr(reached)[:200]]
