"""From a process that was just forked to a job: descriptors, cage, files, and what it looks like."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import struct
import sys

from . import channel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from .cage.levels import Cage

GIVEN, ANSWER = 3, 4
"""The descriptors of every job besides 0, 1 and 2: what it is given, where it answers."""
_FIRST_FREE = 64
LENGTH = struct.Struct(">Q")
"""What comes before the plan: how many bytes it has."""


class Forked(BaseException):
    """Thrown in the process of a job, so that nothing of the server is left on its stack."""

    def __init__(self, plan: dict[str, Any]) -> None:
        super().__init__()
        self.plan = plan


def become_job(folder: str, descriptors: list[int], cage: Cage, server: int) -> NoReturn:
    """Become the job: raises Forked once this process looks like one that was started for it.

    ``descriptors`` are what it is given, its answer and its output. It is given the length of a plan, the
    plan as JSON, and its arguments. Keys of the plan are ``environ``, ``files`` (text by the place in the
    folder), ``job`` (see ``job.run``), and ``command`` for one that runs in an interpreter of its own. The
    folder that ``TMPDIR`` names is made.
    """
    try:
        os.setsid()
        _take(descriptors)
        plan = read_plan(GIVEN)
        cage.enter(folder, server)
        os.mkdir(plan["environ"]["TMPDIR"], 0o700)
        _write_files(folder, plan["files"])
        job = plan["job"] | {"folder": folder, "arguments": GIVEN, "result": ANSWER}
        if plan["command"]:
            for number in (GIVEN, ANSWER):
                os.set_inheritable(number, True)  # noqa: FBT003 - it takes no keyword
            os.execve(plan["command"][0], [*plan["command"], json.dumps(job)], plan["environ"])  # noqa: S606 - no shell
        look_fresh(plan["environ"])
    except BaseException as error:
        message = f"the job could not be started: {type(error).__name__}: {error}"
        channel.send(ANSWER, channel.ERROR, json.dumps({"name": "InternalErr", "message": message}).encode())
        os._exit(1)
    raise Forked(job)


def read_plan(descriptor: int) -> dict[str, Any]:
    """The plan at the beginning of what a job is given; its arguments come next there."""
    return json.loads(_read(descriptor, LENGTH.unpack(_read(descriptor, LENGTH.size))[0]))


def _take(descriptors: list[int]) -> None:
    """Give the descriptors their numbers; nothing else of the server stays open."""
    given, answer, output = (
        fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE) for number in descriptors
    )
    for number in (1, 2):
        os.dup2(output, number)
    os.dup2(given, GIVEN, inheritable=False)
    os.dup2(answer, ANSWER, inheritable=False)
    os.closerange(ANSWER + 1, 1 << 20)


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
    signal.signal(signal.SIGINT, signal.default_int_handler)
    zone, locale = os.environ.get("TZ"), _locale()
    os.environ.clear()
    os.environ.update(environ)
    if os.environ.get("TZ") != zone:
        import time

        time.tzset()
    if _locale() != locale:
        import locale as known

        try:
            known.setlocale(known.LC_CTYPE, "")
        except known.Error:
            pass  # an interpreter begins without it, too
    _forget_modules()


def _locale() -> tuple[str | None, ...]:
    return tuple(os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))


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
