"""W8: from a script that nobody has run to its result, beside the same done by hand with uv.

Four states: nothing is there but the index (``new``); packages are downloaded, the environment is not there
(``cached``); all is there (``warm``); nothing is imported (``bare``). The script says itself when its first
line ran and how long its import took. The time from the claim, which the row of the job has, to the first
line is what it takes to have an environment ready and a process in it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from benchmarks.evidence import Figures
from benchmarks.report import Column, ratios
from benchmarks.system import System
from benchmarks.workload import OURS, Round, Workload, take_turns
from headrace.runtimes.python.uv import UvTool

STATES = ("new", "cached", "warm", "bare")
PACKAGE = "pandas"

_IMPORT = f"""\
import time
entered, began = time.time(), time.perf_counter()
import {PACKAGE}
took = time.perf_counter() - began

def main():
    return [entered, took]
"""
_BARE = """\
import time
entered = time.time()

def main():
    return [entered, 0.0]
"""
_ALONE = "\nimport json\nprint(json.dumps(main()))\n"
_REPEATS = 5


async def _start_cold(system: System) -> Figures:
    """One round: for each state its seconds by the client's clock, and those of its parts."""
    for folder in (system.folder / "data/cache", system.folder / "data/shared/environments"):
        shutil.rmtree(folder, ignore_errors=True)
    # The same script has its lock already, so each round brings its own.
    name = f"f/benchmarks/cold_{time.monotonic_ns()}"
    async with system.working(), system.client() as client:
        new = await _timed(system, name, lambda: _deploy_and_call(client, name, _IMPORT))
        for environment in (system.folder / "data/shared/environments").glob("[!.]*"):
            shutil.rmtree(environment)
        cached = await _timed(system, name, lambda: _call(client, name))
        warm = [await _timed(system, name, lambda: _call(client, name)) for _ in range(_REPEATS)]
        bare_name = f"{name}_bare"
        await _deploy_and_call(client, bare_name, _BARE)
        bare = [await _timed(system, bare_name, lambda: _call(client, bare_name)) for _ in range(_REPEATS)]
    return {"new": new, "cached": cached, "warm": _median(warm), "bare": _median(bare)}


async def _start_by_hand() -> Figures:
    """The same with ``uv venv``, ``uv pip compile``, ``uv pip install`` and a plain interpreter."""
    return await asyncio.to_thread(_by_hand)


def _by_hand() -> Figures:
    folder = Path(tempfile.mkdtemp(prefix="bench-by-hand-"))
    try:
        uv = UvTool.find(folder / "cache")
        (folder / "script.py").write_text(_IMPORT + _ALONE)
        (folder / "bare.py").write_text(_BARE + _ALONE)
        program = [str(folder / "venv/bin/python"), str(folder / "script.py")]

        def install(*, is_new: bool) -> float:
            shutil.rmtree(folder / "venv", ignore_errors=True)
            _run([uv.program, "venv", "-q", folder / "venv"], uv.environ)
            if is_new:
                compiled = [
                    uv.program,
                    "pip",
                    "compile",
                    "-q",
                    "--generate-hashes",
                    "-o",
                    folder / "lock",
                    "-",
                ]
                _run(compiled, uv.environ, PACKAGE)
            offline = [] if is_new else ["--offline"]
            options = ["--python", folder / "venv/bin/python", "--require-hashes", "-r", folder / "lock"]
            environ = {name: value for name, value in uv.environ.items() if name != "UV_PYTHON"}
            _run([uv.program, "pip", "install", "-q", *offline, *options], environ)
            return _import_seconds(_run(program, {}))

        new = _clocked(lambda: install(is_new=True))
        cached = _clocked(lambda: install(is_new=False))
        warm = [_clocked(lambda: _import_seconds(_run(program, {}))) for _ in range(_REPEATS)]
        plain = [sys.executable, "-I", "-S", folder / "bare.py"]
        bare = [_clocked(lambda: _import_seconds(_run(plain, {}))) for _ in range(_REPEATS)]
    finally:
        shutil.rmtree(folder)
    return {"new": new, "cached": cached, "warm": _median(warm), "bare": _median(bare)}


async def _deploy_and_call(client: httpx.AsyncClient, path: str, content: str) -> list[float]:
    body = {"path": path, "content": content, "language": "python3", "summary": ""}
    (await client.post("/scripts/create", json=body)).raise_for_status()
    return await _call(client, path)


async def _call(client: httpx.AsyncClient, path: str) -> list[float]:
    response = await client.post(f"/jobs/run_wait_result/p/{path}", json={})
    if response.status_code != 200:
        raise RuntimeError(f"{path}: {response.status_code} {response.text[:500]}")
    return response.json()


async def _timed(system: System, path: str, deed: Callable[[], Awaitable[list[float]]]) -> dict[str, float]:
    began = time.perf_counter()
    entered, imported = await deed()
    seconds = time.perf_counter() - began
    claimed = await system.connection.fetchval(
        "select extract(epoch from max(started_at))::float8 from job_history"
        " where path = $1 and kind = 'script'",
        path,
    )
    return {"seconds": seconds, "import_seconds": imported, "ready_seconds": entered - claimed}


def _import_seconds(output: str) -> float:
    return json.loads(output)[1]


def _clocked(deed: Callable[[], float]) -> dict[str, float]:
    began = time.perf_counter()
    imported = deed()
    return {"seconds": time.perf_counter() - began, "import_seconds": imported}


def _median(samples: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in samples) for name in samples[0]}


def _run(command: list[Any], environ: dict[str, str], text: str = "") -> str:
    done = subprocess.run(
        command,
        env={"PATH": os.defpath, **environ},
        input=text,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


async def _measure(system: System, _: argparse.Namespace, number: int) -> Round:
    return await take_turns(number, {OURS: lambda: _start_cold(system), "by hand": _start_by_hand})


def _show(rounds: list[Round]) -> None:
    print(f"\n## W8: cold starts with {PACKAGE}, client's clock\n")
    print(f"{len(rounds)} rounds. Medians over the rounds.", end=" ")
    print("*Ready* is from the claim to the script's first line.\n")
    print(f"| state | {OURS} ÷ by hand | {OURS} s | of it ready | of it import | by hand s | of it import |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for state in STATES:
        parts = (
            f"{statistics.median(one[what][state][key] for one in rounds):.3f}"
            for what, keys in _SHOWN.items()
            for key in keys
        )
        whole = Column("", lambda figures, state=state: figures[state]["seconds"])
        ratio = statistics.median(ratios(rounds, whole, OURS, "by hand"))
        print(f"| {state} | {ratio:.2f} | {' | '.join(parts)} |")


_SHOWN = {OURS: ("seconds", "ready_seconds", "import_seconds"), "by hand": ("seconds", "import_seconds")}

WORKLOAD = Workload("w8", 3, _measure, _show)
