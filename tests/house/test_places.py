"""No file of the project names a machine it was written on, or a host that packages come from."""

from __future__ import annotations

import re

import pytest

from tests.house.tree import own_files, shown

FOLDERS_OF_A_MACHINE = re.compile(r"(?<![\w.])/(?:work|root)/\w")
HOSTS = re.compile(r"(?:pypi|pythonhosted|debian)\.org|(?:npmjs|yarnpkg)\.(?:org|com)")
ALLOWED: dict[str, str] = {}  # "path of the file": the reason


def texts() -> list[tuple[str, str]]:
    """Name and text of every file that holds text."""
    return [
        (shown(file), file.read_text(errors="replace"))
        for file in own_files()
        if b"\0" not in file.read_bytes()[:1024] and shown(file) not in ALLOWED
    ]


@pytest.mark.parametrize("unwanted", [FOLDERS_OF_A_MACHINE, HOSTS], ids=["folder", "host"])
def test_no_file_names_it(unwanted: re.Pattern[str]):
    assert not [(name, found[0]) for name, text in texts() if (found := unwanted.search(text))]
