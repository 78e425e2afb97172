"""Small habits: an exception gives its reason, a migration says what it asks of a release."""

from __future__ import annotations

import re

from tests.house.tree import PACKAGE, own_files, shown

EXCEPTION = re.compile(r"#\s*(?:noqa|type: ignore|pyright: ignore|pragma: no cover)\b(.*)")
WITH_REASON = re.compile(r"(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|\[[\w, -]+\])\s+\W?\s*\w+.*")
HEADER = re.compile(r"-- phase: (?:before|after)\n-- breaking: (?:yes|no)\n-- \S")


def test_every_exception_from_the_linters_gives_its_reason():
    """``# noqa: BLE001 - the edge of a request``: the rule, then why."""
    bare = [
        f"{shown(file)}:{number}"
        for file in own_files()
        if file.suffix == ".py"
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if (found := EXCEPTION.search(line)) and not WITH_REASON.match(found[1])
    ]
    assert not bare


def test_migrations_are_numbered_without_a_gap():
    names = sorted(file.name for file in (PACKAGE / "db" / "migrations").iterdir())
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", name) for name in names)
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_every_migration_begins_with_its_header():
    files = (PACKAGE / "db" / "migrations").glob("*.sql")
    assert not [shown(file) for file in files if not HEADER.match(file.read_text())]
