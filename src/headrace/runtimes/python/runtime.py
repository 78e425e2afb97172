"""Runs Python: its lock, its environment, its folder, its process, its outcome."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import signal
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.errors import InvalidInput
from headrace.model.json_text import parse_json
from headrace.model.outcome import ErrorName, Measures, Outcome, Status, Teardown, failure, timed_out
from headrace.runtimes.base import DependenciesFailed, LockFailed
from headrace.runtimes.job_folder import TEMPORARY, remove_job_folder
from headrace.runtimes.python.builds import Builder
from headrace.runtimes.python.console_scripts import search_path
from headrace.runtimes.python.cycles import name_cycles, tell_cycles
from headrace.runtimes.python.fork_servers import Wanted
from headrace.runtimes.python.layout import file_of, job_files, module_of
from headrace.runtimes.python.lock import lock_python, read_lock, read_python
from headrace.runtimes.python.preload import is_async, to_preload
from headrace.runtimes.python_dependencies.requirements import find_requirements
from headrace.runtimes.runner_files import BOOTSTRAP
from headrace.sandbox.cage import Isolation
from headrace.sandbox.fork_server import ForkServerFailed
from headrace.sandbox.frames import ERROR, Frame
from headrace.sandbox.run import Ended, EndedBy, Sinks, follow
from headrace.sandbox.slot_server import SlotLost, Work

if TYPE_CHECKING:
    from headrace.runtimes.base import Attempt, Code, Folders, LogSink
    from headrace.runtimes.python.environments import PythonEnvironments
    from headrace.runtimes.python.fork_servers import ForkServers
    from headrace.runtimes.python.interpreter import PythonInterpreter
    from headrace.runtimes.python.interpreters import Interpreters
    from headrace.runtimes.python.shelf import Loan
    from headrace.runtimes.python.uv import UvTool
    from headrace.sandbox.cage import Cage, Stop

log = logging.getLogger(__name__)

_IN_SANDBOX = Path("/tmp")  # noqa: S108 - of the job alone
_SLOT_LOST = (
    "the processes of the job were killed with the one that had started them, perhaps because the machine"
    " had no memory left"
)
_LARGE_BYTES = 1024 * 1024
"""A larger result is checked in a thread, so that the worker's other jobs don't wait."""


class PythonRuntime:
    """One per worker. Meets ``runtimes.base.Runtime``."""

    def __init__(
        self,
        folders: Folders,
        runner: Path,
        interpreters: Interpreters,
        environments: PythonEnvironments,
        uv: UvTool,
        *,
        servers: ForkServers,
        is_forking: bool,
    ) -> None:
        self._folders = folders
        self._runner = runner
        self._interpreters = interpreters
        self._environments = environments
        self._uv = uv
        self._servers = servers
        self._is_forking = is_forking

    async def run(self, attempt: Attempt, log: LogSink) -> Outcome:
        """Run ``main`` of the code in a process of its own, and wait until nothing of it is left."""
        try:
            async with asyncio.timeout(attempt.timeout_seconds):
                interpreter, environment = await self._prepare(attempt, log)
        except TimeoutError:
            return timed_out(attempt.timeout_seconds)
        except (LockFailed, DependenciesFailed) as error:
            if attempt.stop.is_set():
                return _stopped(Measures())
            return failure(ErrorName.DEPENDENCIES, str(error))
        with environment or nullcontext():
            return await self._run_in(environment, interpreter, attempt, log)

    async def warm_up(self, cages: list[Cage]) -> None:
        """Start ahead of need what jobs without packages are forked from."""
        interpreter = await self._interpreters.choose(None)
        for cage in cages:
            async with self._servers.slot(Wanted(interpreter), None, cage):
                pass

    async def close(self) -> None:
        """End what was started ahead."""
        await self._servers.close()

    async def _run_in(
        self, environment: Loan | None, interpreter: PythonInterpreter, attempt: Attempt, log: LogSink
    ) -> Outcome:
        folder = self._folder(attempt)
        path = environment.path if environment else None
        wanted = await self._wanted(attempt, interpreter, path)
        try:
            async with self._servers.slot(wanted, environment, attempt.cage) as slot:
                ended = await follow(
                    slot.start(self._work(attempt, folder, interpreter, path)),
                    attempt.cage,
                    Sinks(log.write, attempt.note_memory, attempt.take_note),
                    attempt.stop,
                    attempt.timeout_seconds,
                )
        except ForkServerFailed as error:
            return failure(ErrorName.INTERNAL, f"the job could not be started: {error}")
        except SlotLost:
            if attempt.cage.isolation is not Isolation.SANDBOX:  # there it was in memory
                await _remove(folder)
            return failure(ErrorName.INTERNAL, _SLOT_LOST)
        outcome = name_cycles(await _outcome(attempt, ended), attempt.code)
        return dataclasses.replace(outcome, teardown=_teardown(ended, attempt.cage))

    def _folder(self, attempt: Attempt) -> Path:
        if attempt.cage.isolation is Isolation.SANDBOX:
            return _IN_SANDBOX / attempt.name
        return self._folders.jobs / attempt.name

    async def _wanted(
        self, attempt: Attempt, interpreter: PythonInterpreter, environment: Path | None
    ) -> Wanted:
        """Packages import asyncio more often than not."""
        if not self._is_forking:
            return Wanted(interpreter, environment)
        sources = (attempt.code.content, *attempt.code.modules.values())
        if environment is None:
            return Wanted(interpreter, is_async=is_async(sources))
        if not self._servers.can_preload():
            return Wanted(interpreter, environment, is_async=True)
        preload = await asyncio.to_thread(to_preload, sources, attempt.environ)
        return Wanted(interpreter, environment, preload, is_async=True)

    async def lock(self, code: Code, cage: Cage, log: LogSink, stop: Stop) -> str:
        """Resolve the dependencies of the code and of the workspace scripts it imports.

        They are then installed here, so that the first job need not wait for it. A failure of that is a line
        in the log: what can be installed differs by machine and by hour, and the lock is right all the same.
        """
        interpreter, lock = await self._resolve(code, cage, log, stop)
        if not read_lock(lock).packages:
            await log.write(b"No packages are asked for.\n")
            return lock
        try:
            installed = await self._environments.ensure(lock, interpreter, cage, log, stop)
        except DependenciesFailed as error:
            await log.write(f"The packages could not be installed yet; jobs try again: {error}\n".encode())
        else:
            if installed:
                installed.close()
        return lock

    async def _resolve(
        self, code: Code, cage: Cage, log: LogSink, stop: Stop
    ) -> tuple[PythonInterpreter, str]:
        await tell_cycles(code, log)
        asked = await asyncio.to_thread(find_requirements, code)
        asker = ", ".join(asked.python_origins) or code.path
        interpreter = await self._interpreters.choose(asked.python, asker, stop)
        builder = Builder(self._uv, self._folders, interpreter, cage)
        try:
            lock = await lock_python(
                builder, asked.requirements, interpreter.version, log, stop, origins=asked.origins
            )
        except DependenciesFailed as error:
            raise LockFailed(str(error)) from error
        return interpreter, lock

    async def _prepare(self, attempt: Attempt, log: LogSink) -> tuple[PythonInterpreter, Loan | None]:
        lock = attempt.code.lock
        if lock is None:
            _, lock = await self._resolve(attempt.code, attempt.cage, log, attempt.stop)
        interpreter = await self._interpreter_of(lock, attempt.stop)
        environment = await self._environments.ensure(lock, interpreter, attempt.cage, log, attempt.stop)
        return interpreter, environment

    async def _interpreter_of(self, lock: str, stop: Stop) -> PythonInterpreter:
        version = read_python(lock)
        is_empty = version is None and not read_lock(lock).packages
        return await self._interpreters.of_lock(version, is_empty=is_empty, canceled=stop)

    def _work(
        self, attempt: Attempt, folder: Path, interpreter: PythonInterpreter, environment: Path | None
    ) -> Work:
        job = {
            "file": file_of(attempt.code.path),
            "module": module_of(attempt.code.path),
            "path": [str(environment)] if environment else [],
            "entry": attempt.code.entry,
            "preprocess": attempt.preprocess,
        }
        plan = {
            "environ": self._environ(attempt, folder, interpreter, environment),
            "files": job_files(attempt.code),
            "job": job,
            "command": None if self._is_forking else self._command(interpreter),
        }
        return Work(str(folder), json.dumps(plan).encode(), attempt.arguments)

    def _command(self, interpreter: PythonInterpreter) -> list[str]:
        return [str(interpreter.path), "-I", "-S", "-B", "-X", "utf8", "-c", BOOTSTRAP, str(self._runner)]

    @staticmethod
    def _environ(
        attempt: Attempt, folder: Path, interpreter: PythonInterpreter, environment: Path | None
    ) -> dict[str, str]:
        own = {
            "PATH": search_path(interpreter, environment),
            "HOME": str(folder),
            "TMPDIR": str(folder / TEMPORARY),
        }
        if environment:
            own["PYTHONPATH"] = str(environment)  # not for the job: for the programs that it starts
        return attempt.environ | interpreter.environ | own


def _teardown(ended: Ended, cage: Cage) -> Teardown:
    """In a sandbox the mounts end with the last process that has them."""
    mounts_gone_at = ended.gone_at if cage.isolation is Isolation.SANDBOX else None
    return Teardown(ended.gone_at, ended.folder_gone_at, mounts_gone_at)


async def _outcome(attempt: Attempt, ended: Ended) -> Outcome:
    measures = Measures(ended.duration_ms, ended.peak_memory_kb, ended.exit_code)
    match ended.ended_by:
        case EndedBy.STOP:
            return _stopped(measures)
        case EndedBy.TIMEOUT:
            return timed_out(attempt.timeout_seconds, measures)
        case EndedBy.ITSELF:
            return await _answer(attempt, ended, measures)


async def _answer(attempt: Attempt, ended: Ended, measures: Measures) -> Outcome:
    if ended.too_large is not None:
        limit = attempt.cage.limits.result_bytes
        message = f"the result has {ended.too_large} bytes; the limit is {limit} (setting result_limit_mb)"
        return failure(ErrorName.RESULT_TOO_LARGE, message, measures=measures)
    if ended.is_broken:
        return failure(
            ErrorName.INVALID_RESULT, "the job ended in the middle of its answer", measures=measures
        )
    if ended.frame is None:
        return failure(ErrorName.EXECUTION, _why_silent(ended.exit_code), measures=measures)
    return await _checked(ended.frame, measures)


async def _checked(frame: Frame, measures: Measures) -> Outcome:
    """A result goes through the same check as what comes in from outside."""
    try:
        if len(frame.payload) > _LARGE_BYTES:
            await asyncio.to_thread(parse_json, frame.payload, "result")
        else:
            parse_json(frame.payload, "result")
    except InvalidInput as error:
        return failure(ErrorName.INVALID_RESULT, str(error), measures=measures)
    if frame.kind == ERROR:
        return Outcome(Status.FAILURE, b'{"error": ' + frame.payload + b"}", measures)
    return Outcome(Status.SUCCESS, frame.payload, measures)


def _stopped(measures: Measures) -> Outcome:
    return failure(ErrorName.CANCELED, "the job was stopped", status=Status.CANCELED, measures=measures)


def _why_silent(exit_code: int) -> str:
    if exit_code == 137:
        return "the process was killed (SIGKILL), perhaps because the machine had no memory left"
    if exit_code == 128 + signal.SIGXCPU:
        return "the process used more CPU time than it may (setting cpu_limit_seconds)"
    if exit_code > 128:
        return f"the process was ended by signal {exit_code - 128}"
    return f"the process ended with exit code {exit_code} and without a result"


async def _remove(folder: Path) -> None:
    """What whoever should have done it has left."""
    try:
        await remove_job_folder(folder)
    except FileNotFoundError:
        pass
    except OSError:
        log.exception("%s can't be removed", folder)
