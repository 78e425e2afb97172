"""A file is read again only when it has changed."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from headrace.cli.folder.memory import FileMemory
from headrace.clock import now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_text("one")
    return file


def later() -> datetime:
    return now() + timedelta(hours=1)


def test_an_unchanged_file_is_read_once(file: Path):
    read: list[Path] = []

    def note(file: Path) -> str:
        read.append(file)
        return file.read_text()

    memory = FileMemory(later)
    assert [memory.recall(file, note) for _ in range(3)] == ["one"] * 3
    assert len(read) == 1
    file.write_text("two")
    assert memory.recall(file, note) == "two"


def test_one_that_was_written_a_moment_ago_is_read_again(file: Path):
    memory = FileMemory()
    file.write_text("two")
    assert memory.recall(file, Path.read_text) == "two"
    before = file.stat()
    file.write_text("six")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert memory.recall(file, Path.read_text) == "six"


def test_what_reading_raises_is_raised_again(tmp_path: Path):
    memory = FileMemory()
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            memory.recall(tmp_path / "nothing", Path.read_text)
