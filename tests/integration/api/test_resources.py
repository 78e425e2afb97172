"""Resources and their types over HTTP: values as they came, references followed with the caller's rights."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
import httpx

from tests.ground.people import make_folder
from tests.integration.api.callers import Api, in_workspace

PATH = "u/alice/database"


async def create(caller: httpx.AsyncClient, path: str = PATH, value: Any = 1, **fields: Any) -> None:
    body = {"path": path, "value": value, "resource_type": "postgresql", **fields}
    answer = await caller.post(in_workspace("resources/create"), json=body)
    assert answer.status_code == 201, answer.text


async def add_variable(caller: httpx.AsyncClient, path: str, value: str, *, is_secret: bool = True) -> None:
    body = {"path": path, "value": value, "is_secret": is_secret, "description": ""}
    answer = await caller.post(in_workspace("variables/create"), json=body)
    assert answer.status_code == 201, answer.text


async def read(caller: httpx.AsyncClient, route: str) -> Any:
    answer = await caller.get(in_workspace(f"resources/{route}"))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def interpolated(caller: httpx.AsyncClient, path: str = PATH) -> httpx.Response:
    return await caller.get(in_workspace(f"resources/get_value_interpolated/{path}"))


async def test_what_was_pushed_is_what_is_got(api: Api):
    pushed: dict[str, Any] = {
        "value": {"b": 1, "a": [None]},
        "resource_type": "x",
        "description": "d",
        "labels": ["l"],
    }
    await create(api.alice, **pushed)
    shown = await read(api.alice, f"get/{PATH}")
    assert {name: shown[name] for name in pushed} == pushed
    assert (shown["is_draft"], shown["is_linked"], shown["created_by"]) == (False, False, "alice")
    changed = {"value": None, "resource_type": "y", "description": "", "labels": []}
    answer = await api.alice.post(in_workspace(f"resources/update/{PATH}"), json=changed)
    assert answer.status_code == 200, answer.text
    shown = await read(api.alice, f"get/{PATH}")
    assert {name: shown[name] for name in changed} == changed
    await api.alice.post(in_workspace(f"resources/update/{PATH}"), json={"description": "only this"})
    assert (await read(api.alice, f"get/{PATH}"))["resource_type"] == "y"


async def test_a_resource_that_is_there_is_made_like_a_new_one_where_that_is_asked_for(api: Api):
    await create(api.alice, description="d", labels=["l"])
    body = {"path": PATH, "value": 2, "resource_type": "other"}
    assert (await api.alice.post(in_workspace("resources/create"), json=body)).status_code == 409
    again = await api.alice.post(in_workspace("resources/create?update_if_exists=true"), json=body)
    assert again.status_code == 201
    shown = await read(api.alice, f"get/{PATH}")
    assert (shown["value"], shown["resource_type"], shown["labels"]) == (2, "other", ["l"])


async def test_numbers_keep_their_digits_next_to_references_too(api: Api):
    await add_variable(api.alice, "u/alice/v", "é")
    text = b'{"n": 1.10, "big": 9007199254740993, "v": "$var:u/alice/v", "e":1E2}'
    body = b'{"path": "u/alice/database", "resource_type": "x", "value": ' + text + b"}"
    assert (await api.alice.post(in_workspace("resources/create"), content=body)).status_code == 201
    got = await api.alice.get(in_workspace(f"resources/get_value/{PATH}"))
    assert got.content == text
    assert (await interpolated(api.alice)).content == text.replace(b'"$var:u/alice/v"', '"é"'.encode())


async def test_references_are_followed_all_the_way(api: Api, owner: asyncpg.Connection):
    await add_variable(api.alice, "u/alice/password", "hunter2")
    await add_variable(api.alice, "u/alice/user", "me", is_secret=False)
    await create(
        api.alice, "u/alice/login", {"user": "$var:u/alice/user", "password": "$var:u/alice/password"}
    )
    await create(
        api.alice, PATH, {"logins": ["$res:u/alice/login", "$res:u/alice/login"], "$var:k": "a $var:b"}
    )
    login = {"user": "me", "password": "hunter2"}
    assert (await interpolated(api.alice)).json() == {"logins": [login, login], "$var:k": "a $var:b"}
    audited = "select resource from audit where operation = 'variables.decrypt_secret'"
    assert [row["resource"] for row in await owner.fetch(audited)] == ["u/alice/password"]


async def test_references_are_followed_with_the_rights_of_who_asks(api: Api, owner: asyncpg.Connection):
    await make_folder(owner, "team", owners=("u/alice",), extra_perms={"u/bob": False})
    await add_variable(api.alice, "u/alice/password", "hunter2")
    await create(api.alice, "f/team/login", ["$var:u/alice/password"])
    assert (await interpolated(api.alice, "f/team/login")).json() == ["hunter2"]
    refused = await interpolated(api.bob, "f/team/login")
    sentence = "variable u/alice/password does not exist, or you may not see it"
    assert (refused.status_code, refused.text) == (404, sentence)


async def test_circles_and_bombs_end_with_a_sentence(api: Api):
    await create(api.alice, "u/alice/a", {"x": "$res:u/alice/b"})
    await create(api.alice, "u/alice/b", ["$res:u/alice/a"])
    circle = await interpolated(api.alice, "u/alice/a")
    assert (circle.status_code, circle.text.count("u/alice/a")) == (400, 2)
    for step in range(22):
        await create(api.alice, f"u/alice/s{step}", [f"$res:u/alice/s{step + 1}"])
    await create(api.alice, "u/alice/s22", 1)
    assert (await interpolated(api.alice, "u/alice/s2")).status_code == 200
    assert "more than 20 resources" in (await interpolated(api.alice, "u/alice/s0")).text
    await create(api.alice, "u/alice/d0", "x" * 100)
    for step in range(1, 7):
        await create(api.alice, f"u/alice/d{step}", [f"$res:u/alice/d{step - 1}"] * 20)
    bomb = await interpolated(api.alice, "u/alice/d6")
    assert (bomb.status_code, "more than 10000000 characters" in bomb.text) == (413, True)
    await create(api.alice, "u/alice/many", ["$res:u/alice/d0"] * 1001)
    assert "more than 1000 references" in (await interpolated(api.alice, "u/alice/many")).text
    deep = json.loads("[" * 400 + '"$res:u/alice/d0"' + "]" * 400)
    await create(api.alice, "u/alice/deep", deep)
    assert (await interpolated(api.alice, "u/alice/deep")).status_code == 200
    for reference in ("$res:../x", "$var:", "$res:u/alice/none"):
        await create(api.alice, f"u/alice/odd{len(reference)}", [reference])
        odd = await interpolated(api.alice, f"u/alice/odd{len(reference)}")
        assert (odd.status_code in (400, 404), reference.partition(":")[2] in odd.text) == (True, True)


async def test_a_linked_pair_moves_together(api: Api):
    async def move(what: str, path: str, to: str) -> None:
        answer = await api.alice.post(in_workspace(f"{what}/update/{path}"), json={"path": to})
        assert answer.status_code == 200, answer.text

    await add_variable(api.alice, PATH, "hunter2")
    await create(api.alice, PATH, {"password": f"$var:{PATH}"})
    assert (await read(api.alice, f"get/{PATH}"))["is_linked"] is True
    await move("resources", PATH, "u/alice/second")
    assert (await interpolated(api.alice, "u/alice/second")).json() == {"password": "hunter2"}
    await move("variables", "u/alice/second", "u/alice/third")
    assert (await interpolated(api.alice, "u/alice/third")).json() == {"password": "hunter2"}
    for path in (PATH, "u/alice/second"):
        assert await read(api.alice, f"exists/{path}") is False
    for step in (3, 4):
        at, to = f"u/alice/at{step}" if step > 3 else "u/alice/third", f"u/alice/at{step + 1}"
        both = [
            api.alice.post(in_workspace(f"{what}/update/{at}"), json={"path": to})
            for what in ("variables", "resources")
        ]
        answers = sorted([answer.status_code for answer in await asyncio.gather(*both)])
        assert answers[0] == 200
        assert answers[1] in (200, 404, 409)
        assert (await interpolated(api.alice, to)).json() == {"password": "hunter2"}
    # One that is not referred to stays where it is.
    await create(api.alice, "u/alice/loner", 1)
    await add_variable(api.alice, "u/alice/loner", "x")
    await move("resources", "u/alice/loner", "u/alice/gone")
    assert (await api.alice.get(in_workspace("variables/exists/u/alice/loner"))).json() is True


async def test_a_list_is_narrowed_by_filters_and_shows_states_when_asked(api: Api):
    await create(api.alice, "u/alice/a", {"name": "Named", "k": "Needle"}, labels=["x"])
    await create(api.alice, "u/alice/b", [], resource_type="s3", description="Hay")
    await create(api.alice, "u/alice/c", 1, resource_type="state")
    await create(api.bob, "u/bob/d", 1)

    async def listed(caller: httpx.AsyncClient = api.alice, **query: Any) -> list[str]:
        answer = await caller.get(in_workspace("resources/list"), params=query)
        assert answer.status_code == 200, answer.text
        assert not any("value" in item for item in answer.json())
        return [item["path"].rpartition("/")[2] for item in answer.json()]

    assert await listed() == ["a", "b"]
    assert await listed(api.admin) == ["a", "b", "d"]
    assert await listed(resource_type="state") == await listed(path="u/alice/c") == ["c"]
    assert await listed(resource_type="state,s3") == ["b", "c"]
    assert await listed(resource_type_exclude="s3, state") == await listed(value="needle") == ["a"]
    assert await listed(description="hay") == await listed(broad_filter="S3") == ["b"]
    assert await listed(label="x") == await listed(path_start="u/alice/a") == ["a"]
    assert await listed(page=2, per_page=1) == ["b"]
    assert await listed(starred_only="true") == []
    assert (await api.alice.get(in_workspace("resources/list?include_draft_only=1"))).status_code == 400
    assert await read(api.alice, "list_names/postgresql") == [{"name": "Named", "path": "u/alice/a"}]
    assert [item["path"] for item in await read(api.alice, "list_search")] == ["u/alice/a", "u/alice/b"]
    assert await read(api.alice, "type/resource_counts") == [
        {"resource_type": name, "count": 1} for name in ("postgresql", "s3", "state")
    ]


async def test_only_writers_change_and_remove_and_others_do_not_know(api: Api, owner: asyncpg.Connection):
    await make_folder(owner, "team", owners=("u/alice",))
    await create(api.alice, "f/team/r")
    for method, route, body in [
        ("POST", "resources/update/{}", {"value": 2}),
        ("POST", "resources/update_value/{}", {"value": 2}),
        ("DELETE", "resources/delete/{}", None),
    ]:
        theirs = await api.bob.request(method, in_workspace(route.format("f/team/r")), json=body)
        missing = await api.bob.request(method, in_workspace(route.format("f/team/n")), json=body)
        assert (theirs.status_code, missing.status_code) == (404, 404)
        assert theirs.text.replace("f/team/r", "f/team/n") == missing.text
    taken = await api.bob.post(
        in_workspace("resources/create"), json={"path": "f/team/r", "resource_type": "x"}
    )
    assert taken.status_code == 403
    bulk = {"paths": ["f/team/r", "u/bob/none"]}
    assert (await api.bob.request("DELETE", in_workspace("resources/delete_bulk"), json=bulk)).json() == []
    gone = await api.alice.request("DELETE", in_workspace("resources/delete_bulk"), json=bulk)
    assert gone.json() == ["f/team/r"]


async def test_types_are_made_changed_and_removed(api: Api, owner: asyncpg.Connection):
    schema = b'{"type":"object","properties":{"n":{"maximum":1.50}}}'
    body = b'{"name": "c_thing", "description": "d", "schema": ' + schema + b"}"
    route = in_workspace("resources/type")
    made = await api.alice.post(f"{route}/create", content=body)
    assert (made.status_code, made.text) == (201, "resource type c_thing created")
    assert (await api.alice.post(f"{route}/create", content=body)).status_code == 409
    shown = await api.bob.get(f"{route}/get/c_thing")
    assert b'"schema":' + schema in shown.content
    assert (shown.json()["is_fileset"], shown.json()["workspace_id"]) == (False, "acme")
    assert (await api.bob.post(f"{route}/update/c_thing", json={"description": "x"})).status_code == 403
    file_type = {"format_extension": "csv", "is_fileset": False}
    assert (await api.alice.post(f"{route}/update/c_thing", json=file_type)).status_code == 200
    assert await read(api.bob, "file_resource_type_to_file_ext_map") == {"c_thing": file_type}
    assert (
        await api.admin.post(f"{route}/update/c_thing", json={"format_extension": None})
    ).status_code == 200
    changed = (await api.bob.get(f"{route}/get/c_thing")).json()
    assert "format_extension" not in changed
    assert (changed["description"], changed["schema"]) == ("d", json.loads(schema))
    assert (await api.bob.delete(f"{route}/delete/c_thing")).status_code == 403
    assert (await api.alice.delete(f"{route}/delete/c_thing")).status_code == 200
    assert (await api.alice.get(f"{route}/exists/c_thing")).json() is False
    assert (await api.alice.get(f"{route}/get/c_thing")).status_code == 404
    operations = await owner.fetch("select operation from audit where resource = 'c_thing' order by at")
    assert [row["operation"].rpartition(".")[2] for row in operations] == [
        "create", "update", "update", "delete",
    ]  # fmt: skip
    for odd in ({"name": "a/b"}, {"name": ""}, {"name": "x", "format_extension": "../x"}):
        assert (await api.alice.post(f"{route}/create", json=odd)).status_code == 400


async def test_types_of_admins_are_for_every_workspace_and_its_own_go_first(api: Api):
    await api.superadmin.post("/workspaces/create", json={"id": "admins", "name": "Admins"})
    for name in ("postgresql", "mysql"):
        body = {"name": name, "description": "for all"}
        assert (await api.superadmin.post("/w/admins/resources/type/create", json=body)).status_code == 201
    own = {"name": "mysql", "description": "ours"}
    assert (await api.alice.post(in_workspace("resources/type/create"), json=own)).status_code == 201
    assert await read(api.alice, "type/listnames") == ["mysql", "postgresql"]
    listed = await read(api.alice, "type/list")
    assert [item["description"] for item in listed] == ["ours", "for all"]
    for caller in (api.alice, api.admin):
        refused = await caller.post(
            in_workspace("resources/type/update/postgresql"), json={"description": ""}
        )
        assert refused.status_code == 403
