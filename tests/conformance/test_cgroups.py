"""Cgroups are there as long as somebody uses them, and not longer."""

from __future__ import annotations

import asyncio
import signal
import sys

import pytest

from headrace.sandbox.cage import Cage, Isolation
from headrace.sandbox.cgroup_places import find_places
from headrace.sandbox.cgroups import Cgroups
from tests.ground.witness import until_gone

pytestmark = pytest.mark.asyncio(loop_scope="session")

CAGE = Cage(Isolation.PROCESS, None)
WORKER = """
import subprocess, sys
from headrace.sandbox.cage import Cage, Isolation
from headrace.sandbox.cgroups import Cgroups
cgroup = Cgroups.open().make(Cage(Isolation.PROCESS, None))
left = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, start_new_session=True)
cgroup.take_in(left.pid)
print(left.pid, flush=True)
sys.stdin.read()
"""


def folders(worker: int) -> list[str]:
    return [str(path) for place in find_places() for path in place.folder.glob(f"headrace-{worker}-*")]


async def test_those_of_a_killed_worker_are_removed_by_the_next_one_with_what_runs_in_them():
    if not find_places():
        pytest.skip("this machine lets us make no cgroups")
    pipe = asyncio.subprocess.PIPE
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, stdin=pipe, stdout=pipe)
    assert worker.stdout is not None
    left = int(await worker.stdout.readline())
    Cgroups.open()
    assert folders(worker.pid), "those of a worker that lives are left alone"
    worker.send_signal(signal.SIGKILL)
    await worker.wait()
    await asyncio.to_thread(Cgroups.open)
    assert folders(worker.pid) == []
    await until_gone(left)


async def test_the_folder_of_a_worker_is_there_as_long_as_one_is_in_use():
    cgroups = Cgroups.open()
    if not cgroups.places:
        pytest.skip("this machine lets us make no cgroups")
    before = set(find_all())
    first, second = cgroups.make(CAGE), cgroups.make(CAGE)
    cgroups.give_up(first)
    assert set(find_all()) > before
    cgroups.give_up(second)
    assert set(find_all()) == before
    cgroups.give_up(cgroups.make(CAGE))
    assert set(find_all()) == before


def find_all() -> list[str]:
    return [str(path) for place in find_places() for path in place.folder.glob("headrace-*")]
