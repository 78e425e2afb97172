"""What a job may take of the machine is bounded, and it is told so in a way that its language knows."""

from __future__ import annotations

import dataclasses
import errno
import os

import pytest

from headrace.sandbox.cage import Isolation, Limits
from headrace.sandbox.cgroups import Cgroups
from tests.conformance.ways import Bench, Log, Play, Told

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHILDREN = """
import os, time
def main():
    count = 0
    try:
        while count < 100:
            if os.fork() == 0:
                time.sleep(60)
            count += 1
    except OSError as error:
        return [error.errno, count < 30]
"""
THREADS = """
import threading
def main():
    for count in range(100):
        try:
            threading.Thread(target=threading.Event().wait, daemon=True).start()
        except RuntimeError:
            return count < 30
"""
FILES = """
import os
def main():
    try:
        while True:
            os.dup(0)
    except OSError as error:
        return error.errno
"""
WRITES = """
def main():
    try:
        with open("large", "wb") as file:
            for _ in range(8):
                file.write(bytes(1_000_000))
                file.flush()
    except OSError as error:
        return error.errno
"""
MEMORY = """
def main():
    try:
        bytearray(2_000_000_000)
    except MemoryError:
        return "refused"
"""
TAKES = """
def main():
    blocks = []
    while True:
        blocks.append(bytearray(10_000_000))
"""
CHILDREN_TAKE = """
import os, signal
def main():
    for _ in range(8):
        if os.fork() == 0:
            block = bytearray(30_000_000)
            signal.pause()
    raise SystemExit(os.wait()[1])
"""
CHILDREN_TAKE_UNSEEN = CHILDREN_TAKE.replace("raise SystemExit(os.wait()[1])", "signal.pause()")
FILES_TAKE = """
def main():
    with open("large", "wb") as file:
        while True:
            file.write(bytes(1_000_000))
"""
SPINS = "def main():\n    while True: pass"

BOUNDED = {
    "processes": (Limits(processes=30), CHILDREN, [errno.EAGAIN, True]),
    "threads": (Limits(processes=30), THREADS, True),
    "open files": (Limits(open_files=32), FILES, errno.EMFILE),
    "size of a file": (Limits(file_size_bytes=3_000_000), WRITES, errno.EFBIG),
}
WHOLE = {"itself": TAKES, "children": CHILDREN_TAKE, "files": FILES_TAKE}
"""What takes memory."""
QUICK = "def main(): return 1"


async def limited(bench: Bench, limits: Limits, script: str) -> Told:
    async with bench.slots.take() as cage:
        return await bench.run_in(dataclasses.replace(cage, limits=limits), Play(script), Log())


@pytest.mark.parametrize("what", BOUNDED)
async def test_more_than_it_may_have_is_refused(bench: Bench, what: str):
    limits, script, told = BOUNDED[what]
    if limits.processes and os.geteuid() != 0:
        pytest.skip("only processes of a uid of its own are counted for one job alone")
    assert (await limited(bench, limits, script)).value == told


async def test_more_address_space_than_it_may_have_is_refused_where_there_are_no_cgroups(bench: Bench):
    cgroups, bench.slots.cgroups = bench.slots.cgroups, Cgroups([])
    try:
        told = await limited(bench, Limits(memory_bytes=1_000_000_000), MEMORY)
    finally:
        bench.slots.cgroups = cgroups
    assert told.value == "refused"


async def out_of_memory(bench: Bench, script: str) -> None:
    """All processes of a job together may have so much; the next job has as much again."""
    if not bench.slots.cgroups.places:
        pytest.skip("this machine lets us make no cgroups")
    async with bench.slots.take() as cage:
        small = dataclasses.replace(cage, limits=Limits(memory_bytes=100 * 1024 * 1024))
        told = await bench.run_in(small, Play(script), Log())
        assert told.value["error"]["name"] == "OutOfMemory"
        assert told.value["error"]["message"] == (
            "out of memory: the job took more than memory_limit_mb (100 MB)"
        )
        assert (await bench.run_in(small, Play(QUICK), Log())).end == ("success", 0)


@pytest.mark.parametrize("what", WHOLE)
async def test_a_job_that_takes_more_memory_than_it_may_is_told_by_name(bench: Bench, what: str):
    if what == "files" and bench.level is not Isolation.SANDBOX:
        pytest.skip("outside a sandbox a job's files lie on the machine's disk")
    await out_of_memory(bench, WHOLE[what])


@pytest.mark.long
async def test_a_job_is_ended_as_a_whole_when_one_of_its_processes_was_out_of_memory(bench: Bench):
    await out_of_memory(bench, CHILDREN_TAKE_UNSEEN)


async def test_its_files_take_no_more_room_than_they_may(bench: Bench):
    if bench.level is not Isolation.SANDBOX:
        pytest.skip("outside a sandbox a job's files lie on the machine's disk")
    assert (await limited(bench, Limits(disk_bytes=2_000_000), WRITES)).value == errno.ENOSPC


async def test_a_job_that_computes_longer_than_it_may_is_told_by_name(bench: Bench):
    told = await limited(bench, Limits(cpu_seconds=1), SPINS)
    assert told.end == ("failure", 152)
    assert "cpu_limit_seconds" in told.value["error"]["message"]
