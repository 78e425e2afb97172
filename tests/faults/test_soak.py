"""Thousands of jobs of all kinds, good and hostile, after which everything is as it was.

``SOAK_JOBS`` says how many (20,000).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import pytest

from headrace.db.connection import Login
from tests.faults.footprint import Footprint, footprint
from tests.faults.site import TOKEN, Site, open_site
from tests.faults.soak_jobs import KINDS, kind_of, preview
from tests.ground.people import WORKSPACE
from tests.ground.witness import EMPTY_LOCK, Witness

if TYPE_CHECKING:
    import httpx

    from tests.ground.processes import Process, Server

JOBS = int(os.environ.get("SOAK_JOBS", "20000"))
ROUNDS = 10 if JOBS >= 2000 else 2
"""After each of them all comes to rest, and is looked at."""
WAYS = ("fork", "interpreter")
EVERY_NTH_BY_INTERPRETER = 9
LIMITS = {
    "memory_limit_mb": 128,
    "process_limit": 64,
    "disk_limit_mb": 16,
    "result_limit_mb": 1,
    "log_limit_mb": 1,
    "lease_seconds": 30,
    "renewal_seconds": 5,
    "rescue_seconds": 5,
    "grace_seconds": 0.5,
    "slots": 3,
}
AT_ONCE = 8
MOST_WAITING = 200
GROWTH_KB = 8 * 1024
"""More than this in the second half of the rounds is a leak; it comes and goes by less."""
MORE_DESCRIPTORS = 12
"""Connections to the database come and go."""


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_after_thousands_of_jobs_all_is_as_it_was(
    login: Login, owner: asyncpg.Connection, data_dir: Path, witness: Witness
):
    async with open_site(login, owner, data_dir, witness, **LIMITS) as site:
        soak = Soak(site, await site.installation.server())
        workers = [await site.installation.worker(tags=way, start_jobs_by=way) for way in WAYS]
        watched: list[Process] = [soak.server, *workers]
        prints: list[list[Footprint]] = []
        for number in range(ROUNDS):
            began = time.monotonic()
            await soak.run(range(JOBS * number // ROUNDS, JOBS * (number + 1) // ROUNDS))
            prints.append(await soak.look(watched))
            rate = JOBS / ROUNDS / (time.monotonic() - began)
            print(f"round {number + 1}: {rate:.0f} jobs/s", *prints[-1], sep="\n  ")
        await soak.check_ends()
        soak.check_starts()
        assert not folders_of_jobs(data_dir)
        for process, *looked in zip(watched, *prints, strict=True):
            check_footprints(process.name, looked)


class Soak:
    """Runs jobs, and remembers which was of what kind."""

    def __init__(self, site: Site, server: Server) -> None:
        self.server = server
        self._site = site
        self._site.checker.patience_seconds = 600
        self._numbers: dict[UUID, int] = {}
        self._looking = asyncio.Lock()

    async def run(self, numbers: range) -> None:
        """Run the jobs with these numbers; they have all ended by then."""
        left = iter(numbers)
        async with self.server.client(TOKEN) as client, asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(self._run_some(client, left))
        await self._site.checker.until_value(0, "select count(*) from job_queue")

    async def _run_some(self, client: httpx.AsyncClient, left: Iterator[int]) -> None:
        for number in left:
            await self._enqueue(client, number)
            async with self._looking:
                if number % MOST_WAITING == 0:
                    few = "select count(*) < $1 from job_queue"
                    await self._site.checker.until_value(True, few, MOST_WAITING)

    async def _enqueue(self, client: httpx.AsyncClient, number: int) -> None:
        name = kind_of(number)
        way = WAYS[number % EVERY_NTH_BY_INTERPRETER == 0]
        body = preview(number, way, EMPTY_LOCK, self._site.witness.args())
        url = f"/w/{WORKSPACE}/jobs/run/preview?{KINDS[name].query.lstrip('&')}"
        response = await client.post(url, json=body)
        assert response.status_code == 201, response.text
        self._numbers[UUID(response.text)] = number
        if name == "is_canceled":
            await client.post(f"/w/{WORKSPACE}/jobs_u/queue/cancel/{response.text}", json={})

    async def look(self, watched: list[Process]) -> list[Footprint]:
        """The footprints of processes, once two looks find as many: what waits for jobs is there then."""
        looks: list[list[Footprint]] = [[]]

        async def is_at_rest() -> bool:
            looks.append([footprint(process.pid) for process in watched])
            return [look.processes for look in looks[-1]] == [look.processes for look in looks[-2]]

        await self._site.checker.until(is_at_rest, "rest")
        return looks[-1]

    async def check_ends(self) -> None:
        """Each job has ended once, at its first attempt, as its kind must."""
        rows = await self._site.checker.owner.fetch(
            "select id, attempt, status, convert_from(substring(result from 1 for 300), 'UTF8') as result"
            " from job_history"
        )
        assert Counter(row["id"] for row in rows) == Counter(self._numbers.keys()), "lost, or ended twice"
        assert {row["attempt"] for row in rows} <= {0, 1}
        wrong = [
            (kind_of(self._numbers[row["id"]]), dict(row))
            for row in rows
            if not _fits(self._numbers[row["id"]], row)
        ]
        assert not wrong, f"{len(wrong)} of {len(rows)} ended otherwise: {wrong[:5]}"
        print(sorted(Counter((kind_of(self._numbers[row["id"]]), row["status"]) for row in rows).items()))

    def check_starts(self) -> None:
        """The witness has seen each job once, but for some that were canceled before."""
        starts = Counter(note.job for note in self._site.witness.notes("start"))
        assert set(starts.values()) == {1}, "a job was run twice"
        unseen = {kind_of(number) for job, number in self._numbers.items() if job not in starts}
        assert unseen <= {"is_canceled"}


def folders_of_jobs(data_dir: Path) -> list[Path]:
    """What lies there of jobs; each worker has a folder of its own for them."""
    return list(data_dir.glob("jobs/*/*"))


def _fits(number: int, row: asyncpg.Record) -> bool:
    kind = KINDS[kind_of(number)]
    return row["status"] == kind.status and kind.fits(number, row["result"])


def check_footprints(name: str, looked: list[Footprint]) -> None:
    """The last is like the first, and memory has not grown through the second half."""
    first, half, last = looked[0], looked[len(looked) // 2], looked[-1]
    assert last.processes == first.processes, f"{name}: {looked}"
    assert (last.mounts, last.cgroups, last.counted) == (first.mounts, first.cgroups, first.counted), name
    assert last.descriptors <= first.descriptors + MORE_DESCRIPTORS, f"{name}: {looked}"
    assert last.memory_kb <= half.memory_kb + GROWTH_KB, f"{name}: {looked}"
    assert last.main_kb <= half.main_kb + GROWTH_KB, f"{name}: {looked}"
