"""What a build made is taken over as plain data that belongs to the worker."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headrace.runtimes.base import DependenciesFailed
from headrace.runtimes.python.take_over import read_output, take_over

MINE = os.geteuid()
MUCH = 1024 * 1024


@pytest.fixture
def made(tmp_path: Path) -> Path:
    (tmp_path / "made" / "deep").mkdir(parents=True)
    return tmp_path / "made"


def test_files_keep_their_content_and_their_time_and_get_plain_modes(made: Path, tmp_path: Path):
    for name, mode in (("a.py", 0o600), ("deep/tool", 0o6777)):
        (made / name).write_text(name)
        os.utime(made / name, (1, 1_000_000_000))
        (made / name).chmod(mode)
    take_over(made, tmp_path / "target", MINE, MUCH)
    states = {name: (tmp_path / "target" / name).stat() for name in ("a.py", "deep/tool")}
    assert {name: oct(state.st_mode & 0o7777) for name, state in states.items()} == {
        "a.py": "0o644",
        "deep/tool": "0o755",
    }
    assert {state.st_mtime for state in states.values()} == {1_000_000_000}
    assert (tmp_path / "target" / "deep" / "tool").read_text() == "deep/tool"
    assert (made / "a.py").stat().st_ino != states["a.py"].st_ino


@pytest.mark.parametrize("kind", ["link", "link to a folder", "fifo"])
def test_what_is_no_plain_file_is_refused(made: Path, tmp_path: Path, kind: str):
    match kind:
        case "link":
            (made / "deep" / "x").symlink_to("/etc/hostname")
        case "link to a folder":
            (made / "deep" / "x").symlink_to("/etc")
        case _:
            os.mkfifo(made / "deep" / "x")
    with pytest.raises(DependenciesFailed, match="made deep/x: that is no plain file or folder of its own"):
        take_over(made, tmp_path / "target", MINE, MUCH)


def test_a_file_that_belongs_to_somebody_else_is_refused(made: Path, tmp_path: Path):
    """It may be a hard link, made to have the worker copy what only the worker can read."""
    (made / "x").write_text("x")
    with pytest.raises(DependenciesFailed, match="no plain file or folder of its own"):
        take_over(made, tmp_path / "target", MINE + 1, MUCH)


def test_more_than_is_allowed_is_refused_also_where_it_takes_no_room(made: Path, tmp_path: Path):
    with (made / "sparse").open("wb") as file:
        file.truncate(MUCH + 1)
    with pytest.raises(DependenciesFailed, match="more than 1 MB"):
        take_over(made, tmp_path / "target", MINE, MUCH)


def test_an_output_that_is_no_plain_file_of_its_own_counts_as_empty(made: Path):
    (made / "plain").write_text("said")
    (made / "link").symlink_to(made / "plain")
    os.mkfifo(made / "fifo")
    assert read_output(made / "plain", MINE, MUCH) == b"said"
    assert read_output(made / "plain", MINE, 2) == b"sa"
    assert read_output(made / "plain", MINE + 1, MUCH) == b""
    assert read_output(made / "link", MINE, MUCH) == b""
    assert read_output(made / "fifo", MINE, MUCH) == b""
    assert read_output(made / "missing", MINE, MUCH) == b""
