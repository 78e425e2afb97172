"""What the machine itself asks for the same task: a plain call, a fork, an interpreter; no queue, no cage.

``python -m benchmarks.floor fork --tasks 500 --slots 2 --witness FILE`` prints one line of JSON. It is a
process of its own, so that what is forked is small.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

FLOORS = ("loop", "fork", "interpreter")

TASK = """\
import os

def main(witness: str, number: int):
    out = os.open(witness, os.O_WRONLY | os.O_APPEND)
    os.write(out, f"{number} {os.getpid()}\\n".encode())
    os.close(out)
    return number
"""
"""The task of W4 and W5, as a script: a no-op that leaves a line with its process id."""

_ALONE = TASK + "import json, sys\nprint(json.dumps(main(**json.loads(sys.stdin.readline()))))\n"


async def run_floor(name: str, tasks: int, slots: int, witness: Path) -> dict[str, Any]:
    """One measurement in a fresh process: ``per_second``, ``times_ms`` of each task, ``cpu_ms`` per task."""
    options = ("--tasks", str(tasks), "--slots", str(slots), "--witness", str(witness))
    command = (sys.executable, "-m", "benchmarks.floor", name, *options)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the floor {name} ended with {process.returncode}")
    return json.loads(output)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floor", description=__doc__)
    parser.add_argument("name", choices=FLOORS)
    parser.add_argument("--tasks", type=int, required=True)
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--witness", required=True)
    options = parser.parse_args()
    do: Callable[[dict[str, Any]], int] = {"loop": _call(), "fork": _fork(), "interpreter": _interpret}[
        options.name
    ]
    print(json.dumps(_measure(do, options.tasks, options.slots, options.witness)))


def _measure(do: Callable[[dict[str, Any]], int], tasks: int, slots: int, witness: str) -> dict[str, Any]:
    numbers = count()
    times: list[float] = []

    def keep_busy() -> None:
        while (number := next(numbers)) < tasks:
            began = time.perf_counter()
            if do({"witness": witness, "number": number}) != number:
                raise RuntimeError(f"task {number} gave another result")
            times.append((time.perf_counter() - began) * 1000)

    threads = [threading.Thread(target=keep_busy) for _ in range(slots)]
    began, cpu = time.perf_counter(), _cpu_seconds()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if len(times) != tasks:
        raise RuntimeError(f"{tasks - len(times)} tasks failed")
    return {"per_second": tasks / took, "times_ms": times, "cpu_ms": (_cpu_seconds() - cpu) * 1000 / tasks}


def _cpu_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _call() -> Callable[[dict[str, Any]], int]:
    scope: dict[str, Any] = {}
    exec(TASK, scope)
    return lambda arguments: scope["main"](**arguments)


def _fork() -> Callable[[dict[str, Any]], int]:
    call = _call()

    def forked(arguments: dict[str, Any]) -> int:
        result, result_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(result_end, json.dumps(call(arguments)).encode())
            os._exit(0)
        os.close(result_end)
        answer = os.read(result, 1 << 16)
        os.close(result)
        os.waitpid(pid, 0)
        return json.loads(answer)

    return forked


def _interpret(arguments: dict[str, Any]) -> int:
    command = [os.path.realpath(sys.executable), "-I", "-S", "-c", _ALONE]
    done = subprocess.run(command, input=json.dumps(arguments).encode(), stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
