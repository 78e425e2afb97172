"""From a process that was just forked to a job: descriptors, cage, files, and what it looks like."""

from __future__ import annotations

import _signal  # pyright: ignore[reportMissingImports] - what is behind signal, without its enums
import fcntl
import json
import marshal
import os
import socket
import struct
import sys

from . import channel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .cage.levels import Cage

GIVEN, ANSWER, OUTPUT = 3, 4, 5
"""The descriptors that a job is born with: what it is given, where it answers, what becomes its 1 and 2."""
_FIRST_FREE = 64
_LONGEST_NAME = 4096
_ROOM_FOR_DESCRIPTORS = socket.CMSG_LEN(3 * struct.calcsize("@i"))
_LOOKED_AT = ("TZ", "LC_ALL", "LC_CTYPE", "LANG")
"""Variables that the C library has looked at when the server began."""
LENGTH = struct.Struct(">Q")
"""What comes before the plan: how many bytes it has."""


def become_job(waiting: socket.socket, cage: Cage, server: int) -> dict[str, Any]:
    """Wait in the cage for a job and become it: returns the plan for ``job.run``.

    By then this process looks like one that was started for the job. Over ``waiting`` comes the name of its
    folder, with the descriptors; nothing where the slot server ends. It is given the length of a plan, the
    plan as ``marshal`` writes it, and its arguments. Keys of the plan are ``environ``, ``files`` (text by the
    place in the folder), ``job`` (see ``job.run``), and ``command`` for a job in an interpreter of its own.
    The folder that ``TMPDIR`` names is made.
    """
    waiting, folder = _keep_only(waiting), ""
    try:
        os.setsid()
        cage.enter(server)
        folder = _receive(waiting)
        cage.enter_folder(folder)
        plan = read_plan(GIVEN)
        os.mkdir(plan["environ"]["TMPDIR"], 0o700)
        _write_files(folder, plan["files"])
        where = {"folder": folder, "arguments": GIVEN, "result": ANSWER}
        job = plan["job"] | where | {"is_forked": not plan["command"]}
        if plan["command"]:
            for number in (GIVEN, ANSWER):
                os.set_inheritable(number, True)  # noqa: FBT003 - it takes no keyword
            os.execve(plan["command"][0], [*plan["command"], json.dumps(job)], plan["environ"])  # noqa: S606 - no shell
        look_fresh(plan["environ"])
    except BaseException as error:
        if not folder:
            _receive(waiting)  # to tell it to the first job that comes
        message = f"the job could not be started: {type(error).__name__}: {error}"
        error_object = json.dumps({"name": "InternalErr", "message": message}).encode()
        channel.send(ANSWER, channel.ERROR, error_object, 0)
        os._exit(1)
    return job


def _keep_only(waiting: socket.socket) -> socket.socket:
    """Leave nothing of the server open but this, and the numbers free that the descriptors are to have."""
    number = fcntl.fcntl(waiting.detach(), fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE)
    os.closerange(GIVEN, number)
    os.closerange(number + 1, 1 << 20)
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, number)


def _receive(waiting: socket.socket) -> str:
    name, _, _, _ = waiting.recvmsg(_LONGEST_NAME, _ROOM_FOR_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
    if not name:
        os._exit(0)
    waiting.close()
    os.dup2(OUTPUT, 1)
    os.dup2(OUTPUT, 2)
    os.close(OUTPUT)
    return name.decode()


def read_plan(descriptor: int) -> dict[str, Any]:
    """The plan at the beginning of what a job is given; its arguments come next there."""
    size = LENGTH.unpack(_read(descriptor, LENGTH.size))[0]
    # Not JSON, which would touch four times as much memory.
    return marshal.loads(_read(descriptor, size))  # noqa: S302 - written by the worker, for this process alone


def _read(descriptor: int, size: int) -> bytes:
    pieces: list[bytes] = []
    while size and (piece := os.read(descriptor, size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _write_files(folder: str, files: dict[str, str]) -> None:
    for name, text in files.items():
        if below := os.path.dirname(name):
            os.makedirs(os.path.join(folder, below), 0o700, exist_ok=True)
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        data = memoryview(text.encode("utf-8", "surrogatepass"))
        while data:
            data = data[os.write(descriptor, data) :]
        os.close(descriptor)


def look_fresh(environ: dict[str, str]) -> None:
    """Let a job see what it would see if its interpreter had been started for it."""
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    changed = [name for name in _LOOKED_AT if environ.get(name) != os.environ.get(name)]
    _replace_environ(environ)
    if "TZ" in changed:
        import time

        time.tzset()
        changed.remove("TZ")
    if changed:
        import locale

        try:
            locale.setlocale(locale.LC_CTYPE, "")
        except locale.Error:
            pass  # an interpreter begins without it, too
    _forget_modules()


def _replace_environ(environ: dict[str, str]) -> None:
    """What ``os.environ.clear`` and ``update`` would do, in a fifth of their time."""
    known: dict[bytes, bytes] = getattr(os.environ, "_data")  # noqa: B009 - no other name leads there
    for name in known:
        os.unsetenv(name)
    known.clear()
    for name, value in environ.items():
        key, text = os.fsencode(name), os.fsencode(value)
        os.putenv(key, text)
        known[key] = text


def _forget_modules() -> None:
    """What modules have made when the server imported them, and is not to be the same in all jobs."""
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    if "multiprocessing.process" in sys.modules:
        process = sys.modules["multiprocessing.process"]
        process.current_process().authkey = os.urandom(32)
    if "tempfile" in sys.modules:
        temporary: Any = sys.modules["tempfile"]
        temporary.tempdir = None
