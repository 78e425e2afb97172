"""Files of dependencies, and who imports whom: over HTTP, as the public client reads them."""

from __future__ import annotations

from datetime import datetime

import pytest
from windmill_api.api.config import list_all_workspace_dependencies
from windmill_api.api.workspace import get_dependency_map, get_dependents, get_dependents_amounts
from windmill_api.api.workspace_dependencies import (
    archive_workspace_dependencies,
    create_workspace_dependencies,
    delete_workspace_dependencies,
    get_latest_workspace_dependencies,
    list_workspace_dependencies,
)

from tests.ground.people import WORKSPACE
from tests.integration.api.callers import Api, deploy, in_workspace
from tests.integration.api.test_contract import Body, Client

HERE = {"workspace": WORKSPACE}
LATEST = in_workspace("workspace_dependencies/get_latest/python3")
CREATE = in_workspace("workspace_dependencies/create")


async def test_a_file_is_made_changed_and_read_by_the_public_client(api: Api):
    admin, alice = Client(api.admin), Client(api.alice)
    ids: list[int] = []
    for content in ("six\n", "six\nidna\n"):
        body = Body(workspace_id=WORKSPACE, language="python3", name="web", content=content, description="d")
        ids.append(int(await admin.text(create_workspace_dependencies, 201, **HERE, json_body=body)))
    assert ids[0] != ids[1]
    found = await alice.parsed(get_latest_workspace_dependencies, **HERE, language="python3", name="web")
    assert (found.id, found.name, found.content, found.archived) == (ids[1], "web", "six\nidna\n", False)
    assert isinstance(found.created_at, datetime)
    [listed] = await alice.parsed(list_workspace_dependencies, **HERE)
    assert listed.to_dict() == found.to_dict()
    [everywhere] = await Client(api.superadmin).parsed(list_all_workspace_dependencies)
    assert (everywhere.workspace_id, everywhere.name) == (WORKSPACE, "web")


async def test_the_file_without_a_name_is_another(api: Api):
    admin = Client(api.admin)
    for name in (None, "web"):
        answer = await api.admin.post(
            CREATE, json={"language": "python3", "name": name, "content": f"{name}"}
        )
        assert answer.status_code == 201, answer.text
    unnamed = (await api.bob.get(LATEST)).json()
    assert unnamed["content"] == "None"
    assert "name" not in unnamed
    await admin.text(archive_workspace_dependencies, 200, **HERE, language="python3")
    gone = await api.bob.get(LATEST)
    assert (gone.status_code, gone.text) == (
        404,
        "there is no file of dependencies without a name for python3 in this workspace",
    )
    assert (await api.bob.get(LATEST, params={"name": "web"})).status_code == 200
    await admin.text(delete_workspace_dependencies, 200, **HERE, language="python3", name="web")
    assert (await api.bob.get(in_workspace("workspace_dependencies/list"))).json() == []


async def test_the_same_content_again_makes_no_version(api: Api, owner):
    body = {"language": "python3", "content": "six"}
    first, second = [(await api.admin.post(CREATE, json=body)).text for _ in range(2)]
    assert first == second
    assert await owner.fetchval("select count(*) from relock_cause") == 1


async def test_only_admins_change_files_and_only_superadmins_see_those_of_all(api: Api):
    await api.admin.post(CREATE, json={"language": "python3", "content": "six"})
    assert (await api.alice.post(CREATE, json={"language": "python3", "content": "x"})).status_code == 403
    for deed in ("archive", "delete"):
        refused = await api.alice.post(in_workspace(f"workspace_dependencies/{deed}/python3"))
        assert (refused.status_code, refused.text) == (403, "only an admin of the workspace may do this")
    assert (await api.admin.get("/configs/list_all_workspace_dependencies")).status_code == 403
    assert (await api.alice.get(LATEST)).json()["content"] == "six"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"language": "cobol"}, "language: 'cobol' has no files of dependencies here; known: python3"),
        ({"name": "default"}, "name: 'default' is how scripts call the file without a name: leave it out"),
        ({"name": "../x"}, "name: must be 1 to 50 letters, digits, '_' or '-', not ending in '-'"),
        ({"content": "x" * 200_001}, "content: is longer than 200000 characters"),
        ({"workspace_id": "other"}, "workspace_id: must be the request's own, acme"),
    ],
)
async def test_what_is_no_file_is_refused_with_a_reason(api: Api, changes: dict[str, str], told: str):
    answer = await api.admin.post(CREATE, json={"language": "python3", "content": "six"} | changes)
    assert (answer.status_code, answer.text) == (400, told)


async def test_what_is_not_there_can_be_neither_archived_nor_deleted(api: Api):
    for deed in ("archive", "delete"):
        answer = await api.admin.post(in_workspace(f"workspace_dependencies/{deed}/python3?name=web"))
        assert answer.status_code == 404
        assert "named web" in answer.text


async def test_a_change_is_in_the_audit_log(api: Api, owner):
    await api.admin.post(CREATE, json={"language": "python3", "name": "web", "content": "six"})
    await api.admin.post(in_workspace("workspace_dependencies/archive/python3?name=web"))
    rows = await owner.fetch("select operation, resource from audit where username = 'admin' order by id")
    path = "dependencies/web.requirements.in"
    assert [tuple(row) for row in rows] == [
        ("workspace_dependencies.create", path),
        ("workspace_dependencies.archive", path),
    ]


async def test_the_map_is_read_by_the_public_client(api: Api):
    await deploy(api.alice, "u/alice/lib", "x = 1\n")
    for name in ("one", "two"):
        await deploy(api.alice, f"u/alice/{name}", "from .lib import x\n")
    alice, bob = Client(api.alice), Client(api.bob)
    rows = await alice.parsed(get_dependency_map, **HERE)
    assert [(row.importer_path, row.importer_kind, row.imported_path) for row in rows] == [
        ("u/alice/one", "script", "u/alice/lib"),
        ("u/alice/two", "script", "u/alice/lib"),
    ]
    dependents = await alice.parsed(get_dependents, **HERE, imported_path="u/alice/lib")
    assert [row.importer_path for row in dependents] == ["u/alice/one", "u/alice/two"]
    importers = in_workspace("scripts/list_paths_from_workspace_runnable/u/alice/lib")
    assert (await api.alice.get(importers)).json() == ["u/alice/one", "u/alice/two"]
    assert (await api.bob.get(importers)).status_code == 404
    paths = ["u/alice/lib", "u/alice/one"]
    for client, counts in ((alice, [2, 0]), (bob, [0, 0])):
        amounts = await client.parsed(get_dependents_amounts, **HERE, json_body=paths)
        assert [(row.imported_path, row.count) for row in amounts] == list(zip(paths, counts, strict=True))
    assert await bob.parsed(get_dependency_map, **HERE) == []


async def test_only_an_admin_rebuilds_the_map(api: Api, owner):
    await deploy(api.alice, "u/alice/lib", "x = 1\n")
    await deploy(api.alice, "u/alice/one", "from .lib import x\n")
    before = await owner.fetch("select importer_path, imported_path from script_import order by 1, 2")
    await owner.execute("delete from script_import")
    rebuild = in_workspace("workspaces/rebuild_dependency_map")
    assert (await api.alice.post(rebuild)).status_code == 403
    answer = await api.admin.post(rebuild)
    assert (answer.status_code, answer.text) == (200, "the map was rebuilt from 2 scripts")
    assert await owner.fetch("select importer_path, imported_path from script_import order by 1, 2") == before
