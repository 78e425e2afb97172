"""Variables over HTTP: secrets are stored as ciphertexts, told to who may have them, and never in a list."""

from __future__ import annotations

import dataclasses
from typing import Any

import asyncpg
import httpx
import pytest

from headrace.vault.root_key import RootKey
from headrace.vault.vault import Vault
from tests.ground.people import make_folder, make_member
from tests.integration.api.callers import Api, in_workspace

PATH = "u/alice/password"
SECRET = 'hunter2 é\n"quoted"'


@pytest.fixture
async def folder(owner: asyncpg.Connection, api: Api) -> str:
    """A folder that alice owns, carol may read; dora is an operator who may write there."""
    await make_member(owner, "carol")
    await make_member(owner, "dora", operator=True)
    for name in ("carol", "dora"):
        await api.sign_in(name, f"{name}@acme.test")
    await make_folder(owner, "team", owners=("u/alice",), extra_perms={"u/carol": False, "u/dora": True})
    return "f/team"


async def create(caller: httpx.AsyncClient, path: str = PATH, *, query: str = "", **fields: Any) -> None:
    body = {"path": path, "value": SECRET, "is_secret": True, "description": "d", **fields}
    answer = await caller.post(in_workspace(f"variables/create{query}"), json=body)
    assert answer.status_code == 201, answer.text


async def update(caller: httpx.AsyncClient, at: str = PATH, *, query: str = "", **fields: Any) -> None:
    answer = await caller.post(in_workspace(f"variables/update/{at}{query}"), json=fields)
    assert answer.status_code == 200, answer.text


async def get(caller: httpx.AsyncClient, path: str = PATH, **query: Any) -> dict[str, Any]:
    answer = await caller.get(in_workspace(f"variables/get/{path}"), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def value_of(caller: httpx.AsyncClient, path: str = PATH) -> str:
    answer = await caller.get(in_workspace(f"variables/get_value/{path}"))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ciphertext_of(caller: httpx.AsyncClient, path: str = PATH) -> str:
    return (await get(caller, path, decrypt_secret="false", include_encrypted="true"))["value"]


async def test_a_secret_is_stored_encrypted_and_told_to_who_may_have_it(api: Api, owner: asyncpg.Connection):
    await create(api.alice, labels=["a"])
    row = await owner.fetchrow("select * from variable")
    assert row is not None
    assert SECRET not in str(dict(row))
    shown = await get(api.alice)
    assert {key: shown[key] for key in ("path", "value", "is_secret", "description", "labels")} == {
        "path": PATH, "value": SECRET, "is_secret": True, "description": "d", "labels": ["a"],
    }  # fmt: skip
    assert (shown["is_draft"], shown["is_linked"], shown["extra_perms"]) == (False, False, {})
    assert await value_of(api.alice) == await value_of(api.admin) == SECRET
    assert "value" not in await get(api.alice, decrypt_secret="false")
    assert await ciphertext_of(api.alice) == row["value"]
    assert (await get(api.alice, include_encrypted="true"))["value"] == row["value"]
    assert (await get(api.alice, decrypt_secret="true", include_encrypted="true"))["value"] == SECRET
    audited = await owner.fetch("select username, resource from audit where operation like '%decrypt_secret'")
    assert [tuple(row) for row in audited] == [
        ("alice", PATH), ("alice", PATH), ("admin", PATH), ("alice", PATH),
    ]  # fmt: skip
    assert not await owner.fetchval("select count(*) from audit where parameters::text like '%hunter%'")


async def test_a_variable_that_is_no_secret_is_plain(api: Api, owner: asyncpg.Connection):
    await create(api.alice, value="plain", is_secret=False, query="?already_encrypted=true")
    assert await owner.fetchval("select value from variable") == "plain"
    for query in ({}, {"decrypt_secret": "false"}, {"include_encrypted": "true"}):
        assert (await get(api.alice, **query))["value"] == "plain"
    assert await value_of(api.alice) == "plain"
    assert not await owner.fetchval("select count(*) from audit where operation like '%decrypt_secret'")


async def test_a_list_has_no_secrets_and_is_narrowed_by_filters(api: Api):
    await create(api.alice, "u/alice/a", labels=["x"])
    await create(api.alice, "u/alice/b", value="Needle", is_secret=False, description="Hay")
    await create(api.alice, "u/alice/c", value="needle")
    await create(api.bob, "u/bob/d")

    async def listed(caller: httpx.AsyncClient = api.alice, **query: Any) -> list[str]:
        answer = await caller.get(in_workspace("variables/list"), params=query)
        assert answer.status_code == 200, answer.text
        assert SECRET not in answer.text
        assert [item["path"] for item in answer.json() if item["is_secret"] == ("value" in item)] == []
        return [item["path"].rpartition("/")[2] for item in answer.json()]

    assert await listed() == ["a", "b", "c"]
    assert await listed(api.admin) == ["a", "b", "c", "d"]
    assert await listed(api.admin, path_start="u/bob/") == await listed(api.bob) == ["d"]
    assert await listed(path="u/alice/a") == await listed(label="x") == ["a"]
    assert await listed(value="needle") == await listed(description="hay") == ["b"]
    assert await listed(broad_filter="LICE/A") == ["a"]
    assert await listed(page=2, per_page=2) == ["c"]
    assert (await api.alice.get(in_workspace("variables/list?include_draft_only=true"))).status_code == 400


async def test_a_variable_changes_as_far_as_is_said(api: Api, owner: asyncpg.Connection):
    await create(api.alice)
    await update(api.alice, value="second")
    assert await value_of(api.alice) == "second"
    await update(api.alice, description="other", labels=["l"])
    shown = await get(api.alice)
    assert (shown["value"], shown["description"], shown["labels"]) == ("second", "other", ["l"])
    await update(api.alice, is_secret=False)
    assert await owner.fetchval("select value from variable") == "second"
    await update(api.alice, is_secret=True)
    assert await owner.fetchval("select value from variable") != "second"
    await update(api.alice, path="u/alice/moved")
    assert await value_of(api.alice, "u/alice/moved") == "second"
    assert (await api.alice.get(in_workspace(f"variables/exists/{PATH}"))).json() is False
    await create(api.alice)
    taken = await api.alice.post(in_workspace(f"variables/update/{PATH}"), json={"path": "u/alice/moved"})
    assert (taken.status_code, taken.text) == (409, "variable u/alice/moved exists already")
    again = await api.alice.post(
        in_workspace("variables/create"), json={"path": PATH, "value": "", "is_secret": False}
    )
    assert again.status_code == 409


async def test_a_ciphertext_goes_back_to_where_it_came_from_as_it_is(api: Api):
    await create(api.alice)
    exported = await ciphertext_of(api.alice)
    await update(api.alice, value="changed meanwhile")
    await update(api.alice, value=exported, is_secret=True, query="?already_encrypted=true")
    assert await value_of(api.alice) == SECRET
    assert await ciphertext_of(api.alice) == exported
    await create(api.alice, "u/alice/copy", value=exported, query="?already_encrypted=true")
    assert await value_of(api.alice, "u/alice/copy") == SECRET


async def test_a_ciphertext_is_no_way_around_rights_nor_out_of_a_workspace(api: Api):
    await create(api.alice)
    exported = await ciphertext_of(api.alice)
    made = (await api.alice.post(in_workspace("variables/encrypt"), json="mine")).text
    await create(api.alice, "u/alice/made", value=made, query="?already_encrypted=true")
    assert await value_of(api.alice, "u/alice/made") == "mine"
    await api.superadmin.post("/workspaces/create", json={"id": "other", "name": "Other"})
    body = {"path": "u/bob/mine", "is_secret": True}
    for value in (exported, made, exported.replace(PATH, "u/bob/mine"), "no ciphertext", ""):
        answer = await api.bob.post(
            in_workspace("variables/create?already_encrypted=true"), json={**body, "value": value}
        )
        assert answer.status_code == 400
        assert answer.text.startswith("value: is no ciphertext of this workspace that you may use")
    elsewhere = await api.superadmin.post(
        "/w/other/variables/create?already_encrypted=true", json={**body, "value": exported}
    )
    assert elsewhere.status_code == 400


async def test_a_ciphertext_that_was_moved_in_the_database_is_not_decrypted(
    api: Api, owner: asyncpg.Connection
):
    await create(api.alice)
    await create(api.bob, "u/bob/mine", value="own")
    await owner.execute(
        "update variable set value = (select value from variable where path = $1) where owner = 'u/bob'",
        PATH,
    )
    answer = await api.bob.get(in_workspace("variables/get_value/u/bob/mine"))
    assert answer.status_code == 409
    assert "set it again" in answer.text
    await update(api.bob, "u/bob/mine", value="own again")
    assert await value_of(api.bob, "u/bob/mine") == "own again"


async def test_under_another_root_key_nothing_is_decrypted_and_the_log_says_why(
    api: Api, caplog: pytest.LogCaptureFixture
):
    await create(api.alice)
    context = api.app.state.context
    api.app.state.context = dataclasses.replace(context, vault=Vault(RootKey(bytes(32), "/data/secret.key")))
    for answer in (
        await api.alice.get(in_workspace(f"variables/get_value/{PATH}")),
        await api.alice.post(in_workspace(f"variables/update/{PATH}"), json={"value": "new"}),
    ):
        assert answer.status_code == 503
        assert "secret.key" not in answer.text
    assert "encrypted under another key than that of /data/secret.key: put the right one there" in caplog.text
    api.app.state.context = context
    assert await value_of(api.alice) == SECRET


async def test_what_is_not_yours_looks_like_what_is_not_there(api: Api, folder: str):
    path = f"{folder}/v"
    await create(api.alice, path)
    for name, status in {"carol": 200, "admin": 200, "superadmin": 200, "bob": 404}.items():
        caller: httpx.AsyncClient = getattr(api, name)
        for route in ("get", "get_value"):
            answer = await caller.get(in_workspace(f"variables/{route}/{path}"))
            other = await caller.get(in_workspace(f"variables/{route}/{folder}/none"))
            assert answer.status_code == status, (name, route)
            if status == 404:
                assert answer.text.replace(path, f"{folder}/none") == other.text
        exists = await caller.get(in_workspace(f"variables/exists/{path}"))
        assert exists.json() is (status == 200)
    for name, status in {"carol": 403, "bob": 404, "dora": 403}.items():
        caller = getattr(api, name)
        changed = await caller.post(in_workspace(f"variables/update/{path}"), json={"value": "x"})
        deleted = await caller.delete(in_workspace(f"variables/delete/{path}"))
        assert (changed.status_code, deleted.status_code) == (status, status), name
        made = await caller.post(
            in_workspace("variables/create"), json={"path": f"{folder}/n", "value": "", "is_secret": False}
        )
        assert made.status_code == 403, name
    into = await api.bob.post(in_workspace("variables/update/u/bob/none"), json={"path": f"{folder}/x"})
    assert into.status_code == 403
    assert await value_of(api.alice, path) == SECRET


async def test_operators_do_not_read_variables(api: Api, folder: str):
    await create(api.alice, f"{folder}/v")
    for route in (
        f"get/{folder}/v",
        f"get_value/{folder}/v",
        f"exists/{folder}/v",
        "list",
        "list_contextual",
    ):
        answer = await api.dora.get(in_workspace(f"variables/{route}"))
        assert answer.status_code == 403, route


async def test_variables_are_removed_one_by_one_and_in_bulk(api: Api, folder: str):
    for name in ("a", "b", "c"):
        await create(api.alice, f"{folder}/{name}")
    gone = await api.alice.delete(in_workspace(f"variables/delete/{folder}/a"))
    assert (gone.status_code, gone.text) == (200, f"variable {folder}/a deleted")
    assert (await api.alice.delete(in_workspace(f"variables/delete/{folder}/a"))).status_code == 404
    both = {"paths": [f"{folder}/c", f"{folder}/b", f"{folder}/none", "u/bob/none"]}
    refused = await api.carol.request("DELETE", in_workspace("variables/delete_bulk"), json=both)
    assert refused.status_code == 403
    nothing = await api.bob.request("DELETE", in_workspace("variables/delete_bulk"), json=both)
    assert nothing.json() == []
    done = await api.alice.request("DELETE", in_workspace("variables/delete_bulk"), json=both)
    assert done.json() == [f"{folder}/b", f"{folder}/c"]


async def test_what_is_wrong_with_a_variable_is_named(api: Api, owner: asyncpg.Connection):
    good: dict[str, Any] = {"path": PATH, "value": "x", "is_secret": True, "description": ""}
    for fields, field in [
        ({"path": "../x"}, "path"), ({"path": "u/alice"}, "path"), ({"path": "u/alice/é"}, "path"),
        ({"value": 5}, "value"), ({"value": None}, "value"), ({"value": "a" * 1_000_001}, "value: is larger"),
        ({"is_secret": "perhaps"}, "is_secret"), ({"description": "d" * 10_001}, "description"),
        ({"labels": [""]}, "labels"), ({"labels": ["x"] * 51}, "labels"), ({"account": 1}, "account"),
        ({"is_oauth": True}, "account"), ({"expires_at": "2030-01-01T00:00:00Z"}, "expires_at"),
        ({"value_valid_until": "2030-01-01T00:00:00Z"}, "value_valid_until"),
        ({"ws_specific": True}, "ws_specific"),
    ]:  # fmt: skip
        answer = await api.alice.post(in_workspace("variables/create"), json=good | fields)
        assert 400 <= answer.status_code < 500, (fields, answer.text)
        assert answer.text.startswith(field), answer.text
    assert not await owner.fetchval("select count(*) from variable")


async def test_the_environment_of_jobs_is_shown_and_set_by_admins(api: Api, owner: asyncpg.Connection):
    async def set_one(caller: httpx.AsyncClient, **body: Any) -> httpx.Response:
        return await caller.post(in_workspace("workspaces/set_environment_variable"), json=body)

    assert (await set_one(api.alice, name="REGION", value="eu")).status_code == 403
    for value in ("us", "eu"):
        assert (await set_one(api.admin, name="REGION", value=value)).status_code == 200
    shown = (await api.alice.get(in_workspace("variables/list_contextual"))).json()
    assert [(item["name"], item["value"]) for item in shown if item["is_custom"]] == [("REGION", "eu")]
    assert {"WM_TOKEN", "WM_STATE_PATH", "BASE_URL"} <= {item["name"] for item in shown}
    assert (await set_one(api.admin, name="REGION")).text == "environment variable REGION deleted"
    assert not await owner.fetchval("select count(*) from environment_variable")
    for name in ("WM_TOKEN", "WM_OWN", "BASE_INTERNAL_URL", "PATH", "1X", "A=B", "A B", "", "A" * 101):
        answer = await set_one(api.admin, name=name, value="x")
        assert (answer.status_code, answer.text.startswith("name: ")) == (400, True), name
    assert (await set_one(api.admin, name="X", value="x" * 8193)).status_code == 413
