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

from benchmarks.task import TASK, fibo

FLOORS = ("loop", "fork", "interpreter")

_ALONE = TASK + "import json, sys\nprint(json.dumps(main(**json.loads(sys.stdin.readline()))))\n"


async def run_floor(name: str, tasks: int, slots: int, witness: Path, *, n: int = 0) -> dict[str, Any]:
    """Figures of one measurement in a fresh process; ``times_ms`` of each task, ``cpu_ms`` for one."""
    options = ("--tasks", str(tasks), "--slots", str(slots), "--witness", str(witness), "--fibo", str(n))
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
    parser.add_argument("--fibo", type=int, default=0, help="what each task computes")
    options = parser.parse_args()
    do: Callable[[dict[str, Any]], int] = {"loop": _call(), "fork": _fork(), "interpreter": _interpret}[
        options.name
    ]
    print(json.dumps(_measure(do, options)))


def _measure(do: Callable[[dict[str, Any]], int], options: argparse.Namespace) -> dict[str, Any]:
    numbers = count()
    added = fibo(options.fibo)
    times: list[float] = []

    def keep_busy() -> None:
        while (number := next(numbers)) < options.tasks:
            began = time.perf_counter()
            if do({"witness": options.witness, "number": number, "n": options.fibo}) != number + added:
                raise RuntimeError(f"task {number} gave another result")
            times.append((time.perf_counter() - began) * 1000)

    threads = [threading.Thread(target=keep_busy) for _ in range(options.slots)]
    began, cpu = time.perf_counter(), _cpu_seconds()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if len(times) != options.tasks:
        raise RuntimeError(f"{options.tasks - len(times)} tasks failed")
    return {
        "seconds": took,
        "per_second": options.tasks / took,
        "times_ms": times,
        "cpu_ms": (_cpu_seconds() - cpu) * 1000 / options.tasks,
    }


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
