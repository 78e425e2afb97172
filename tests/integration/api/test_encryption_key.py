"""Another key for a workspace: its secrets stay what they are, under ciphertexts of the new one."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import asyncpg
import httpx
import pytest

from headrace.vault.vault import Vault
from tests.ground.database import ROOT_KEY
from tests.ground.people import WORKSPACE
from tests.integration.api.callers import Api, PlayedWorker, deploy, in_workspace, run

ROUTE = in_workspace("workspaces/encryption_key")
NEW_KEY = base64.b64encode(bytes(range(1, 33))).decode()
SECRETS = {"u/alice/one": "hunter2", "u/bob/two": "é\n"}
CIPHERTEXTS = "select path, value from variable where is_secret order by path"
WAITING = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"


@pytest.fixture
async def filled(api: Api) -> Api:
    """Two secrets of two people, and a variable that is none."""
    for path, value in SECRETS.items():
        await create(api.admin, path=path, value=value, is_secret=True)
    await create(api.admin, path="u/alice/plain", value="plain", is_secret=False)
    return api


async def create(caller: httpx.AsyncClient, **fields: Any) -> None:
    answer = await caller.post(in_workspace("variables/create"), json={"description": "", **fields})
    assert answer.status_code == 201, answer.text


async def set_key(caller: httpx.AsyncClient, key: str, **fields: Any) -> httpx.Response:
    return await caller.post(ROUTE, json={"new_key": key, **fields})


async def values(api: Api) -> dict[str, str]:
    answers = {path: await api.admin.get(in_workspace(f"variables/get_value/{path}")) for path in SECRETS}
    return {path: answer.json() if answer.is_success else answer.text for path, answer in answers.items()}


async def test_secrets_are_encrypted_anew_and_otherwise_unchanged(filled: Api, owner: asyncpg.Connection):
    before = await owner.fetch("select * from variable order by path")
    answer = await set_key(filled.admin, NEW_KEY)
    assert (answer.status_code, answer.text) == (200, "key of workspace acme set, secrets encrypted anew: 2")
    assert (await filled.admin.get(ROUTE)).json() == {"key": NEW_KEY}
    assert await values(filled) == SECRETS
    after = await owner.fetch("select * from variable order by path")
    for old, new in zip(before, after, strict=True):
        assert (old["value"] != new["value"]) is old["is_secret"]
        assert {**old, "value": ""} == {**new, "value": ""}
    foreign = {"path": "u/alice/old", "value": before[0]["value"], "is_secret": True, "description": ""}
    refused = await filled.admin.post(in_workspace("variables/create?already_encrypted=true"), json=foreign)
    assert refused.status_code == 400
    noted = await owner.fetchrow(
        "select username, action_kind, resource, parameters::text from audit where operation like '%set_enc%'"
    )
    assert noted is not None
    assert tuple(noted) == ("admin", "Updated", "acme", '{"reencrypt": true, "reencrypted": 2}')


async def test_the_same_key_changes_no_ciphertext(filled: Api, owner: asyncpg.Connection):
    before = await owner.fetch(CIPHERTEXTS)
    key = (await filled.admin.get(ROUTE)).json()["key"]
    assert (await set_key(filled.admin, key)).status_code == 200
    assert await owner.fetch(CIPHERTEXTS) == before


async def test_without_reencryption_secrets_wait_for_the_key_that_fits(filled: Api):
    key = (await filled.admin.get(ROUTE)).json()["key"]
    assert (await set_key(filled.admin, NEW_KEY, skip_reencrypt=True)).status_code == 200
    assert "was not encrypted for it and can't be read" in (await values(filled))["u/alice/one"]
    # What can't be read stays as it is.
    assert (await set_key(filled.admin, base64.b64encode(bytes(32)).decode())).text.endswith(": 0")
    assert (await set_key(filled.admin, key, skip_reencrypt=True)).status_code == 200
    assert await values(filled) == SECRETS


async def test_only_admins_as_persons_set_a_key(filled: Api, owner: asyncpg.Connection, worker: PlayedWorker):
    before = await owner.fetch("select * from workspace_key")
    assert (await set_key(filled.anonymous, NEW_KEY)).status_code == 401
    assert (await set_key(filled.alice, NEW_KEY)).status_code == 403
    await deploy(filled.admin, "u/admin/script")
    await run(filled.admin, "u/admin/script")
    async with filled.client((await worker.take()).token) as job:
        assert (await set_key(job, NEW_KEY)).status_code == 403
    assert await owner.fetch("select * from workspace_key") == before


@pytest.mark.parametrize("key", ["", "short", NEW_KEY[:-4], NEW_KEY + "AAAA", " " + NEW_KEY, "é" * 44])
async def test_what_is_no_key_is_refused_and_not_repeated(api: Api, key: str):
    answer = await set_key(api.admin, key)
    assert answer.status_code == 400
    assert "new_key" in answer.text
    assert not key or key not in answer.text


async def test_a_secret_that_is_just_being_stored_is_not_left_behind(api: Api, owner: asyncpg.Connection):
    vault, path = Vault(ROOT_KEY), "u/alice/late"
    async with owner.transaction():
        await vault.hold_key(owner, WORKSPACE)
        ciphertext = await vault.encrypt(owner, WORKSPACE, path, "late")
        await owner.execute(
            "insert into variable (workspace_id, path, value, is_secret, created_by, edited_by)"
            " values ('acme', $1, $2, true, 'alice', 'alice')",
            path,
            ciphertext,
        )
        changing = asyncio.create_task(set_key(api.admin, NEW_KEY))
        while not await owner.fetchval(WAITING):
            pass
    assert (await changing).text.endswith(": 1")
    assert (await api.alice.get(in_workspace(f"variables/get_value/{path}"))).json() == "late"
