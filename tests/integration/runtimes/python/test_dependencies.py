"""From a script with its dependencies to its lock and its result, with an index of its own."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.runtimes.base import Attempt, Code, Folders, LockFailed
from headrace.runtimes.python.environments import PythonEnvironments
from headrace.runtimes.python.fork_servers import ForkServers
from headrace.runtimes.python.interpreters import Interpreters
from headrace.runtimes.python.runtime import PythonRuntime
from headrace.runtimes.runner_files import place_runner
from headrace.sandbox.cage import Cage, Isolation, Stop
from headrace.sandbox.slots import Slots, open_slots
from headrace.settings import Settings
from tests.integration.runtimes.python.local_index import LocalIndex, local_index
from tests.integration.runtimes.python.tools import KeptLog

SHADOWING = {
    f"{name}.py": "raise RuntimeError('this is not the standard library')\n"
    for name in ("json", "typing", "traceback", "asyncio", "enum", "base64", "signal", "headrace_runner")
} | {"shadow.py": "import json\nVALUE = json.loads('7')\n"}

MAIN = """
import base64, enum, json, shadow, typing
from .random import number

async def main():
    import asyncio, signal, traceback
    await asyncio.sleep(0)
    return [shadow.VALUE, number(), base64.b64encode(b"x").decode()]
"""


@pytest.fixture
def folders() -> Iterator[Folders]:
    # Not below pytest's own folder, which nobody else may enter: a job has another uid.
    with tempfile.TemporaryDirectory(prefix="headrace-") as name:
        Path(name).chmod(0o755)
        made = Folders(*(Path(name) / part for part in ("shared", "cache", "jobs")))
        for folder in (made.shared, made.cache, made.jobs):
            folder.mkdir(mode=0o755)
        yield made


@pytest.fixture
async def index() -> AsyncIterator[LocalIndex]:
    async with local_index() as made:
        yield made


@pytest.fixture
async def cage() -> AsyncIterator[Cage]:
    async with open_slots(Settings(slots=1), Isolation.PROCESS).take() as taken:
        yield taken


def runtime_with(folders: Folders, index: LocalIndex, uid: int | None = None) -> PythonRuntime:
    """Without a uid it only makes locks: no interpreter has to be copied for it."""
    uv = index.uv(folders.cache)
    runner = place_runner(folders.shared)
    interpreters = Interpreters(folders, uid, runner, uv, Settings())
    environments = PythonEnvironments(folders, uv)
    servers = ForkServers(runner, Slots(Isolation.PROCESS, [Cage(Isolation.PROCESS, uid)]), (), 2**30)
    return PythonRuntime(folders, runner, interpreters, environments, uv, servers=servers, is_forking=True)


async def result_of(runtime: PythonRuntime, code: Code, cage: Cage) -> Any:
    """What a script gives that is locked as it is started."""

    async def note(_peak_memory_kb: int) -> None: ...

    outcome = await runtime.run(Attempt("a-1", code, b"{}", {}, 60, cage, Stop(), note), KeptLog())
    await runtime.close()
    return json.loads(outcome.result)


async def test_names_of_the_standard_library_do_no_harm(folders: Folders, index: LocalIndex, cage: Cage):
    """Be they those of scripts beside it, or of modules that a package brings."""
    index.add("shadow", "1.0", SHADOWING)
    modules = {"f/x/random": "import random\ndef number(): return random.choice([2])", "f/x/typing": "1 / 0"}
    code = Code(MAIN, "python3", path="f/x/json", modules=modules)
    runtime = runtime_with(folders, index, cage.uid)
    assert await result_of(runtime, code, cage) == [7, 2, "eA=="]


async def test_requirements_of_imported_scripts_are_locked_and_it_is_said_who_asks(
    folders: Folders, index: LocalIndex, cage: Cage
):
    index.add("one", "1.0")
    index.add("two", "2.0")
    modules = {"f/x/b": "import two # pin: two==2.0\n"}
    log = KeptLog()
    runtime = runtime_with(folders, index)
    code = Code("import one\nfrom f.x.b import two", "python3", "f/x/a", modules=modules)
    lock = await runtime.lock(code, cage, log, Stop())
    assert [line.split()[0] for line in lock.splitlines() if "==" in line] == ["one==1.0", "two==2.0"]
    assert "  one (from f/x/a)\n  two==2.0 (from f/x/b)\n" in log.text


async def test_scripts_that_contradict_one_another_are_named(folders: Folders, index: LocalIndex, cage: Cage):
    for version in ("0.4", "1.0"):
        index.add("dist", version)
    modules = {"f/x/b": "import dist # pin: dist==0.4", "f/x/c": "import dist # pin: dist==1.0"}
    runtime = runtime_with(folders, index)
    with pytest.raises(LockFailed, match=r"dist==0\.4 is asked for by f/x/b; dist==1\.0 is .* f/x/c"):
        await runtime.lock(Code("import dist", "python3", "f/x/a", modules=modules), cage, KeptLog(), Stop())
    repinned = Code("import dist # repin: dist==1.0 works for all", "python3", "f/x/a", modules=modules)
    assert "\ndist==1.0" in await runtime.lock(repinned, cage, KeptLog(), Stop())


async def test_a_file_of_the_workspace_is_locked(folders: Folders, index: LocalIndex, cage: Cage):
    index.add("one", "1.0")
    runtime = runtime_with(folders, index)
    code = Code("# requirements: ml\nimport two", "python3", dependency_files={"ml": "one # first\n"})
    assert "\none==1.0" in await runtime.lock(code, cage, KeptLog(), Stop())


async def test_a_python_that_is_not_there_is_told(folders: Folders, index: LocalIndex, cage: Cage):
    runtime = runtime_with(folders, index)
    code = Code("import f.x.b", "python3", "f/x/a", modules={"f/x/b": "# py: >=3.40\n"})
    with pytest.raises(LockFailed, match=r"Python >=3\.40 is asked for \(in script f/x/b\)"):
        await runtime.lock(code, cage, KeptLog(), Stop())
