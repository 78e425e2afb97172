"""A workspace as one archive: what the public command line tool pulls, and compares with what is there."""

from __future__ import annotations

import base64
import io
import json
import tarfile
import zipfile
from typing import Any

import asyncpg
import httpx
import pytest

from tests.ground.people import WORKSPACE, make_folder, make_workspace
from tests.integration.api.callers import Api, PlayedWorker, deploy, in_workspace, run

TARBALL = in_workspace("workspaces/tarball")
KEY_ROUTES = (f"{TARBALL}?include_key=true", in_workspace("workspaces/encryption_key"))


@pytest.fixture
async def filled(api: Api, owner: asyncpg.Connection) -> Api:
    """A workspace with something of everything, some of it hidden from bob."""
    await make_folder(owner, "team", owners=("u/alice",), extra_perms={"u/bob": False})
    await make_folder(owner, "secret", owners=("u/alice",))
    for path in ("f/team/tool", "f/secret/tool"):
        await deploy(api.alice, path, summary="A tool", tag="python3", timeout=5, envs=["A=b"], lock="six==1")
        for name, route, body in (
            ("db", "resources", {"value": {"port": 2**60}, "resource_type": "db", "description": "d"}),
            ("state", "resources", {"value": [1], "resource_type": "state"}),
            ("db", "variables", {"value": "plain", "is_secret": False, "labels": ["red"]}),
            ("secret", "variables", {"value": "hidden", "is_secret": True}),
        ):
            await post(api.alice, f"{route}/create", {"path": f"{path}_{name}", **body})
    for name in (None, "web"):
        file = {"language": "python3", "name": name, "content": f"{name}\n"}
        await post(api.admin, "workspace_dependencies/create", file)
    await post(api.alice, "resources/type/create", {"name": "db", "schema": {"type": "object"}})
    await make_workspace(owner, "admins")
    await post(api.superadmin, "resources/type/create", {"name": "everywhere"}, workspace="admins")
    await post(api.admin, "groups/create", {"name": "devs", "summary": "Who write code"})
    for name in ("alice", "bob"):
        await post(api.admin, "groups/adduser/devs", {"username": name})
    await post(api.admin, "acls/add/group_/devs", {"owner": "u/alice", "write": True})
    return api


async def post(
    caller: httpx.AsyncClient, route: str, body: dict[str, Any], workspace: str = WORKSPACE
) -> None:
    answer = await caller.post(f"/w/{workspace}/{route}", json=body)
    assert answer.is_success, answer.text


async def export(caller: httpx.AsyncClient, **options: Any) -> dict[str, bytes]:
    """The entries of a zip archive."""
    answer = await caller.get(TARBALL, params={"archive_type": "zip", **options})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip"), answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def test_an_archive_holds_what_one_may_see(filled: Api):
    seen = await export(filled.bob, include_workspace_dependencies=True)
    assert seen.keys() == {
        "db.resource-type.json",
        "dependencies/requirements.in",
        "dependencies/web.requirements.in",
        "f/team/folder.meta.json",
        "f/team/tool.py",
        "f/team/tool.script.json",
        "f/team/tool_db.resource.json",
        "f/team/tool_db.variable.json",
        "f/team/tool_secret.variable.json",
    }
    assert seen["dependencies/web.requirements.in"] == b"web\n"
    everything = await export(filled.admin, include_workspace_dependencies=True)
    assert everything.keys() - seen.keys() == {
        name.replace("f/team", "f/secret") for name in seen if name.startswith("f/")
    }


@pytest.mark.parametrize(
    ("entry", "route", "names"),
    [
        (
            "f/team/tool.script.json",
            "scripts/get/p/f/team/tool",
            {"summary", "description", "kind", "schema", "lock", "tag", "timeout", "envs"},
        ),
        (
            "f/team/tool_db.resource.json",
            "resources/get/f/team/tool_db",
            {"value", "resource_type", "description"},
        ),
        (
            "f/team/tool_db.variable.json",
            "variables/get/f/team/tool_db",
            {"value", "is_secret", "description", "labels"},
        ),
        (
            "f/team/tool_secret.variable.json",
            "variables/get/f/team/tool_secret?include_encrypted=true",
            {"value", "is_secret", "description"},
        ),
        ("db.resource-type.json", "resources/type/get/db", {"schema", "description"}),
        (
            "f/team/folder.meta.json",
            "folders/get/team",
            {"summary", "display_name", "owners", "extra_perms"},
        ),
    ],
    ids=["script", "resource", "variable", "secret", "type", "folder"],
)
async def test_what_is_exported_equals_what_the_item_answers(
    filled: Api, entry: str, route: str, names: set[str]
):
    exported = json.loads((await export(filled.alice))[entry])
    answered = (await filled.alice.get(in_workspace(route))).json()
    assert exported == {name: answered[name] for name in names}


async def test_users_and_groups_are_exported_where_they_are_asked_for(filled: Api):
    entries = await export(filled.admin, include_users=True, include_groups=True)
    people = {name: json.loads(entries[name]) for name in entries if name.startswith(("users/", "groups/"))}
    assert people == {
        "groups/devs.group.json": {
            "summary": "Who write code",
            "admins": ["u/alice"],
            "members": ["u/bob"],
        },
        **{
            f"users/{name}@acme.test.user.json": {"role": role, "username": name, "disabled": False}
            for name, role in (("admin", "admin"), ("alice", "developer"), ("bob", "developer"))
        },
    }


async def test_kinds_are_left_out(filled: Api):
    left_out = {f"skip_{name}": True for name in ("resources", "variables", "resource_types")}
    entries = await export(filled.alice, **left_out)
    assert {name.rpartition("/")[2] for name in entries} == {
        "folder.meta.json",
        "tool.py",
        "tool.script.json",
    }
    entries = await export(filled.alice, skip_secrets=True)
    assert not [name for name in entries if "_secret" in name]


async def test_secrets_are_revealed_where_that_is_asked_for_and_noted(filled: Api, owner: asyncpg.Connection):
    entries = await export(filled.bob, plain_secret=True)
    assert json.loads(entries["f/team/tool_secret.variable.json"])["value"] == "hidden"
    noted = "select username, resource from audit where operation = 'variables.decrypt_secret'"
    assert [tuple(row) for row in await owner.fetch(noted)] == [("bob", "f/team/tool_secret")]


async def test_operators_get_no_variables(filled: Api, owner: asyncpg.Connection):
    await owner.execute("update workspace_user set operator = true where username = 'bob'")
    assert not [name for name in await export(filled.bob) if "variable" in name]


async def test_a_token_with_scopes_exports_nothing(filled: Api):
    limited = {"label": "limited", "scopes": ["workspaces:read"]}
    token = await filled.admin.post("/users/tokens/create", json=limited)
    assert token.status_code == 201, token.text
    refused = await filled.client(token.text).get(TARBALL)
    assert (refused.status_code, refused.text) == (403, "a token with scopes can't do this")


async def test_a_tar_holds_the_same_and_other_archives_are_refused(filled: Api):
    answer = await filled.alice.get(TARBALL, params={"archive_type": "tar"})
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        found = {member.name: archive.extractfile(member) for member in archive}
        assert {name: file.read() for name, file in found.items() if file} == await export(filled.alice)
    refused = await filled.alice.get(TARBALL, params={"archive_type": "rar"})
    assert refused.status_code == 400
    assert "Invalid Archive Type" in refused.text


async def test_the_same_workspace_gives_the_same_bytes(filled: Api):
    answers = [await filled.alice.get(TARBALL, params={"archive_type": "zip"}) for _ in range(2)]
    assert answers[0].content == answers[1].content


async def test_an_export_is_in_the_audit_log(filled: Api, owner: asyncpg.Connection):
    await export(filled.bob)
    [row] = await owner.fetch("select username, action_kind from audit where operation = 'workspaces.export'")
    assert tuple(row) == ("bob", "Execute")


async def test_strangers_get_nothing(filled: Api):
    assert (await filled.anonymous.get(TARBALL)).status_code == 401
    assert (await filled.alice.get("/w/elsewhere/workspaces/tarball")).status_code == 404


async def test_settings_and_key_are_exported_where_they_are_asked_for(filled: Api, owner: asyncpg.Connection):
    plain = await export(filled.admin)
    with_both = await export(filled.admin, include_settings=True, include_key=True, settings_version="v2")
    assert with_both.keys() - plain.keys() == {"settings.json", "encryption_key.json"}
    name = (await filled.admin.get(in_workspace("workspaces/get_workspace_name"))).text
    assert json.loads(with_both["settings.json"]) == {"name": name}
    await post(filled.admin, "workspaces/change_workspace_color", {"color": "#fff"})
    settings = (await export(filled.bob, include_settings=True))["settings.json"]
    assert json.loads(settings) == {"name": name, "color": "#fff"}
    key = json.loads(with_both["encryption_key.json"])
    assert len(base64.b64decode(key)) == 32
    answer = await filled.admin.get(in_workspace("workspaces/encryption_key"))
    assert answer.json() == {"key": key}
    for route in KEY_ROUTES:
        assert (await filled.alice.get(route)).status_code == 403
    noted = await owner.fetch(
        "select username, resource from audit where operation = 'workspaces.read_encryption_key'"
    )
    assert [tuple(row) for row in noted] == [("admin", WORKSPACE)] * 2


async def test_a_workspace_without_secrets_has_a_key_too_and_a_job_never_gets_it(
    api: Api, worker: PlayedWorker
):
    [first, second] = [await export(api.admin, include_key=True) for _ in range(2)]
    assert first == second
    await deploy(api.admin, "u/admin/script")
    await run(api.admin, "u/admin/script")
    async with api.client((await worker.take()).token) as job:
        for route in KEY_ROUTES:
            assert (await job.get(route)).status_code == 403
