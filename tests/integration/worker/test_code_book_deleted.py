"""A job of a version that was deleted while it waited fails, and says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from headrace.db.transaction import acting_as
from headrace.lifecycle.delete import delete_path
from headrace.lifecycle.deploy import deploy_script
from headrace.lifecycle.launch import Wish, run_path
from headrace.model.outcome import Outcome
from headrace.model.script import NewScript
from headrace.store import trash
from headrace.worker.code_book import CodeBook, ResolvedCode
from tests.ground.jobs import claim_as, open_session

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from tests.ground.people import People

PATH = "u/alice/script"


async def test_it_fails_on_a_worker_that_has_run_it_before_too(
    server_pool: Pool, worker_pool: Pool, people: People, monkeypatch: pytest.MonkeyPatch
):
    script = NewScript(PATH, "def main():\n    pass\n", "python3", lock="")
    async with acting_as(server_pool, people.alice) as connection:
        version, _ = await deploy_script(connection, people.alice, script)
        await run_path(connection, people.alice, PATH, Wish())
    (job,) = await claim_as(worker_pool, await open_session(worker_pool))
    book = CodeBook(worker_pool)
    assert isinstance(await book.resolve(job), ResolvedCode)
    async with acting_as(server_pool, people.admin) as connection:
        await delete_path(connection, people.admin, PATH)
    monkeypatch.setattr("headrace.worker.code_book.REMEMBERED_SECONDS", 0.0)
    for resolved in (await book.resolve(job), await CodeBook(worker_pool).resolve(job)):
        assert isinstance(resolved, Outcome)
        assert (
            json.loads(resolved.result)["error"]["message"] == f"version {version} of this script was deleted"
        )
    async with acting_as(server_pool, people.admin) as connection:
        (item,) = await trash.list_items(connection, "acme", None, limit=10, offset=0)
        await trash.restore_script(connection, item)
    assert isinstance(await book.resolve(job), ResolvedCode), "what was restored runs again"
