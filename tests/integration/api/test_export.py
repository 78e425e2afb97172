"""A workspace as one archive: what the public command line tool pulls, and compares with what is there."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from typing import Any

import asyncpg
import httpx
import pytest

from tests.ground.people import make_folder
from tests.integration.api.callers import Api, deploy, in_workspace

TARBALL = in_workspace("workspaces/tarball")


@pytest.fixture
async def filled(api: Api, owner: asyncpg.Connection) -> Api:
    """A workspace with something of everything, some of it hidden from bob."""
    await make_folder(owner, "team", owners=("u/alice",), extra_perms={"u/bob": False})
    await make_folder(owner, "secret", owners=("u/alice",))
    for path in ("f/team/tool", "f/secret/tool"):
        await deploy(api.alice, path, summary="A tool", tag="python3", timeout=5, envs=["A=b"], lock="six==1")
        resource = {"path": f"{path}_db", "value": {"port": 2**60}, "resource_type": "db", "description": "d"}
        made = await api.alice.post(in_workspace("resources/create"), json=resource)
        assert made.status_code == 201, made.text
    for name in (None, "web"):
        body = {"language": "python3", "name": name, "content": f"{name}\n"}
        await api.admin.post(in_workspace("workspace_dependencies/create"), json=body)
    return api


async def export(caller: httpx.AsyncClient, **options: Any) -> dict[str, bytes]:
    """The entries of a zip archive."""
    answer = await caller.get(TARBALL, params={"archive_type": "zip", **options})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip"), answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def test_an_archive_holds_what_one_may_see(filled: Api):
    seen = await export(filled.bob, include_workspace_dependencies=True)
    assert seen.keys() == {
        "dependencies/requirements.in",
        "dependencies/web.requirements.in",
        "f/team/folder.meta.json",
        "f/team/tool.py",
        "f/team/tool.script.json",
        "f/team/tool_db.resource.json",
    }
    assert seen["dependencies/web.requirements.in"] == b"web\n"
    everything = await export(filled.admin, include_workspace_dependencies=True)
    assert everything.keys() - seen.keys() == {
        name.replace("f/team", "f/secret") for name in seen if name.startswith("f/")
    }


async def test_what_is_exported_equals_what_the_item_answers(filled: Api):
    entries = await export(filled.alice)
    script = json.loads(entries["f/team/tool.script.json"])
    answered = (await filled.alice.get(in_workspace("scripts/get/p/f/team/tool"))).json()
    assert script == {name: answered[name] for name in script}
    assert script.keys() == {"summary", "description", "kind", "schema", "lock", "tag", "timeout", "envs"}
    assert entries["f/team/tool.py"].decode() == answered["content"]
    resource = json.loads(entries["f/team/tool_db.resource.json"])
    answered = (await filled.alice.get(in_workspace("resources/get/f/team/tool_db"))).json()
    assert resource == {name: answered[name] for name in ("value", "resource_type", "description")}


async def test_kinds_are_left_out_and_asked_for(filled: Api):
    entries = await export(filled.alice, skip_resources=True)
    assert not [name for name in entries if "resource" in name or name.startswith("dependencies")]


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


async def test_what_cannot_be_exported_is_refused(filled: Api):
    refused = await filled.admin.get(TARBALL, params={"archive_type": "zip", "include_key": True})
    assert (refused.status_code, refused.text) == (400, "include_key: is not supported; leave it out")
