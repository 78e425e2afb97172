"""``db/schema.sql`` is what the migrations make."""

from __future__ import annotations

import pytest

from tools.dump_schema import SCHEMA_FILE, dump_migrations


@pytest.mark.timeout(120)
async def test_the_migrations_make_the_schema_that_is_checked_in():
    made = await dump_migrations()
    assert made == SCHEMA_FILE.read_text(encoding="utf-8"), "run `make schema` and look at what changed"
