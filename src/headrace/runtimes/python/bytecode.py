"""Compiles the modules of an environment, so that no job has to."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

from headrace.runtimes.python.interpreter import PythonInterpreter

_TESTS = "/tests/"
"""Packages bring half as many tests as modules (pandas: 1500 of 2800 files), and no job runs them."""


async def compile_bytecode(
    interpreter: PythonInterpreter, folder: Path, canceled: asyncio.Event, held: tuple[int, ...] = ()
) -> bool:
    """Compile all that is in ``folder`` but tests, on all cores; False if canceled, then nothing runs on.

    Modules that are no Python of this version are left as they are. Nothing of them is run. The compiled
    ones never look at their source again, for nobody writes it. Processes inherit the descriptors ``held``.
    """
    process = await asyncio.create_subprocess_exec(
        interpreter.path, "-I", "-S", "-m", "compileall",
        "-q", "-j", "0", "-x", _TESTS, "--invalidation-mode", "unchecked-hash", ".",
        cwd=folder,  # its own path must not be found in them, nor taken for one of tests
        env={"PATH": os.defpath} | interpreter.environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=held,
    )  # fmt: skip
    ending = asyncio.create_task(process.wait())
    stopping = asyncio.create_task(canceled.wait())
    try:
        await asyncio.wait((ending, stopping), return_when=asyncio.FIRST_COMPLETED)
        return ending.done()
    finally:
        stopping.cancel()
        if not ending.done():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.wait((ending,))
