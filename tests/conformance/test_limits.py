"""What a job may take of the machine is bounded, and it is told so in a way that its language knows."""

from __future__ import annotations

import dataclasses
import errno
import os

import pytest

from headrace.sandbox.cage import Isolation, Limits
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
SPINS = "def main():\n    while True: pass"

BOUNDED = {
    "processes": (Limits(processes=30), CHILDREN, [errno.EAGAIN, True]),
    "threads": (Limits(processes=30), THREADS, True),
    "open files": (Limits(open_files=32), FILES, errno.EMFILE),
    "size of a file": (Limits(file_size_bytes=3_000_000), WRITES, errno.EFBIG),
    "memory": (Limits(memory_bytes=1_000_000_000), MEMORY, "refused"),
}


async def limited(bench: Bench, limits: Limits, script: str) -> Told:
    async with bench.slots.take() as cage:
        return await bench.run_in(dataclasses.replace(cage, limits=limits), Play(script), Log())


@pytest.mark.parametrize("what", BOUNDED)
async def test_more_than_it_may_have_is_refused(bench: Bench, what: str):
    limits, script, told = BOUNDED[what]
    if limits.processes and os.geteuid() != 0:
        pytest.skip("only processes of a uid of its own are counted for one job alone")
    assert (await limited(bench, limits, script)).value == told


async def test_its_files_take_no_more_room_than_they_may(bench: Bench):
    if bench.level is not Isolation.SANDBOX:
        pytest.skip("outside a sandbox a job's files lie on the machine's disk")
    assert (await limited(bench, Limits(disk_bytes=2_000_000), WRITES)).value == errno.ENOSPC


async def test_a_job_that_computes_longer_than_it_may_is_told_by_name(bench: Bench):
    told = await limited(bench, Limits(cpu_seconds=1), SPINS)
    assert told.end == ("failure", 152)
    assert "cpu_limit_seconds" in told.value["error"]["message"]
