"""A process that runs one job of a script after the other, with all that the script keeps in memory.

``headrace.sandbox.resident`` is the worker's end. For each job it sends the length of a head and that of the
arguments, the head as JSON (``environ``, ``preprocess``), and the arguments. The answer goes where that of
any job goes. When the worker hangs up the process ends.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys

from . import channel, job, removal
from .cage import linux
from .encoding import encode_result
from .failures import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_LENGTHS = struct.Struct(">QQ")
_PIECE = 64 * 1024
_FORGET_PEAK = b"5"
"""See proc(5), ``clear_refs``."""


def serve(plan: dict[str, Any]) -> object:
    """Run jobs until the worker hangs up, or one of them has left this process as no other should find it.

    ``plan`` is that of ``job.run``, and has ``kept_folders``: what jobs leave in these is removed. Returns
    what ``sys.exit`` is to be given.
    """
    owner = os.getpid()
    linux.adopt_orphans()  # so that whatever a job leaves behind becomes a child of this process
    state = _State(plan["kept_folders"])
    module: ModuleType | None = None
    while (request := _read_request(plan["arguments"])) is not None:
        head, arguments = json.loads(request[0]), request[1]
        state.restore(head["environ"])
        status: object = None
        can_stay = True
        try:
            if module is None:
                job.look_like_a_script(plan)
                module = job.load(plan)
                state.remember_files()
            value = job.call(module, plan | {"preprocess": head["preprocess"]}, json.loads(arguments))
            answer = channel.RESULT, encode_result(value)
        except BaseException as error:
            answer = channel.ERROR, describe(error, plan["folder"])
            status = error.code if isinstance(error, SystemExit) else 1
            # Who says that it ends, or could not be loaded, is begun anew for the next job.
            can_stay = isinstance(error, Exception) and module is not None
        # A child that the script forked may come this way too; only the process itself answers.
        if os.getpid() != owner:
            return status
        value = None
        job.flush()
        if not (can_stay and state.clean_up()):
            channel.note(plan["result"], channel.LAST, b"")
            channel.send(plan["result"], *answer, channel.peak_memory_kb())
            return status
        try:
            channel.answer(plan["result"], *answer, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        except OSError:
            return 1  # the script has closed what it was not given; without an end the worker would wait
    return None


def _read_request(descriptor: int) -> tuple[bytes, bytes] | None:
    """Head and arguments of the next job; None when the worker has hung up."""
    data = bytearray()
    size = _LENGTHS.size
    while len(data) < size:
        piece = os.read(descriptor, _PIECE)
        if not piece:
            return None
        data += piece
        if size == _LENGTHS.size and len(data) >= size:
            size += sum(_LENGTHS.unpack_from(data))
    end = _LENGTHS.size + _LENGTHS.unpack_from(data)[0]
    return bytes(data[_LENGTHS.size : end]), bytes(data[end:])


class _State:
    """What one job is not to find of the one before: see docs/dedicated-workers.md for what it does find."""

    def __init__(self, folders: list[str]) -> None:
        self._folders: dict[str, set[str]] = {folder: set[str]() for folder in folders}
        self._environ = os.environ
        self._home = os.getcwd()
        self._mask = os.umask(0o077)
        self._streams = sys.stdout, sys.stderr
        os.umask(self._mask)

    def restore(self, environ: dict[str, str]) -> None:
        """Before a job: its environment, the current folder, the mask of new files, a peak of its own."""
        zone = self._environ.get("TZ")
        os.environ = self._environ  # noqa: B003 - a script may have put another in its place
        for name in [name for name in self._environ if name not in environ]:
            del self._environ[name]
        for name, value in environ.items():
            if self._environ.get(name) != value:
                self._environ[name] = value
        if environ.get("TZ") != zone:
            import time

            time.tzset()
        os.chdir(self._home)
        os.umask(self._mask)
        try:
            with open("/proc/self/clear_refs", "wb", buffering=0) as file:
                file.write(_FORGET_PEAK)
        except OSError:
            pass  # then the peak is that of all jobs so far

    def remember_files(self) -> None:
        """What is there now belongs to the script, and stays."""
        self._folders = {folder: set(os.listdir(folder)) for folder in self._folders}

    def clean_up(self) -> bool:
        """After a job: its files go. False where the process can't be left to others.

        So it is when a process is left that the job has started: it is ended together with this one.
        """
        sys.stdout, sys.stderr = self._streams
        if any(stream.closed for stream in self._streams) or _has_children():
            return False
        try:
            return all(_empty(folder, kept) for folder, kept in self._folders.items())
        except OSError:
            return False


def _has_children() -> bool:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _empty(folder: str, kept: set[str]) -> bool:
    for name in os.listdir(folder):
        if name in kept:
            continue
        path = os.path.join(folder, name)
        if not os.path.isdir(path) or os.path.islink(path):
            os.unlink(path)
        elif not removal.remove_folder(path):
            return False
    return True
