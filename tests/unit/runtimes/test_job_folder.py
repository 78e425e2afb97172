"""Whatever a job makes of its folder, it is removed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headrace.runtimes.job_folder import remove_job_folder

DEEPER_THAN_PYTHON_CALLS = 1500


async def test_a_folder_is_removed_however_deep_and_closed_and_linked_it_is(tmp_path: Path):
    folder, other = tmp_path / "job", tmp_path / "other"
    for made in (folder, other):
        made.mkdir()
    (other / "kept").write_text("kept")
    (folder / "link").symlink_to(other)
    make_deep(folder)
    (folder / "closed" / "below").mkdir(parents=True)
    (folder / "closed" / "below" / "file").write_text("")
    (folder / "closed" / "below").chmod(0)
    (folder / "closed").chmod(0)
    await remove_job_folder(folder)
    assert names_in(tmp_path) == ["other"]
    assert (other / "kept").read_text() == "kept"


async def test_a_folder_that_is_not_there_is_missed(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        await remove_job_folder(tmp_path / "job")


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def make_deep(folder: Path) -> None:
    above = os.open(folder, os.O_RDONLY)
    for _ in range(DEEPER_THAN_PYTHON_CALLS):
        os.mkdir("d", dir_fd=above)
        inside = os.open("d", os.O_RDONLY, dir_fd=above)
        os.close(above)
        above = inside
    os.close(above)
