"""What the documents name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headrace.settings import describe_settings
from tests.house.tree import PACKAGE, ROOT, own_files, shown

DOCUMENTS = [file for file in own_files() if file.suffix == ".md"]
HOUSE_DOCUMENTS = [file for file in DOCUMENTS if file.parent == ROOT]
SETTINGS = ROOT / "docs" / "settings.md"

_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
_FILE = re.compile(r"`([\w./-]+/[\w.-]*|[\w-]+\.(?:py|sql|md|toml|yaml))`")
_TARGET = re.compile(r"`make ([a-z-]+)[^`]*`|^(?:\$ )?make ([a-z-]+)", re.MULTILINE)


def named(document: Path) -> str:
    return shown(document)


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_a_link_leads_somewhere(document: Path):
    links = [
        link
        for link in _LINK.findall(document.read_text())
        if "://" not in link and not link.startswith("mailto:")
    ]
    assert not [link for link in links if not (document.parent / link).exists()]


@pytest.mark.parametrize("document", HOUSE_DOCUMENTS, ids=named)
def test_a_file_that_is_named_exists(document: Path):
    """Files are named from the top of the project, or from the top of the package."""
    if document.name == "CHANGELOG.md":
        pytest.skip("it tells of what was, too")
    names = [name for name in _FILE.findall(document.read_text()) if "NNNN" not in name]
    assert not [name for name in names if not any((top / name).exists() for top in (ROOT, PACKAGE))]


def test_the_life_of_a_job_names_statements_that_there_are():
    rows = [line.split("|") for line in (ROOT / "docs" / "job-lifecycle.md").read_text().splitlines()]
    told = {name for row in rows if len(row) == 7 for name in re.findall(r"`(\w+)`", row[3])}
    queries = "\n".join(file.read_text() for file in PACKAGE.rglob("*.sql"))
    assert len(told) >= 9
    assert told <= set(re.findall(r"^-- name: (\w+)$", queries, re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_a_target_that_is_named_is_in_the_makefile(document: Path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {name for pair in _TARGET.findall(document.read_text()) for name in pair if name} <= targets


def test_every_setting_is_documented_and_nothing_else():
    documented = set(re.findall(r"`HEADRACE_([A-Z_]+)`", SETTINGS.read_text()))
    assert documented == {name.upper() for name in describe_settings()}


def test_a_setting_is_told_in_the_words_of_the_code():
    text = SETTINGS.read_text()
    assert not [name for name, (_, sentence) in describe_settings().items() if sentence not in text]
