"""Folders, groups, and rights that are given by name."""

from __future__ import annotations

from typing import Any

import asyncpg

from tests.ground.people import make_folder, make_member
from tests.integration.api.callers import Api, deploy, in_workspace


async def test_a_folder_is_shown_as_it_was_sent(api: Api):
    sent: dict[str, Any] = {
        "name": "team",
        "display_name": "The team",
        "summary": "What we do",
        "owners": ["u/bob", "u/alice"],
        "extra_perms": {"g/all": False, "u/carol": True},
        "labels": ["x"],
    }
    assert (await api.alice.post(in_workspace("folders/create"), json=sent)).status_code == 200
    shown = (await api.alice.get(in_workspace("folders/get/team"))).json()
    assert {name: shown[name] for name in sent} == sent
    assert (shown["created_by"], shown) == (
        "alice",
        (await api.alice.get(in_workspace("folders/get/team"))).json(),
    )
    changed = sent | {"owners": ["u/alice"], "summary": "", "labels": []}
    answer = await api.alice.post(in_workspace("folders/update/team"), json=changed)
    assert answer.status_code == 200, answer.text
    shown = (await api.alice.get(in_workspace("folders/get/team"))).json()
    assert {name: shown[name] for name in sent} == changed
    only_summary = await api.alice.post(in_workspace("folders/update/team"), json={"summary": "s"})
    assert only_summary.status_code == 200
    edited = (await api.alice.get(in_workspace("folders/get/team"))).json()
    assert edited == shown | {"summary": "s", "edited_at": edited["edited_at"]}
    assert (await api.alice.get(in_workspace("folders/list"))).json() == [edited]
    assert (
        await api.admin.post(in_workspace("folders/create"), json={"name": "given", "owners": []})
    ).text == "given"
    assert (await api.admin.get(in_workspace("folders/get/given"))).json()["owners"] == []


async def test_whoever_sends_a_folder_without_owners_keeps_it(api: Api):
    sent = {"name": "team", "owners": [], "extra_perms": {}}
    assert (await api.alice.post(in_workspace("folders/create"), json=sent)).status_code == 200
    for _ in range(2):
        assert (await api.alice.post(in_workspace("folders/update/team"), json=sent)).status_code == 200
        assert (await api.alice.get(in_workspace("folders/get/team"))).json()["owners"] == ["u/alice"]
    leaving = {"owner": "u/alice"}
    assert (await api.alice.post(in_workspace("folders/removeowner/team"), json=leaving)).status_code == 200
    assert (await api.alice.get(in_workspace("folders/get/team"))).status_code == 404


async def test_a_folder_is_seen_by_readers_and_changed_by_owners(api: Api, owner: asyncpg.Connection):
    await make_member(owner, "carol")
    await api.sign_in("carol", "carol@acme.test")
    await make_folder(owner, "team", owners=("u/alice",), extra_perms={"u/carol": True})
    for name, is_seen in {"alice": True, "carol": True, "bob": False, "admin": True}.items():
        caller = getattr(api, name)
        status = 200 if is_seen else 404
        assert (await caller.get(in_workspace("folders/exists/team"))).json() is is_seen
        assert (await caller.get(in_workspace("folders/listnames"))).json() == ["team"] * is_seen
        for route in ("folders/get/team", "folders/getusage/team", "acls/get/folder/team"):
            assert (await caller.get(in_workspace(route))).status_code == status, (name, route)
    assert (await api.admin.get(in_workspace("folders/listnames?only_member_of=true"))).json() == []
    changes: list[tuple[str, dict[str, Any]]] = [
        ("folders/update/team", {"summary": "s"}),
        ("folders/addowner/team", {"owner": "u/bob"}),
        ("folders/removeowner/team", {"owner": "u/bob", "write": False}),
        ("acls/add/folder/team", {"owner": "g/all", "write": False}),
        ("acls/remove/folder/team", {"owner": "g/all"}),
    ]
    for name, status in {"carol": 403, "bob": 404, "alice": 200}.items():
        for route, body in changes:
            caller = getattr(api, name)
            answer = await caller.post(in_workspace(route), json=body)
            assert answer.status_code == status, (name, route, answer.text)
    folder = (await api.alice.get(in_workspace("folders/get/team"))).json()
    assert folder["owners"] == ["u/alice"]
    assert folder["extra_perms"] == {"u/carol": True, "u/bob": False}
    assert (await api.carol.delete(in_workspace("folders/delete/team"))).status_code == 403
    assert (await api.alice.delete(in_workspace("folders/delete/team"))).status_code == 200


async def test_nobody_takes_over_what_a_removed_folder_had_in_it(api: Api):
    await api.alice.post(in_workspace("folders/create"), json={"name": "team"})
    await deploy(api.alice, "f/team/x")
    usage = (await api.alice.get(in_workspace("folders/getusage/team"))).json()
    assert (usage["scripts"], usage["resources"]) == (1, 0)
    assert (await api.alice.delete(in_workspace("folders/delete/team"))).status_code == 200
    assert (await api.alice.get(in_workspace("scripts/get/p/f/team/x"))).status_code == 404
    for name, status in {"bob": 403, "alice": 403, "admin": 200}.items():
        answer = await getattr(api, name).post(in_workspace("folders/create"), json={"name": "team"})
        assert answer.status_code == status, name


async def test_a_group_gives_its_members_rights_as_long_as_they_are_in_it(
    api: Api, owner: asyncpg.Connection
):
    new = {"name": "devs", "summary": "Who write code"}
    assert (await api.alice.post(in_workspace("groups/create"), json=new)).status_code == 403
    assert (await api.admin.post(in_workspace("groups/create"), json=new)).status_code == 200
    assert (await api.admin.post(in_workspace("groups/create"), json=new)).status_code == 409
    await make_folder(owner, "team", owners=("g/devs",))
    member = {"username": "bob"}
    assert (await api.alice.post(in_workspace("groups/adduser/devs"), json=member)).status_code == 403
    manage = {"owner": "u/alice", "write": True}
    assert (await api.alice.post(in_workspace("acls/add/group_/devs"), json=manage)).status_code == 403
    assert (await api.admin.post(in_workspace("acls/add/group_/devs"), json=manage)).status_code == 200
    assert (await api.alice.post(in_workspace("groups/adduser/devs"), json=member)).status_code == 200
    nobody = await api.alice.post(in_workspace("groups/adduser/devs"), json={"username": "nobody"})
    assert nobody.status_code == 400
    shown = (await api.bob.get(in_workspace("groups/get/devs"))).json()
    assert shown == new | {"members": ["bob"], "extra_perms": {"u/alice": True}}
    assert (await api.bob.get(in_workspace("groups/listnames?only_member_of=true"))).json() == ["all", "devs"]
    assert [group["name"] for group in (await api.bob.get(in_workspace("groups/list"))).json()] == [
        "all",
        "devs",
    ]
    await deploy(api.bob, "f/team/x")
    assert (await api.alice.post(in_workspace("groups/removeuser/devs"), json=member)).status_code == 200
    assert (await api.alice.post(in_workspace("groups/removeuser/devs"), json=member)).status_code == 404
    assert (await api.bob.get(in_workspace("scripts/get/p/f/team/x"))).status_code == 404
    assert (
        await api.alice.post(in_workspace("groups/update/devs"), json={"summary": "s"})
    ).status_code == 200
    assert (await api.alice.delete(in_workspace("groups/delete/devs"))).status_code == 403
    assert (await api.admin.delete(in_workspace("groups/delete/devs"))).status_code == 200
    assert (await api.admin.get(in_workspace("folders/get/team"))).json()["owners"] == []


async def test_everybody_belongs_to_the_group_all_and_nobody_changes_that(api: Api):
    everybody = (await api.alice.get(in_workspace("groups/get/all"))).json()["members"]
    assert everybody == ["admin", "alice", "bob"]
    for method, route in (("POST", "adduser"), ("POST", "removeuser"), ("DELETE", "delete")):
        body = {"username": "bob"} if method == "POST" else None
        answer = await api.admin.request(method, in_workspace(f"groups/{route}/all"), json=body)
        assert answer.status_code == 400, route


async def test_rights_on_single_things_are_kept_and_said_to_give_nothing(api: Api):
    await deploy(api.alice, "u/alice/x")
    body = {"path": "u/alice/x", "value": 1, "resource_type": "any"}
    assert (await api.alice.post(in_workspace("resources/create"), json=body)).status_code == 201
    secret = {"path": "u/alice/x", "value": "v", "is_secret": False, "description": ""}
    assert (await api.alice.post(in_workspace("variables/create"), json=secret)).status_code == 201
    reads = {"script": "scripts/get/p", "resource": "resources/get", "variable": "variables/get"}
    for kind, read in reads.items():
        grant = {"owner": "u/bob", "write": True}
        added = await api.alice.post(in_workspace(f"acls/add/{kind}/u/alice/x"), json=grant)
        assert added.status_code == 200
        assert "rights of its folder alone" in added.text
        assert (await api.bob.get(in_workspace(f"{read}/u/alice/x"))).status_code == 404
        for caller, route in ((api.bob, "add"), (api.bob, "remove")):
            refused = await caller.post(in_workspace(f"acls/{route}/{kind}/u/alice/x"), json=grant)
            assert refused.status_code == 404
        shown = (await api.alice.get(in_workspace(f"{read}/u/alice/x"))).json()
        listed = (await api.alice.get(in_workspace(f"acls/get/{kind}/u/alice/x"))).json()
        assert shown["extra_perms"] == listed == {"u/bob": True}
        await api.alice.post(in_workspace(f"acls/remove/{kind}/u/alice/x"), json={"owner": "u/bob"})
        assert (await api.alice.get(in_workspace(f"acls/get/{kind}/u/alice/x"))).json() == {}
    await api.alice.post(in_workspace("acls/add/script/u/alice/x"), json={"owner": "g/all"})
    await deploy(api.alice, "u/alice/x", "def main(): ...\n", auto_parent=True)
    kept = (await api.alice.get(in_workspace("acls/get/script/u/alice/x"))).json()
    assert kept == {"g/all": False}, "a new version keeps them"
    odd = await api.alice.post(in_workspace("acls/add/app/u/alice/x"), json={"owner": "u/bob"})
    assert odd.status_code == 400
