"""A peer's client, a program in the peer's own environment. It prints one line of JSON.

The module of a peer has ``client``, the context in which a client is connected; ``enqueue``, which starts
so many tasks; ``ask``, which starts one and returns when the client knows that it has ended.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
from typing import Any


def main() -> None:
    """``enqueue`` prints when it began, ``ask`` the milliseconds of each call."""
    parser = argparse.ArgumentParser()
    parser.add_argument("module")
    parser.add_argument("deed", choices=("enqueue", "ask"))
    parser.add_argument("--tasks", type=int, required=True)
    parser.add_argument("--witness", required=True)
    parser.add_argument("--fibo", type=int, default=0)
    options = parser.parse_args()
    jobs = importlib.import_module(options.module)
    with jobs.client():
        print(json.dumps({"enqueue": _enqueue, "ask": _ask}[options.deed](jobs, options)))


def _enqueue(jobs: Any, options: argparse.Namespace) -> dict[str, float]:
    began = time.time()
    jobs.enqueue(options.witness, options.tasks, options.fibo)
    return {"began": began}


def _ask(jobs: Any, options: argparse.Namespace) -> dict[str, list[float]]:
    times: list[float] = []
    for _ in range(options.tasks):
        began = time.perf_counter()
        jobs.ask(options.witness)
        times.append((time.perf_counter() - began) * 1000)
    return {"times_ms": times}


if __name__ == "__main__":
    main()
