"""Where a job's modules lie."""

from __future__ import annotations

from headrace.runtimes.base import Code
from headrace.runtimes.python.layout import job_files, module_of


def test_a_script_and_what_it_imports_lie_at_their_paths():
    files = job_files(Code("main", "python3", path="f/a/x", modules={"f/b/y": "lib", "f/a/x": "older"}))
    assert files == {"f/a/x.py": "main", "f/b/y.py": "lib"}


def test_a_preview_without_a_path_lies_at_the_top():
    assert job_files(Code("main", "python3")) == {"main.py": "main"}


def test_a_script_above_another_is_put_into_the_folder_too():
    files = job_files(Code("main", "python3", path="f/a/x", modules={"f/a/b": "one", "f/a/b/c/d": "two"}))
    assert files.keys() == {"f/a/x.py", "f/a/b.py", "f/a/b/__init__.py", "f/a/b/c/d.py"}


def test_a_dot_in_a_path_is_no_separator_of_modules():
    assert module_of("f/a/v1.2") == "f.a.v1_2"
