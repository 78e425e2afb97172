"""Starts the runner with a script as a worker does, in a process of its own, without a worker."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from headrace.runtimes.runner_files import BOOTSTRAP, place_runner
from headrace.sandbox.cage import Cage, Isolation, Stop
from headrace.sandbox.frames import ARGUMENTS, RESULT, STREAMED, Frame
from headrace.sandbox.process import Launch, start
from headrace.sandbox.run import Sinks, follow


@dataclass
class Told:
    """What a script told its worker. ``answer`` is its result, or its error."""

    answer: Any = None
    is_success: bool = False
    stream: list[str] = field(default_factory=list[str])
    arguments: Any = None
    log: str = ""


def run_script(source: str, arguments: dict[str, Any] | None = None, **plan: Any) -> Told:
    """Run ``main`` of a script, or what the plan says."""
    return asyncio.run(_run(source, arguments or {}, plan))


async def _run(source: str, arguments: dict[str, Any], changes: dict[str, Any]) -> Told:
    told = Told()

    async def write(data: bytes) -> None:
        told.log += data.decode()

    async def take_note(frame: Frame) -> None:
        if frame.kind == STREAMED:
            told.stream.append(frame.payload.decode())
        elif frame.kind == ARGUMENTS:
            told.arguments = json.loads(frame.payload)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "main.py").write_text(source)
        plan = {"folder": name, "file": "main.py", "module": "main", "path": [], "entry": "main"} | changes
        command = (sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", BOOTSTRAP, str(_runner()))
        environ = {"PATH": os.environ["PATH"], "WM_JOB_ID": name}
        cage = Cage(Isolation.NONE, None)
        launch = Launch(command, plan, folder, environ, json.dumps(arguments).encode(), cage)
        ended = await follow(start(launch), cage, Sinks(write, take_note=take_note), Stop(), 30)
    assert ended.frame is not None, told.log
    told.answer = json.loads(ended.frame.payload)
    told.is_success = ended.frame.kind == RESULT
    return told


@cache
def _runner() -> Path:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    return place_runner(folder)
