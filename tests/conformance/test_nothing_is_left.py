"""Whatever a job leaves behind, in whatever way, is gone when its outcome is there."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from headrace.sandbox.cgroup_places import find_places
from tests.conformance.lifelines import Lifelines
from tests.conformance.stage import Stage
from tests.conformance.ways import Play

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCRIPT = """
import os, signal, socket, time
def main(port, how):
    ready, tell = os.pipe()
    def live(*, ignoring=()):
        for number in ignoring:
            signal.signal(number, signal.SIG_IGN)
        line = socket.create_connection(("127.0.0.1", port))
        os.write(tell, b"r")
        return line
    def until(count):
        while count:
            count -= len(os.read(ready, count))
    def apart():
        "A child of nobody, in a session of its own."
        if os.fork():
            os.wait()
            return False
        os.setsid()
        if os.fork():
            os._exit(0)
        return True
    def wait(line):
        while line.recv(1):
            pass
        os._exit(0)
    globals()[how](live, until, apart, wait)

def a_daemon(live, until, apart, wait):
    if apart():
        os.closerange(0, 3)
        wait(live())
    until(1)
def one_that_ignores_every_signal(live, until, apart, wait):
    if apart():
        wait(live(ignoring=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}))
    until(1)
def a_stopped_one(live, until, apart, wait):
    if apart():
        line = live()
        os.kill(os.getpid(), signal.SIGSTOP)
        wait(line)
    until(1)
def one_that_holds_the_log_open(live, until, apart, wait):
    child = os.fork()
    if child == 0:
        os.setsid()
        print("held")
        wait(live())
    until(1)
def one_without_a_name(live, until, apart, wait):
    if apart():
        line = live()
        os.dup2(line.fileno(), 0)
        os.execve("/bin/cat", ["[kworker/0:1]"], {})
    until(1)
def many(live, until, apart, wait):
    "Five times five, of which none waits for another."
    for _ in range(5):
        if os.fork() == 0:
            os.setsid()
            for _ in range(4):
                if os.fork() == 0:
                    os.setsid()
                    break
            wait(live())
    until(25)
def one_that_flees(live, until, apart, wait):
    "Another one every millisecond, and never the same for two."
    if apart():
        line = live()
        until = time.monotonic() + 10
        while time.monotonic() < until:
            if os.fork():
                os._exit(0)
            os.setsid()
            time.sleep(0.001)
        os._exit(0)
    until(1)
def those_of_one_that_killed_itself(live, until, apart, wait):
    if apart():
        wait(live())
    until(1)
    os.kill(os.getpid(), signal.SIGKILL)
def those_of_one_that_takes_too_long(live, until, apart, wait):
    if apart():
        wait(live())
    live(ignoring=[signal.SIGTERM])
    time.sleep(60)
"""
LEAVING = {
    "a_daemon": 1,
    "one_that_ignores_every_signal": 1,
    "a_stopped_one": 1,
    "one_that_holds_the_log_open": 1,
    "many": 25,
    "one_that_flees": 1,
    "those_of_one_that_killed_itself": 1,
    "those_of_one_that_takes_too_long": 2,
    "one_without_a_name": 1,
}
"""What a script leaves behind, by the function that does it, and how many lines that makes."""


async def test_no_process_folder_or_mount_of_a_job_is_left_when_its_outcome_is_there(stage: Stage):
    before = mounts()
    with Lifelines() as lifelines:
        for how, lines in LEAVING.items():
            seconds = 2 if how == "those_of_one_that_takes_too_long" else 30
            play = Play(SCRIPT, {"port": lifelines.port, "how": how}, timeout_seconds=seconds)
            dead = dead_below(stage.pid)
            playing = asyncio.create_task(stage.play(play))
            await lifelines.until(lines)
            await asyncio.wait((playing,), timeout=20)
            assert playing.done(), how
            assert (how, lifelines.count()) == (how, 0)
            await playing
            assert dead_below(stage.pid) <= dead, f"{how}: nobody has waited for a dead process"
            assert not folders_of_jobs(stage.root), f"{how}: its folder is left"
            assert set(processes_in_cgroups(stage.pid)) <= {0, 1, 2}, (
                f"{how}: more than what waits for the next job"
            )
    assert mounts() == before


def dead_below(worker: int) -> set[int]:
    """Dead processes that a worker, or a process of its own, should have waited for."""
    states: dict[int, tuple[str, int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            words = stat.read_text().rpartition(")")[2].split()
            states[int(stat.parent.name)] = words[0], int(words[1])
    own = {worker, *(pid for pid, (_, parent) in states.items() if parent == worker)}
    return {pid for pid, (state, parent) in states.items() if state == "Z" and parent in own}


def folders_of_jobs(root: Path) -> list[Path]:
    """What lies there of jobs; each worker has a folder of its own for them."""
    return list(root.glob("jobs/*/*"))


def processes_in_cgroups(worker: int) -> list[int]:
    """How many there are in each cgroup of a worker; its slot servers live there."""
    folders = [folder for place in find_places() for folder in place.folder.glob(f"headrace-{worker}-*/*/")]
    return [len((folder / "cgroup.procs").read_text().split()) for folder in folders]


def mounts() -> str:
    """All mounts that this process sees."""
    return Path("/proc/self/mountinfo").read_text()
