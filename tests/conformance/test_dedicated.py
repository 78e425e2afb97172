"""A process that stays for other jobs: each job is as in one of its own, but for what a script keeps."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from headrace.model.outcome import ErrorName, Outcome, Status
from headrace.sandbox.cage import Stop
from tests.conformance.ways import Bench, Log, Play, Way, make_attempt

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCRIPT = """
import asyncio, os, subprocess, sys, tempfile, threading, time
calls = []
def main(do="", value=None):
    calls.append(do)
    scope = {"value": value}
    exec(do, globals(), scope)
    return scope.get("told")
"""


class Keeper:
    """Runs lines in a process that is kept as long as they let it."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.log = Log()
        self.number = 0

    async def outcome(self, do: str, stop: Stop | None = None, value: Any = None, **more: Any) -> Outcome:
        """What becomes of one job."""
        self.number += 1
        self.log = Log()
        play = Play(SCRIPT, {"do": do, "value": value}, resident="somebody")
        async with self.bench.slots.take() as cage:
            attempt = make_attempt(play, cage, stop or Stop(), f"attempt-{self.number}")
            return await self.bench.runtimes[Way.FORK].run(replace(attempt, **more), self.log)

    async def run(self, do: str, **more: Any) -> Any:
        """What a line that succeeds tells."""
        outcome = await self.outcome(do, **more)
        assert outcome.status is Status.SUCCESS, outcome.result
        return json.loads(outcome.result)

    async def calls(self) -> int:
        """How many jobs the process has run, with this one."""
        return await self.run("told = len(calls)")


@pytest_asyncio.fixture(loop_scope="session")
async def keeper(bench: Bench) -> Keeper:
    """Whose process has run nothing yet."""
    keeper = Keeper(bench)
    await keeper.run("", resident=None)
    return keeper


@pytest.mark.parametrize(
    ("content", "arguments"),
    [
        ("def main(x: int, y='a'): return [x, y, type(x).__name__]", {"x": "3"}),
        ("def main(x: int): pass", {"x": "three"}),
        ("def main(): return float('nan')", {}),
        ("def main(): return {3}", {}),
        ("def main(): raise KeyError('no such luck')", {}),
        ("def main():\n    print('one')\n    return 1\n", {}),
        ("async def main():\n    import asyncio\n    await asyncio.sleep(0)\n    return 'later'", {}),
        ("def main():\n    yield 'a'\n    yield 'b'\n    return 3", {}),
        ("def main():\n    yield 1\n    yield 2", {}),
        ("import nothing_of_this_name\ndef main(): pass", {}),
        ("def other(): pass", {}),
        ("import sys\ndef main():\n    print('going')\n    sys.exit('gone')", {}),
        ("import os\ndef main(): os._exit(7)", {}),
        ("import os\ndef main(): os.kill(os.getpid(), 9)", {}),
        ("import os\ndef main(): return [os.environ['WM_TOKEN'], os.environ['WM_JOB_ID']]", {}),
        ("import os\ndef main():\n    if os.fork():\n        os.wait()\n    return os.getpid() > 0", {}),
    ],
)
async def test_a_job_is_answered_for_as_in_a_process_of_its_own(
    bench: Bench, content: str, arguments: dict[str, Any]
):
    play = Play(content, arguments)
    fresh = await bench.play(play)
    for _ in range(2):
        kept = await bench.play(replace(play, resident="somebody"))
        assert (kept.status, kept.value, kept.log) == (fresh.status, fresh.value, fresh.log)


async def test_what_a_script_keeps_in_memory_is_there_for_its_next_job(keeper: Keeper):
    assert [await keeper.calls() for _ in range(3)] == [1, 2, 3]
    outcome = await keeper.outcome("told = value", value=5)
    assert (outcome.result, outcome.measures.exit_code, outcome.teardown.process_kept) == (b"5", None, True)
    assert outcome.teardown.processes_gone_at is None


async def test_nobody_else_comes_into_the_process(keeper: Keeper):
    assert await keeper.calls() == 1
    assert await keeper.run("told = len(calls)", resident="somebody else") == 1
    assert await keeper.calls() == 1
    assert await keeper.run("told = len(calls)", resident=None) == 1
    assert await keeper.calls() == 1


async def test_a_preprocessor_comes_first_for_the_jobs_that_want_it(bench: Bench):
    content = "def preprocessor(event): return {'n': event['body'] + 1}\ndef main(n): return n\n"
    told: list[bytes] = []
    for preprocess, arguments in (
        (True, {"event": {"body": 1}}),
        (False, {"n": 5}),
        (True, {"event": {"body": 2}}),
    ):
        async with bench.slots.take() as cage:
            attempt = make_attempt(Play(content, arguments, resident="somebody"), cage, Stop(), "attempt-1")
            attempt = replace(attempt, preprocess=preprocess)
            told.append((await bench.runtimes[Way.FORK].run(attempt, Log())).result)
    assert told == [b"2", b"5", b"3"]


async def test_another_version_gets_another_process(keeper: Keeper, bench: Bench):
    assert await keeper.calls() == 1
    newer = await bench.play(Play(SCRIPT + "\n", {"do": "told = len(calls)"}, resident="somebody"))
    assert newer.value == 1


async def test_environment_folder_files_and_streams_are_those_of_the_job(keeper: Keeper):
    before = await keeper.run("told = [os.getcwd(), sorted(os.listdir()), dict(os.environ)]")
    await keeper.run(
        "os.environ['LEFT'] = 'x'; del os.environ['HOME']; os.environ['TZ'] = 'Asia/Tokyo'; time.tzset()\n"
        "open('left', 'w').close(); os.makedirs('a/b'); os.mkdir(tempfile.gettempdir() + '/left')\n"
        "os.umask(0); os.chdir('/'); sys.stdout = open(os.devnull, 'w')"
    )
    after = await keeper.run(
        "told = [os.getcwd(), sorted(os.listdir()), dict(os.environ)]\n"
        "assert not os.listdir(tempfile.gettempdir()) and os.umask(0o22) == 0o22 and time.timezone == 0"
    )
    names = ("WM_JOB_ID", "WM_TOKEN")
    assert [after[2].pop(name) for name in names] == ["attempt-4", "a token of attempt-4"]
    assert [before[2].pop(name) for name in names] == ["attempt-2", "a token of attempt-2"]
    assert after == before
    assert await keeper.calls() == 4


async def test_output_belongs_to_the_job_that_printed_it(keeper: Keeper):
    await keeper.run("sys.stdout.write('without an end'); os.write(2, b'!')")
    assert keeper.log.data == b"!without an end"
    await keeper.run(
        "threading.Timer(0, print, ['late']).start(); told = [t.join() for t in threading.enumerate()[1:]]"
    )
    assert keeper.log.data == b"late\n"
    await keeper.run("print('x' * 3_000_000)")
    assert len(keeper.log.data) == 3_000_001
    await keeper.run("")
    assert keeper.log.data == b""


@pytest.mark.parametrize(
    "do",
    [
        "sys.exit(3)",
        "os._exit(3)",
        "os.kill(os.getpid(), 11)",
        "raise KeyboardInterrupt",
        "os.write(4, b'E' * 40)",
        "os.write(4, b'nonsense')",
        "os.close(4)",
        "os.closerange(0, 99)",
        "sys.stdout.close()",
        "subprocess.Popen(['sleep', '60'])",
        "subprocess.Popen(['setsid', 'sh', '-c', 'sleep 60 & exit'])",
        "told = 'x' * 105_000_000",
        "a = []\ndef f(): a.append(f()); return f()\nf()",
    ],
)
async def test_whatever_a_job_does_the_next_one_has_a_process(keeper: Keeper, do: str):
    async with asyncio.timeout(30):
        await keeper.calls()
        await keeper.outcome(do)
        assert await keeper.calls() in (1, 3)


async def test_a_process_that_is_left_behind_is_killed_with_the_one_that_was_kept(keeper: Keeper):
    await keeper.calls()
    outcome = await keeper.outcome("subprocess.Popen(['sleep', '60']); told = 1")
    assert (outcome.status, outcome.result) == (Status.SUCCESS, b"1")
    assert outcome.teardown.processes_gone_at is not None
    assert not outcome.teardown.process_kept


async def test_one_that_says_something_after_its_answer_runs_no_other_job(keeper: Keeper):
    """It forges the answer of the next job, before that one has begun."""
    forged = "b'R' + (1).to_bytes(8, 'big') + bytes(8) + b'6'"
    await keeper.outcome(f"os.write(4, {forged} * 2)")
    assert await keeper.run("told = [len(calls)]") == [1]


@pytest.mark.parametrize("how", ["timeout", "cancel", "cancel at once"])
async def test_a_job_that_hangs_is_stopped_and_the_next_one_gets_a_fresh_process(keeper: Keeper, how: str):
    assert await keeper.calls() == 1
    stop = Stop()
    seconds = 0.2 if how == "timeout" else 30
    running = asyncio.create_task(
        keeper.outcome("print('on'); time.sleep(60)", stop, timeout_seconds=seconds)
    )
    await asyncio.sleep(0)  # by then it has a log of its own
    await keeper.log.until(b"on", running)
    if how == "cancel":
        stop.set()
    elif how == "cancel at once":
        stop.set_at_once()
    outcome = await running
    assert outcome.status is (Status.FAILURE if how == "timeout" else Status.CANCELED)
    name = ErrorName.TIMEOUT if how == "timeout" else ErrorName.CANCELED
    assert json.loads(outcome.result)["error"]["name"] == name
    assert outcome.measures.exit_code == (137 if how == "cancel at once" else 143)
    assert outcome.teardown.processes_gone_at is not None
    assert keeper.log.data == b"on\n"
    assert await keeper.calls() == 1


async def test_a_peak_of_memory_is_that_of_the_job(keeper: Keeper):
    """Where the kernel lets a process forget its peak."""
    small = (await keeper.outcome("")).measures.peak_memory_kb
    large = (await keeper.outcome("bytearray(64_000_000)")).measures.peak_memory_kb
    again = (await keeper.outcome("")).measures.peak_memory_kb
    assert small is not None
    assert large is not None
    assert again is not None
    assert large > small + 50_000
    assert again < small + 20_000
