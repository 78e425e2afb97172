"""Fork servers come and go: one that is killed takes its jobs with it, and the next job has another one."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conformance.ways import Log, Play, Way, open_bench
from tests.ground.witness import until_gone

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUICK = "def main(): return 1"
SLEEPS = "import time\ndef main():\n    print('asleep', flush=True)\n    time.sleep(60)"


def servers() -> list[int]:
    """Children of this process that are fork servers."""
    found: list[int] = []
    for pid in children(os.getpid()):
        with suppress(OSError):
            if b"fork_server" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def children(pid: int) -> list[int]:
    texts = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for text in texts for child in text.split()]


def below(pid: int) -> list[int]:
    """All processes that come from one, as long as none has lost its parent."""
    return [one for child in children(pid) for one in (child, *below(child))]


async def test_a_job_has_a_new_server_where_the_old_one_was_killed(worker_root: Path):
    others = set(servers())
    async with open_bench(worker_root) as bench:
        for _ in range(3):
            assert (await bench.run(QUICK)).end == ("success", 0)
            (server,) = set(servers()) - others
            family = [server, *below(server)]
            os.kill(server, signal.SIGKILL)
            for pid in family:
                await until_gone(pid)


async def test_jobs_whose_server_is_killed_fail_and_say_so(worker_root: Path):
    others = set(servers())
    async with (
        open_bench(worker_root, slots=3) as bench,
        bench.slots.take() as one,
        bench.slots.take() as two,
    ):
        logs = Log(), Log()
        running = [
            asyncio.create_task(bench.run_in(cage, Play(SLEEPS), log))
            for cage, log in zip((one, two), logs, strict=True)
        ]
        for log, job in zip(logs, running, strict=True):
            await log.until(b"asleep", job)
        (server,) = set(servers()) - others
        os.kill(server, signal.SIGKILL)
        for told in await asyncio.gather(*running):
            assert told.status == "failure"
            assert "killed with the one that had started them" in told.value["error"]["message"]
        assert (await bench.run(QUICK, way=Way.FORK)).end == ("success", 0)


@pytest.mark.long
async def test_an_idle_server_is_ended_when_all_of_them_take_too_much_memory(worker_root: Path):
    others = set(servers())
    async with open_bench(worker_root, fork_server_memory_mb=1) as bench, bench.slots.take() as cage:
        assert (await bench.run(QUICK)).end == ("success", 0)
        (idle,) = set(servers()) - others
        log = Log()
        running = asyncio.create_task(bench.run_in(cage, Play(f"import asyncio\n{SLEEPS}"), log))
        await log.until(b"asleep", running)
        (busy,) = set(servers()) - others - {idle}
        await until_gone(idle)
        assert not running.done()
        os.kill(busy, signal.SIGKILL)
        await running
