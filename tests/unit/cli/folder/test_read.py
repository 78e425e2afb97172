"""A workspace's files: what counts, what does not, and what is wrong with the rest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headrace.cli.folder.memory import FileMemory
from headrace.cli.folder.read import MOST_BYTES, find_folders, read_workspace, survey_workspace
from headrace.errors import InvalidInput


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "f" / "demo").mkdir(parents=True)
    return tmp_path


def write(root: Path, name: str, text: str = "") -> Path:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def paths(root: Path) -> list[str]:
    return [script.path for script in survey_workspace(root)[0].scripts]


def faults(root: Path) -> list[str]:
    return [str(fault).removeprefix(f"{root}/") for fault in survey_workspace(root)[1]]


def test_a_python_file_alone_is_a_script_and_its_folder_a_folder(root: Path):
    write(root, "f/demo/plain.py", "x = 1\n")
    write(root, "f/demo/told.py", "x = 2\n")
    write(root, "f/demo/told.script.yaml", "summary: Told\n")
    write(root, "u/ada/own.py")
    files = read_workspace(root)
    assert [(script.path, script.is_bare) for script in files.scripts] == [
        ("f/demo/plain", True),
        ("f/demo/told", False),
        ("u/ada/own", True),
    ]
    assert files.scripts[1].fields == {"summary": "Told"}
    assert [(folder.name, folder.fields) for folder in files.folders] == [("demo", {})]


@pytest.mark.parametrize(
    "name",
    [
        "setup.py",
        "tools/f/demo/x.py",
        "f/demo/__init__.py",
        "f/demo/.x.py.swp",
        "f/demo/.hidden.py",
        "f/demo/x.py~",
        "f/demo/__pycache__/x.py",
        "f/demo/.venv/x.py",
        "f/demo/node_modules/x.py",
        "f/demo/steps.flow/a.py",
        "f/demo/steps__flow/a.py",
        "f/demo/page.raw_app/a.py",
        "f/demo/big__mod/a.py",
    ],
)
def test_this_is_no_script(root: Path, name: str):
    write(root, name)
    assert (paths(root), faults(root)) == ([], [])


def test_an_environment_is_neither_read_nor_watched(root: Path):
    write(root, "f/demo/env/pyvenv.cfg")
    write(root, "f/demo/env/lib/x.py")
    write(root, ".git/objects/x")
    write(root, "f/demo/inner/x.py")
    assert paths(root) == ["f/demo/inner/x"]
    assert [folder.relative_to(root).as_posix() for folder in find_folders(root)] == [
        ".",
        "f",
        "f/demo",
        "f/demo/env",
        "f/demo/inner",
    ]


def test_a_circle_of_links_a_pipe_and_a_link_to_nothing_are_passed_over(root: Path):
    write(root, "f/demo/x.py")
    (root / "f" / "demo" / "again").symlink_to(root / "f")
    (root / "f" / "demo" / "self.py").symlink_to(root / "f" / "demo" / "self.py")
    (root / "f" / "demo" / "gone.py").symlink_to(root / "nothing")
    os.mkfifo(root / "f" / "demo" / "pipe.py")
    assert (paths(root), faults(root)) == (["f/demo/x"], [])


def test_each_file_that_cannot_be_used_has_its_fault_and_the_others_count(root: Path):
    write(root, "f/demo/good.py")
    write(root, "f/demo/bad name.py")
    write(root, "f/demo/lonely.script.yaml", "summary: alone\n")
    write(root, "f/demo/odd.py")
    write(root, "f/demo/odd.script.yaml", "just words")
    (root / "f" / "demo" / "binary.py").write_bytes(b"x = '\xff'")
    with (root / "f" / "demo" / "huge.py").open("wb") as huge:
        huge.truncate(MOST_BYTES + 1)
    (root / "f" / "demo" / os.fsdecode(b"a\n\xff.py")).touch()
    write(root, "f/bad folder/x.py")
    assert paths(root) == ["f/demo/good"]
    told = faults(root)
    for start in (
        "f/demo/bad name.py: must look like",
        "f/demo/lonely.script.yaml: has no lonely.py beside it",
        "f/demo/odd.script.yaml: must hold names with values",
        "f/demo/binary.py: is not valid UTF-8 at byte 5",
        "f/demo/huge.py: has 10,000,001 bytes, more than the 10,000,000 that are allowed",
        "f/demo/a\\n\\xff.py: must look like",
        "f/bad folder: must be 1 to 50",
    ):
        assert [line for line in told if line.startswith(start)], (start, told)
    with pytest.raises(InvalidInput):
        read_workspace(root)


def test_locks_are_left_out_where_they_are_not_wanted(root: Path):
    write(root, "f/demo/x.py")
    write(root, "f/demo/x.script.yaml", "lock: '!inline f/demo/x.script.lock'\n")
    assert faults(root) == ["f/demo/x.script.lock: can't be read: No such file or directory"]
    (script,) = survey_workspace(root, FileMemory(), takes_locks=False)[0].scripts
    assert script.fields == {}
    write(root, "f/demo/x.script.lock", "wmill==1\n")
    assert read_workspace(root).scripts[0].fields == {"lock": "wmill==1\n"}
