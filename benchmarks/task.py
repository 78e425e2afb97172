"""The one task of all workloads, and who ran it.

A job may see itself under another process id than we do, and the kernel gives ids away again. So each task
writes down what no other process has: beside its id and start the number of its PID namespace and that of
its pidfd. The last is never given twice (Linux 6.9 and newer); on older kernels, where it says nothing, two
short-lived processes may be taken for one, never one for two.
"""

from __future__ import annotations

from pathlib import Path

_LINE = """\
import os

def leave_line(witness, number):
    pid = os.getpid()
    handle = os.pidfd_open(pid)
    with open("/proc/self/stat") as stat:
        started = stat.read().rpartition(")")[2].split()[19]
    who = f"{pid}/{os.stat('/proc/self/ns/pid').st_ino}/{os.fstat(handle).st_ino}/{started}"
    os.close(handle)
    out = os.open(witness, os.O_WRONLY | os.O_APPEND)
    os.write(out, f"{number} {who}\\n".encode())
    os.close(out)
"""

TASK = (
    _LINE
    + """
def fibo(n):
    return n if n < 2 else fibo(n - 1) + fibo(n - 2)

def main(witness: str, number: int, n: int = 0):
    leave_line(witness, number)
    return number + fibo(n)
"""
)
"""Leaves a line in the file ``witness``; for ``n`` = 0 nothing else."""

MEETING = (
    _LINE
    + """
import time

def main(witness: str, number: int, others: int):
    leave_line(witness, number)
    until = time.monotonic() + 60
    while len(open(witness).readlines()) < others:
        if time.monotonic() > until:
            raise TimeoutError("the others did not come")
        time.sleep(0.01)
"""
)
"""Ends when as many of it have begun as ``others`` says."""


def fibo(n: int) -> int:
    """What a task adds to its number."""
    return n if n < 2 else fibo(n - 1) + fibo(n - 2)


def make_witness(folder: Path) -> Path:
    """A file that every account may write, alone in a folder that jobs can be shown."""
    folder.mkdir(mode=0o755)
    witness = folder / "witness"
    witness.touch()
    witness.chmod(0o666)
    return witness


def distinct_processes(witness: Path) -> int:
    """How many processes have left a line."""
    return len({line.split()[1] for line in witness.read_text().splitlines()})
