"""What every runtime does, whatever its language: each test here runs on each of them.

A language brings a ``Dialect``: how its scripts say these few things.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from headrace.model.outcome import Outcome, Status
from headrace.runtimes.base import Attempt, Code, Folders, Runtime
from headrace.runtimes.isolation import why_no_sandbox
from headrace.runtimes.registry import Runtimes, make_runtimes
from headrace.sandbox.cage import Cage, Isolation, Limits, Stop
from headrace.sandbox.slots import Slots, open_slots
from headrace.sandbox.survivors import Family, find_survivors
from headrace.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Dialect:
    """Scripts of one language, by what they do."""

    language: str
    lock: str
    echo: str
    """Returns its argument ``value``."""
    fail: str
    """Raises an error with the message "no such luck"."""
    sleep: str
    """Prints "asleep" and sleeps for a minute."""
    stubborn: str
    """The same, and ignores SIGTERM."""
    die: str
    """Is ended by SIGKILL."""
    leave: str
    """Leaves a process behind in a session of its own, whose command line has its argument ``mark`` in it."""
    speak: str
    """Prints "one", an é as a lone byte, a line of a million characters, and "two" to stderr."""
    large: str
    """Returns a text of two million characters."""
    facts: str
    """Returns its environment, its current folder and its uid."""


PYTHON = Dialect(
    language="python3",
    lock="# python 3.11\n",
    echo="def main(value): return value",
    fail="def main(): raise ValueError('no such luck')",
    sleep="import time\ndef main():\n    print('asleep')\n    time.sleep(60)",
    stubborn="""
import signal, time
def main():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print('asleep')
    time.sleep(60)
""",
    die="import os\ndef main(): os.kill(os.getpid(), 9)",
    leave="""
import subprocess
def main(mark):
    subprocess.Popen(['setsid', 'sh', '-c', 'sleep 60; : ' + mark])
""",
    speak="""
import sys
def main():
    print('one')
    sys.stdout.flush()
    sys.stdout.buffer.write(b'\\xe9\\n')
    sys.stdout.buffer.flush()
    print('x' * 1_000_000)
    print('two', file=sys.stderr)
""",
    large="def main(): return 'x' * 2_000_000",
    facts="""
import os
import tempfile
def main(): return {'environ': dict(os.environ), 'folder': os.getcwd(), 'uid': os.getuid()}
""",
)


class Log:
    """Keeps what is written, and tells when a text has come."""

    def __init__(self) -> None:
        self.data = b""
        self._grew = asyncio.Event()

    async def write(self, data: bytes) -> None:
        self.data += data
        self._grew.set()

    async def until(self, text: bytes) -> None:
        while text not in self.data:
            self._grew.clear()
            await self._grew.wait()


@dataclass
class Bench:
    """A runtime with a slot to try it in."""

    dialect: Dialect
    runtime: Runtime
    folders: Folders
    cage: Cage
    noted_kb: list[int] = field(default_factory=list[int])
    has_noted: asyncio.Event = field(default_factory=asyncio.Event)

    async def note_memory(self, peak_memory_kb: int) -> None:
        self.noted_kb.append(peak_memory_kb)
        self.has_noted.set()

    def attempt(self, code: str, arguments: dict[str, Any] | None = None, **changes: Any) -> Attempt:
        attempt = Attempt(
            name="attempt-1",
            code=Code(code, self.dialect.language, lock=self.dialect.lock),
            arguments=json.dumps(arguments or {}).encode(),
            environ={"WM_JOB_ID": "a-job", "WM_TOKEN": "a token"},
            timeout_seconds=60,
            cage=self.cage,
            stop=Stop(),
            note_memory=self.note_memory,
        )
        return replace(attempt, **changes)

    async def run(self, code: str, arguments: dict[str, Any] | None = None, **changes: Any) -> Outcome:
        return await self.runtime.run(self.attempt(code, arguments, **changes), Log())

    def survivors(self) -> list[int]:
        return find_survivors(Family(session=-1, uid=self.cage.uid, mark=b"WM_JOB_ID=a-job"))


def commands_with(mark: str) -> list[bytes]:
    """Command lines of this machine's processes in which a text stands."""
    commands: list[bytes] = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            commands.append(file.read_bytes())
    return [command for command in commands if mark.encode() in command]


def all_named(name: str, *folders: Path) -> list[Path]:
    """What is called so in these folders."""
    return [path for folder in folders for path in folder.glob(name)]


def error_of(outcome: Outcome) -> dict[str, Any]:
    return json.loads(outcome.result)["error"]


# A new interpreter is tried at one level only: the suite of what behaves like fresh compares it with a fork.
HOW = [
    (Isolation.SANDBOX, "fork"),
    (Isolation.PROCESS, "fork"),
    (Isolation.NONE, "interpreter"),
    pytest.param((Isolation.SANDBOX, "interpreter"), marks=pytest.mark.long),
    pytest.param((Isolation.PROCESS, "interpreter"), marks=pytest.mark.long),
    pytest.param((Isolation.NONE, "fork"), marks=pytest.mark.long),
]


@pytest.fixture(scope="module", params=HOW, ids="-".join)
def how(request: pytest.FixtureRequest) -> tuple[Isolation, str]:
    """At which level jobs are kept, and how they are started."""
    return request.param


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def slots(how: tuple[Isolation, str]) -> Slots:
    level, _ = how
    if level is Isolation.SANDBOX and (why_not := await why_no_sandbox()):
        pytest.skip(f"this machine has no sandbox: {why_not}")
    return open_slots(Settings(slots=1), level)


@pytest.fixture(scope="module")
def folders(worker_root: Path) -> Folders:
    return Folders(*(worker_root / part for part in ("shared", "cache", "jobs")))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runtimes(folders: Folders, slots: Slots, how: tuple[Isolation, str]) -> AsyncIterator[Runtimes]:
    runtimes = await make_runtimes(folders, slots, Settings(slots=1, start_jobs_by=how[1]))
    yield runtimes
    await runtimes.close()


@pytest_asyncio.fixture(loop_scope="module", params=[PYTHON], ids=lambda dialect: dialect.language)
async def bench(
    request: pytest.FixtureRequest, folders: Folders, runtimes: Runtimes, slots: Slots
) -> AsyncIterator[Bench]:
    dialect: Dialect = request.param
    async with slots.take() as cage:
        yield Bench(dialect, runtimes.get(dialect.language), folders, cage)


@pytest.mark.parametrize(
    "value", [None, True, 0, -1.5, 2**70, "", "ä\U0001f600", [], {}, [[1], {"a": None}]], ids=repr
)
async def test_a_value_comes_back_as_it_was_given(bench: Bench, value: Any):
    outcome = await bench.run(bench.dialect.echo, {"value": value, "unknown": "ignored"})
    assert outcome.status is Status.SUCCESS
    assert json.loads(outcome.result) == value
    assert outcome.measures.exit_code == 0
    assert outcome.measures.peak_memory_kb


async def test_an_error_of_the_script_has_its_name_message_and_frames(bench: Bench):
    outcome = await bench.run(bench.dialect.fail)
    error = error_of(outcome)
    assert outcome.status is Status.FAILURE
    assert error["message"] == "no such luck"
    assert "main" in error["stack"]
    assert "headrace" not in error["stack"]
    assert str(bench.folders.jobs) not in error["stack"]


async def test_a_job_that_takes_too_long_times_out_with_nothing_left_of_it(bench: Bench):
    outcome = await bench.run(bench.dialect.sleep, timeout_seconds=0.5)
    assert (outcome.status, error_of(outcome)["name"]) == (Status.FAILURE, "Timeout")
    assert bench.survivors() == []


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_job_that_is_stopped_ends_although_it_ignores_sigterm(bench: Bench, at_once: bool):
    log = Log()
    cage = replace(bench.cage, grace_seconds=0.1)
    attempt = bench.attempt(bench.dialect.stubborn, cage=cage)
    running = asyncio.create_task(bench.runtime.run(attempt, log))
    await log.until(b"asleep")
    if at_once:
        attempt.stop.set_at_once()
    else:
        attempt.stop.set()
    outcome = await running
    assert (outcome.status, outcome.measures.exit_code) == (Status.CANCELED, 137)
    assert outcome.teardown.processes_gone_at


async def test_a_job_that_is_killed_fails_with_its_exit_code(bench: Bench):
    outcome = await bench.run(bench.dialect.die)
    assert (outcome.status, outcome.measures.exit_code) == (Status.FAILURE, 137)
    assert error_of(outcome)["name"] == "ExecutionErr"


async def test_a_process_that_a_job_leaves_behind_is_gone_when_the_job_is_over(bench: Bench):
    mark = secrets.token_hex(8)
    outcome = await bench.run(bench.dialect.leave, {"mark": mark})
    assert outcome.status is Status.SUCCESS
    assert outcome.teardown.processes_gone_at
    assert commands_with(mark) == []


async def test_logs_come_in_order_and_as_they_were_written(bench: Bench):
    log = Log()
    await bench.runtime.run(bench.attempt(bench.dialect.speak), log)
    assert log.data == b"one\n\xe9\n" + b"x" * 1_000_000 + b"\ntwo\n"


async def test_logs_come_while_the_job_runs(bench: Bench):
    log = Log()
    attempt = bench.attempt(bench.dialect.sleep)
    running = asyncio.create_task(bench.runtime.run(attempt, log))
    await log.until(b"asleep\n")
    assert not running.done()
    attempt.stop.set_at_once()
    await running


async def test_its_memory_is_told_while_it_runs(bench: Bench):
    attempt = bench.attempt(bench.dialect.sleep)
    running = asyncio.create_task(bench.runtime.run(attempt, Log()))
    await bench.has_noted.wait()
    assert not running.done()
    attempt.stop.set_at_once()
    await running
    assert 1_000 < bench.noted_kb[0] < 1_000_000


async def test_a_log_beyond_its_limit_is_cut_and_says_so(bench: Bench):
    log = Log()
    cage = replace(bench.cage, limits=Limits(log_bytes=1000))
    outcome = await bench.runtime.run(bench.attempt(bench.dialect.speak, cage=cage), log)
    assert outcome.status is Status.SUCCESS
    assert b"999011 bytes more than log_limit_mb allows" in log.data
    assert len(log.data) < 1200


async def test_a_result_beyond_its_limit_fails_the_job_and_names_the_setting(bench: Bench):
    cage = replace(bench.cage, limits=Limits(result_bytes=1000))
    outcome = await bench.run(bench.dialect.large, cage=cage)
    assert (outcome.status, error_of(outcome)["name"]) == (Status.FAILURE, "ResultTooLarge")
    assert "result_limit_mb" in error_of(outcome)["message"]


async def test_a_job_sees_its_own_environment_and_folder_and_no_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HEADRACE_DATABASE_URL", "a secret")
    facts = json.loads((await bench.run(bench.dialect.facts)).result)
    assert facts["environ"]["WM_TOKEN"] == "a token"
    assert not [name for name in facts["environ"] if name.startswith("HEADRACE")]
    is_private = bench.cage.isolation is Isolation.SANDBOX
    assert Path(facts["folder"]).is_relative_to("/tmp" if is_private else bench.folders.jobs)
    assert Path(facts["folder"]).name == "attempt-1"
    assert facts["uid"] != 0
    assert facts["uid"] == (os.getuid() if bench.cage.uid is None else bench.cage.uid)


async def test_the_folder_of_a_job_is_removed(bench: Bench):
    outcome = await bench.run(bench.dialect.echo, {"value": 1})
    assert outcome.teardown.folder_gone_at
    assert all_named("attempt-1", bench.folders.jobs, Path("/tmp")) == []


async def test_code_without_dependencies_locks_to_something_it_can_run_with(bench: Bench):
    code = Code(bench.dialect.echo, bench.dialect.language)
    lock = await bench.runtime.lock(code, bench.cage, Log(), Stop())
    attempt = bench.attempt(bench.dialect.echo, {"value": 7})
    outcome = await bench.runtime.run(replace(attempt, code=replace(code, lock=lock)), Log())
    assert json.loads(outcome.result) == 7
