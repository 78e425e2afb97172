"""What all conformance tests share: one data folder, and in it an interpreter that jobs can run."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.conformance.stage import PLACES, Stage, open_stage
from tests.conformance.ways import Bench, open_bench


@pytest.fixture(scope="session")
def worker_root() -> Iterator[Path]:
    """Holds the folders of workers, which share what jobs only read."""
    # Not below pytest's own folder, which nobody else may enter: a job has another uid.
    with tempfile.TemporaryDirectory(prefix="headrace-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bench(worker_root: Path) -> AsyncIterator[Bench]:
    """Slots at the level that this machine has by default."""
    async with open_bench(worker_root) as bench:
        yield bench


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=PLACES, ids=str)
async def stage(request: pytest.FixtureRequest, worker_root: Path) -> AsyncIterator[Stage]:
    """Each place in turn; those that this machine does not have are skipped, with the reason."""
    async with open_stage(request.param, worker_root) as stage:
        yield stage
