"""Folders for installations of a test's own; the one that all tests share is in ``tests/ground``."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.acceptance.commands import family_of
from tests.ground.database import make_data_folder


@pytest.fixture(scope="session")
def shared() -> Iterator[Path]:
    """What installations one after the other may share: the copy of an interpreter that jobs can't reach."""
    folder = make_data_folder()
    (folder / "shared").mkdir(mode=0o755)
    yield folder / "shared"
    shutil.rmtree(folder)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder that is not there yet, for an installation of a test's own."""
    folder = make_data_folder()
    yield folder / "data"
    # Only where a test has failed is anything left.
    for pid in family_of(folder):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder)


@pytest.fixture
def quick_data_dir(data_dir: Path, shared: Path) -> Path:
    """The same, with what a first start makes for jobs already made by another one."""
    data_dir.mkdir(mode=0o711)
    data_dir.chmod(0o711)
    (data_dir / "shared").symlink_to(shared)
    return data_dir
