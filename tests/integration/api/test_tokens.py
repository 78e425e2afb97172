"""Tokens: what they are limited to, who sees them, and how they end."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx

from tests.ground.people import make_workspace
from tests.integration.api.callers import Api, deploy, in_workspace


async def make_token(caller: httpx.AsyncClient, **body: Any) -> str:
    answer = await caller.post("/users/tokens/create", json=body)
    assert answer.status_code == 201, answer.text
    return answer.text


async def statuses(caller: httpx.AsyncClient, *calls: tuple[str, str]) -> list[int]:
    answers = [await caller.request(method, path, json=_body(method)) for method, path in calls]
    return [answer.status_code for answer in answers]


def _body(method: str) -> dict[str, Any] | None:
    return {} if method == "POST" else None


async def test_a_webhook_token_runs_its_script_and_does_nothing_else(api: Api):
    hash_of_it = await deploy(api.alice, "u/alice/hook")
    await deploy(api.alice, "u/alice/other")
    token = await make_token(api.alice, label="shop", scopes=["jobs:run:scripts:u/alice/hook"])
    async with api.client(token) as hook:
        assert await statuses(
            hook,
            ("POST", in_workspace("jobs/run/p/u/alice/hook")),
            ("POST", in_workspace("jobs/run/p/u/alice/other")),
            ("POST", in_workspace(f"jobs/run/h/{hash_of_it}")),
            ("POST", in_workspace("jobs/run/preview")),
            ("GET", in_workspace("jobs/list")),
            ("GET", "/users/whoami"),
            ("POST", "/users/setpassword"),
        ) == [201, *[403] * 4, 403, 403]
    in_url = in_workspace(f"jobs/run/p/u/alice/hook?token={token}")
    assert (await api.anonymous.post(in_url, json={})).status_code == 201
    elsewhere = await api.anonymous.get(in_workspace(f"scripts/list?token={token}"))
    assert elsewhere.status_code == 403


async def test_only_a_token_that_only_runs_may_stand_in_a_url(api: Api):
    mixed = await make_token(api.alice, scopes=["jobs:run:scripts:u/alice/*", "scripts:read"])
    for token in (api.tokens["alice"], mixed, "a" * 64):
        answer = await api.anonymous.get(in_workspace(f"scripts/list?token={token}"))
        assert answer.status_code == 401
        assert token not in answer.text


async def test_scopes_allow_an_action_on_paths_and_nothing_without_a_domain(api: Api):
    await deploy(api.alice, "u/alice/a/x")
    await deploy(api.alice, "u/alice/b")
    token = await make_token(api.alice, scopes=["scripts:read:u/alice/a/*", "folders:write"])
    async with api.client(token) as limited:
        assert await statuses(
            limited,
            ("GET", in_workspace("scripts/get/p/u/alice/a/x")),
            ("GET", in_workspace("scripts/get/p/u/alice/b")),
            ("GET", in_workspace("scripts/list")),  # a list is not limited to paths
            ("POST", in_workspace("scripts/archive/p/u/alice/a/x")),
            ("GET", in_workspace("folders/list")),
            ("GET", "/users/exists/alice@acme.test"),
        ) == [200, 403, 403, 403, 200, 403]
        made = await limited.post(in_workspace("folders/create"), json={"name": "team"})
        assert made.status_code == 200
    writer = await make_token(api.alice, scopes=["scripts:write:u/alice/a/*"])
    async with api.client(writer) as limited:
        await deploy(limited, "u/alice/a/y")
        for path in ("u/alice/c", "u/alice/a/y"):
            body = {"path": "u/alice/c", "content": "", "language": "python3"}
            refused = await limited.post(in_workspace(f"scripts/update/{path}"), json=body)
            assert refused.status_code == 403, "neither the path it has nor the one it gets may be outside"


async def test_scopes_hold_where_a_request_leads_elsewhere(api: Api):
    other = await deploy(api.alice, "u/alice/b/x")
    secret = {"path": "u/alice/b/secret", "value": "amaryllis", "is_secret": True, "description": ""}
    assert (await api.alice.post(in_workspace("variables/create"), json=secret)).status_code == 201
    kept = (await api.alice.get(in_workspace("variables/get/u/alice/b/secret?include_encrypted=true"))).json()
    scopes = [f"{domain}:write:u/alice/a/*" for domain in ("scripts", "resources", "variables")]
    async with api.client(await make_token(api.alice, scopes=[*scopes, "job_helpers:write"])) as limited:
        script = {"path": "u/alice/a/x", "content": "", "language": "python3", "parent_hash": other}
        taken = await limited.post(in_workspace("scripts/create"), json=script)
        assert taken.text == "the token's scopes do not allow scripts:write on u/alice/b/x"
        value = {"bucket": "$var:u/alice/b/secret", "region": "", "endPoint": "", "useSSL": True}
        bucket = {"path": "u/alice/a/bucket", "resource_type": "s3", "value": value}
        assert (await limited.post(in_workspace("resources/create"), json=bucket)).status_code == 201
        read = await limited.get(in_workspace("resources/get_value_interpolated/u/alice/a/bucket"))
        assert read.text == "the token's scopes do not allow variables:read on u/alice/b/secret"
        for path in ("u/alice/a/bucket", "u/alice/b/bucket"):
            where = in_workspace("job_helpers/v2/s3_resource_info")
            assert (await limited.post(where, json={"s3_resource_path": path})).status_code == 403
        copied = secret | {"path": "u/alice/a/copy", "value": kept["value"]}
        where = in_workspace("variables/create?already_encrypted=true")
        assert (await limited.post(where, json=copied)).status_code == 400
    assert (await api.alice.get(in_workspace("scripts/get/p/u/alice/b/x"))).json()["hash"] == other


async def test_a_token_that_only_reads_changes_nothing(api: Api):
    await deploy(api.alice, "u/alice/x")
    token = await make_token(api.alice, read_only=True)
    async with api.client(token) as reader:
        assert await statuses(
            reader,
            ("GET", in_workspace("scripts/list")),
            ("POST", in_workspace("jobs/run/p/u/alice/x")),
            ("GET", in_workspace("jobs/run_wait_result/p/u/alice/x")),
            ("DELETE", "/users/tokens/delete/0123456789"),
        ) == [200, 403, 403, 403]


async def test_a_token_with_scopes_makes_none_that_is_wider(api: Api):
    token = await make_token(api.alice, scopes=["users:write", "scripts:write:u/alice/*"])
    wide = await make_token(api.alice, label="wide")
    async with api.client(token) as limited:
        await make_token(limited, scopes=["scripts:read:u/alice/a"])
        for scopes in (None, ["scripts:read"], ["scripts:write:u/a*"], ["resources:read"]):
            answer = await limited.post("/users/tokens/create", json={"scopes": scopes})
            assert answer.status_code == 403, scopes
            for target in (token, wide):
                change = f"/users/tokens/update_scopes/{target[:10]}"
                assert (await limited.post(change, json={"scopes": scopes})).status_code == 403


async def test_a_scope_that_nobody_knows_is_refused_and_named(api: Api):
    answer = await api.alice.post("/users/tokens/create", json={"scopes": ["scripts:read", "odd:read"]})
    assert answer.status_code == 400
    assert answer.text.startswith("scopes.1: ")


async def test_one_sees_ones_own_tokens_and_never_their_text(api: Api, owner: asyncpg.Connection):
    await make_workspace(owner, "other")
    for number in range(3):
        await make_token(api.bob, label=f"t{number}", expiration="2100-01-01T00:00:00Z")
    text = await make_token(api.bob, label="mine", scopes=["scripts:read"], workspace_id="acme")
    answer = await api.bob.get("/users/tokens/list?exclude_ephemeral=true")
    assert text not in answer.text
    listed = answer.json()
    assert [token.get("label") for token in listed] == ["mine", "t2", "t1", "t0", None]
    assert listed[0] | {"created_at": "", "last_used_at": ""} == {
        "token_prefix": text[:10],
        "label": "mine",
        "created_at": "",
        "last_used_at": "",
        "scopes": ["scripts:read"],
        "read_only": False,
        "email": "bob@acme.test",
        "workspace_id": "acme",
    }
    pages = [
        (await api.bob.get(f"/users/tokens/list?per_page=2&page={page}")).json() for page in (0, 1, 2, 3)
    ]
    assert [len(page) for page in pages] == [2, 2, 2, 1]
    for prefix in (text[:10], listed[1]["token_prefix"]):
        assert (await api.alice.delete(f"/users/tokens/delete/{prefix}")).status_code == 404
        assert (
            await api.bob.post(f"/users/tokens/update_label/{prefix}", json={"label": "z"})
        ).status_code == 200
    bound = await make_token(api.bob, workspace_id="acme")
    async with api.client(bound) as inside:
        assert {token["workspace_id"] for token in (await inside.get("/users/tokens/list")).json()} == {
            "acme"
        }
        assert (await inside.post("/users/setpassword", json={"password": "12345678"})).status_code == 403
        unbound = await inside.delete(f"/users/tokens/delete/{listed[1]['token_prefix']}")
        assert unbound.status_code == 404
    assert (await api.bob.delete(f"/users/tokens/delete/{text[:10]}")).status_code == 200
    async with api.client(text) as revoked:
        assert (await revoked.get(in_workspace("scripts/list"))).status_code == 401


async def test_every_scope_that_is_offered_can_be_asked_for(api: Api):
    domains = (await api.alice.get("/tokens/list/scopes")).json()
    scopes = [scope["value"] for domain in domains for scope in domain["scopes"]]
    await make_token(api.alice, scopes=scopes)
    with_paths = [
        f"{scope['value']}:f/team/*" for domain in domains for scope in domain["scopes"]
        if scope["requires_resource_path"]
    ]  # fmt: skip
    await make_token(api.alice, scopes=with_paths)


async def test_sessions_end_when_one_signs_out_and_when_the_password_changes(api: Api):
    credentials = {"email": "Root@Instance.test", "password": "correct horse"}
    first, second, third = [
        (await api.anonymous.post("/auth/login", json=credentials)).text for _ in range(3)
    ]
    async with api.client(first) as one, api.client(second) as two, api.client(third) as three:
        assert (await one.post("/auth/logout")).status_code == 200
        assert (await one.get("/users/whoami")).status_code == 401
        assert (await two.post("/users/setpassword", json={"password": "short"})).status_code == 400
        assert (await two.post("/users/setpassword", json={"password": "battery staple"})).status_code == 200
        assert await statuses(two, ("GET", "/users/whoami")) == [200]
        assert await statuses(three, ("GET", "/users/whoami")) == [401]
    assert (await api.superadmin.post("/auth/logout")).status_code == 400, "a token that is no session's"
    assert (await api.anonymous.post("/auth/login", json=credentials)).status_code == 401
