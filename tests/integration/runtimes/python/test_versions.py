"""A job runs on the Python that its lock names, with packages for that one."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from headrace.model.outcome import Outcome
from headrace.runtimes.base import Attempt, Code, Folders, Runtime
from headrace.runtimes.isolation import find_isolation
from headrace.runtimes.python.interpreter import Installation
from headrace.runtimes.registry import make_runtimes
from headrace.sandbox.cage import Cage, Stop
from headrace.sandbox.slots import open_slots
from headrace.settings import Settings
from tests.integration.runtimes.python.package_index import add_source
from tests.integration.runtimes.python.test_builds import C_EXTENSION, with_compiler
from tests.integration.runtimes.python.test_interpreters import OWN, others
from tests.integration.runtimes.python.tools import KeptLog

WHICH = "import sys\ndef main(value): return ['%d.%d' % sys.version_info[:2], value]"
COMPILED = "import sys, _native\ndef main(): return ['%d.%d' % sys.version_info[:2], _native.answer]"
SLOTS = Settings(slots=1)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def other() -> Installation:
    if not (found := others()):
        pytest.skip("no second version of Python is on PATH or below a folder of TEST_PYTHONS")
    return found[-1]


class Bench:
    """The runtime of a worker that knows one more interpreter, and a package without a wheel."""

    def __init__(self, folders: Folders, runtime: Runtime, cage: Cage) -> None:
        self.folders = folders
        self.runtime = runtime
        self.cage = cage

    async def run(self, code: str, lock: str | None, arguments: dict[str, Any] | None = None) -> Outcome:
        attempt = Attempt(
            name="attempt-1",
            code=Code(code, "python3", lock=lock),
            arguments=json.dumps(arguments or {}).encode(),
            environ={"WM_JOB_ID": "a-job"},
            timeout_seconds=50,
            cage=self.cage,
            stop=Stop(),
            note_memory=_forget,
        )
        return await self.runtime.run(attempt, KeptLog())


async def _forget(peak_memory_kb: int) -> None:
    pass


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """Holds the folders of a worker, and of packages."""
    with tempfile.TemporaryDirectory(prefix="headrace-") as name:
        Path(name).chmod(0o755)
        (Path(name) / "packages").mkdir()
        yield Path(name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(root: Path, other: Installation) -> AsyncIterator[Bench]:
    slots = open_slots(SLOTS, await find_isolation("auto"))
    packages = root / "packages"
    add_source(packages, "natively", C_EXTENSION)
    folders = Folders(*(root / part for part in ("shared", "cache", "jobs")))
    settings = replace(SLOTS, python_interpreters=(str(other.program),), find_links=(str(packages),))
    runtimes = await make_runtimes(folders, slots, settings)
    yield Bench(folders, runtimes.get("python3"), slots.cages[0])
    await runtimes.close()


async def test_a_job_runs_on_the_python_of_its_lock(bench: Bench, other: Installation):
    for version in (other.version, OWN, other.version):
        outcome = await bench.run(WHICH, f"# python {version}\n", {"value": "ä"})
        assert json.loads(outcome.result) == [version, "ä"]


@with_compiler
async def test_packages_are_built_for_the_python_of_the_lock(bench: Bench, other: Installation):
    for version in (other.version, OWN):
        outcome = await bench.run(COMPILED, f"# python {version}\nnatively==1.0\n")
        assert json.loads(outcome.result) == [version, 42], outcome.result
    assert len(list((bench.folders.shared / "environments").glob("[!.]*"))) == 2


async def test_a_lock_for_a_python_that_is_not_here_fails_and_says_so(bench: Bench):
    outcome = await bench.run(WHICH, "# python 3.99\n")
    error = json.loads(outcome.result)["error"]
    assert error["message"].startswith("Python 3.99 is asked for; this worker has ")
