"""W8: from a script that nobody has run to its result, beside the same done by hand with uv.

Four states: nothing is there but the index (``new``); packages are downloaded, the environment is not there
(``cached``); all is there (``warm``); nothing is imported (``bare``). The script says itself how long its
import took.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from benchmarks.system import System
from headrace.runtimes.python.uv import UvTool

STATES = ("new", "cached", "warm", "bare")
PACKAGE = "pandas"

_IMPORT = f"""\
import time
began = time.perf_counter()
import {PACKAGE}
took = time.perf_counter() - began

def main():
    return took
"""
_BARE = "def main():\n    return 0.0\n"
_ALONE = "\nimport json\nprint(json.dumps(main()))\n"
_REPEATS = 5


async def start_cold(system: System) -> dict[str, Any]:
    """One round: for each state the seconds by the client's clock, and those of the import within them."""
    for folder in (system.folder / "data/cache", system.folder / "data/shared/environments"):
        shutil.rmtree(folder, ignore_errors=True)
    # The same script has its lock already, so each round brings its own.
    name = f"f/benchmarks/cold_{time.monotonic_ns()}"
    async with system.working(), system.client() as client:
        new = await _timed(lambda: _deploy_and_call(client, name, _IMPORT))
        for environment in (system.folder / "data/shared/environments").glob("[!.]*"):
            shutil.rmtree(environment)
        cached = await _timed(lambda: _call(client, name))
        warm = [await _timed(lambda: _call(client, name)) for _ in range(_REPEATS)]
        await _deploy_and_call(client, f"{name}_bare", _BARE)
        bare = [await _timed(lambda: _call(client, f"{name}_bare")) for _ in range(_REPEATS)]
    return {"new": new, "cached": cached, "warm": _median(warm), "bare": _median(bare)}


async def start_by_hand() -> dict[str, Any]:
    """The same with ``uv venv``, ``uv pip compile``, ``uv pip install`` and a plain interpreter."""
    return await asyncio.to_thread(_start_by_hand)


def _start_by_hand() -> dict[str, Any]:
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
            return json.loads(_run(program, {}))

        new = _clocked(lambda: install(is_new=True))
        cached = _clocked(lambda: install(is_new=False))
        warm = [_clocked(lambda: json.loads(_run(program, {}))) for _ in range(_REPEATS)]
        plain = [sys.executable, "-I", "-S", folder / "bare.py"]
        bare = [_clocked(lambda: json.loads(_run(plain, {}))) for _ in range(_REPEATS)]
    finally:
        shutil.rmtree(folder)
    return {"new": new, "cached": cached, "warm": _median(warm), "bare": _median(bare)}


async def _deploy_and_call(client: httpx.AsyncClient, path: str, content: str) -> float:
    body = {"path": path, "content": content, "language": "python3", "summary": ""}
    (await client.post("/scripts/create", json=body)).raise_for_status()
    return await _call(client, path)


async def _call(client: httpx.AsyncClient, path: str) -> float:
    response = await client.post(f"/jobs/run_wait_result/p/{path}", json={})
    if response.status_code != 200:
        raise RuntimeError(f"{path}: {response.status_code} {response.text[:500]}")
    return response.json()


async def _timed(deed: Callable[[], Any]) -> dict[str, float]:
    began = time.perf_counter()
    imported = await deed()
    return {"seconds": time.perf_counter() - began, "import_seconds": imported}


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
