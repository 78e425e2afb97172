"""Users of the instance, members of workspaces, and workspaces themselves."""

from __future__ import annotations

from typing import Any

import asyncpg

from tests.ground.people import make_folder, make_member, make_workspace
from tests.integration.api.callers import Api, deploy, in_workspace, run


async def test_a_superadmin_makes_changes_and_removes_users(api: Api, owner: asyncpg.Connection):
    body = {"email": "Zoe@Acme.test", "password": "correct horse", "super_admin": False, "company": "Acme"}
    made = await api.superadmin.post("/users/create", json=body)
    assert (made.status_code, made.text) == (201, "user zoe@acme.test created")
    assert (await api.superadmin.post("/users/create", json=body)).status_code == 409
    session = await api.anonymous.post(
        "/auth/login", json={"email": "\uff5aoe@acme.test", "password": "correct horse"}
    )
    await owner.execute("insert into workspace_user values ('acme', 'zoe', 'zoe@acme.test')")
    change = {"is_super_admin": True, "name": "Zoe"}
    assert (await api.superadmin.post("/users/update/zoe@acme.test", json=change)).status_code == 200
    listed = (await api.superadmin.get("/users/list_as_super_admin?page=0&per_page=10")).json()
    assert listed[-1] == {
        "email": "zoe@acme.test", "login_type": "password", "super_admin": True, "devops": False,
        "verified": True, "first_time_user": False, "role_source": "manual", "disabled": False,
        "name": "Zoe", "company": "Acme",
    }  # fmt: skip
    assert [user["email"] for user in listed] == sorted(user["email"] for user in listed)
    assert (await api.superadmin.get("/users/exists/zoe@acme.test")).json() is True
    assert (await api.alice.get("/users/exists/zoe@acme.test")).json() is False
    async with api.client(session.text) as zoe:
        assert (await zoe.get("/users/whoami")).json()["name"] == "Zoe"
        disable = {"disabled": True}
        assert (await zoe.post("/users/update/zoe@acme.test", json=disable)).status_code == 400
        assert (await api.superadmin.post("/users/update/zoe@acme.test", json=disable)).status_code == 200
        assert (await zoe.get("/users/whoami")).status_code == 401
    assert (await api.superadmin.delete("/users/delete/zoe@acme.test")).status_code == 200
    assert (await api.superadmin.delete("/users/delete/zoe@acme.test")).status_code == 404
    assert await owner.fetchval("select count(*) from workspace_user where username = 'zoe'") == 0
    assert (await api.superadmin.delete("/users/delete/root@instance.test")).status_code == 400
    audited = [row["operation"] for row in await owner.fetch("select operation from audit order by id")]
    assert audited == ["users.create", "users.login", "users.update", "users.update", "users.delete"]


async def test_nobody_else_looks_after_users(api: Api):
    for caller in (api.admin, api.alice):
        for method, path, body in (
            ("GET", "/users/list_as_super_admin", None),
            ("POST", "/users/create", {"email": "x@y.z"}),
            ("POST", "/users/update/bob@acme.test", {"is_super_admin": True}),
            ("POST", "/users/set_password_of/bob@acme.test", {"password": "correct horse"}),
            ("DELETE", "/users/delete/bob@acme.test", None),
            ("GET", "/workspaces/list_as_superadmin", None),
            ("GET", "/settings/list_global", None),
        ):
            assert (await caller.request(method, path, json=body)).status_code == 403, path


async def test_members_are_seen_by_members_with_the_folders_that_they_see_themselves(
    api: Api, owner: asyncpg.Connection
):
    await make_folder(owner, "hers", owners=("u/alice",))
    await make_folder(owner, "ours", extra_perms={"u/alice": True, "u/bob": False})
    shown = (await api.bob.get(in_workspace("users/get/alice"))).json()
    assert (shown["folders"], shown["folders_read"], shown["folders_owners"]) == (["ours"], ["ours"], [])
    assert shown == next(
        u for u in (await api.bob.get(in_workspace("users/list"))).json() if u["username"] == "alice"
    )
    shown = (await api.admin.get(in_workspace("users/whois/alice"))).json()
    assert (sorted(shown["folders"]), shown["folders_owners"]) == (["hers", "ours"], ["hers"])
    assert (await api.bob.get(in_workspace("users/list_usernames"))).json() == ["admin", "alice", "bob"]
    email = await api.bob.get(in_workspace("users/username_to_email/alice"))
    assert (email.text, email.headers["content-type"]) == ("alice@acme.test", "text/plain; charset=utf-8")
    own = await api.superadmin.get(in_workspace("users/username_to_email/root@instance.test"))
    assert own.text == "root@instance.test"
    for route in ("get", "whois", "username_to_email"):
        assert (await api.bob.get(in_workspace(f"users/{route}/nobody"))).status_code == 404
    for path, is_own in {"u/bob/x": True, "u/alice/x": False, "f/ours/x": False, "g/all": False}.items():
        assert (await api.bob.get(in_workspace(f"users/is_owner/{path}"))).json() is is_own, path
    assert (await api.alice.get(in_workspace("users/is_owner/f/hers/x"))).json() is True


async def test_an_admin_adds_changes_and_removes_members(api: Api, owner: asyncpg.Connection):
    await make_workspace(owner, "other")
    await make_member(owner, "carol", "other")
    new: dict[str, Any] = {"email": "carol@other.test", "is_admin": False, "operator": True}
    assert (await api.alice.post(in_workspace("workspaces/add_user"), json=new)).status_code == 403
    added = await api.admin.post(in_workspace("workspaces/add_user"), json=new)
    assert (added.status_code, added.text) == (200, "user carol added to workspace acme")
    assert (await api.admin.get(in_workspace("users/get/carol"))).json()["operator"] is True
    for change, status in (
        ({"email": "nobody@other.test"}, 400),
        ({"email": "carol@other.test", "username": "carol2"}, 409),
        ({"email": "root@instance.test", "username": "ALICE"}, 409),
        ({"email": "root@instance.test", "username": "group-x"}, 400),
        ({"email": "root@instance.test", "role": "admin", "operator": True}, 400),
    ):
        answer = await api.admin.post(in_workspace("workspaces/add_user"), json=change)
        assert answer.status_code == status, answer.text
    await api.sign_in("carol", "carol@other.test")
    change = in_workspace("users/update/carol")
    assert (await api.carol.post(change, json={"is_admin": True})).status_code == 403
    assert (await api.admin.post(change, json={"role": "admin"})).status_code == 200
    assert (await api.carol.get(in_workspace("users/whoami"))).json()["is_admin"] is True
    assert (await api.admin.post(change, json={"disabled": True})).status_code == 200
    assert (await api.carol.get(in_workspace("users/whoami"))).status_code == 404
    assert (await api.admin.get(in_workspace("users/get/carol"))).json()["disabled"] is True
    await make_folder(owner, "team", owners=("u/carol", "u/alice"), extra_perms={"u/carol": True})
    assert (await api.alice.delete(in_workspace("users/delete/carol"))).status_code == 403
    assert (await api.admin.delete(in_workspace("users/delete/carol"))).status_code == 200
    assert (await api.admin.delete(in_workspace("users/delete/carol"))).status_code == 404
    folder = (await api.admin.get(in_workspace("folders/get/team"))).json()
    assert (folder["owners"], folder["extra_perms"]) == (["u/alice"], {}), (
        "nobody inherits rights with a name"
    )
    assert (await api.carol.get("/w/other/users/whoami")).status_code == 200
    audited = [row["operation"] for row in await owner.fetch("select operation from audit order by id")]
    assert audited == ["users.add_to_workspace", "users.update", "users.update", "users.delete"]


async def test_a_workspace_is_listed_named_and_shut(api: Api):
    mine = (await api.alice.get("/workspaces/users")).json()
    assert mine["email"] == "alice@acme.test"
    (membership,) = mine["workspaces"]
    assert (membership["id"], membership["username"], membership["role"]) == ("acme", "alice", "developer")
    for username, is_taken in {"Bob": True, "nobody": False}.items():
        body = {"id": "acme", "username": username}
        assert (await api.alice.post("/workspaces/exists_username", json=body)).json() is is_taken
    rename = in_workspace("workspaces/change_workspace_name")
    assert (await api.alice.post(rename, json={"new_name": "Mine"})).status_code == 403
    assert (await api.admin.post(rename, json={"new_name": "Ours"})).status_code == 200
    assert (await api.alice.get(in_workspace("workspaces/get_workspace_name"))).text == "Ours"
    recolor = in_workspace("workspaces/change_workspace_color")
    assert (await api.admin.post(recolor, json={"color": "url(x)"})).status_code == 400
    assert (await api.admin.post(recolor, json={"color": "#12ab34"})).status_code == 200
    settings = (await api.alice.get(in_workspace("workspaces/get_settings"))).json()
    assert settings == {"workspace_id": "acme", "color": "#12ab34"}
    await deploy(api.alice, "u/alice/x")
    await run(api.alice, "u/alice/x")
    assert (await api.alice.post(in_workspace("workspaces/archive"))).status_code == 403
    assert (await api.admin.post(in_workspace("workspaces/archive"))).status_code == 200
    for name in ("alice", "admin", "superadmin"):
        assert (await getattr(api, name).get(in_workspace("jobs/list"))).status_code == 404, name
    assert (await api.alice.get("/workspaces/list")).json() == []
    every = (await api.superadmin.get("/workspaces/list_as_superadmin")).json()
    assert [(item["id"], item.get("deleted")) for item in every] == [("acme", True)]
    assert (await api.admin.post("/workspaces/unarchive/acme")).status_code == 403
    assert (await api.superadmin.post("/workspaces/unarchive/acme")).status_code == 200
    assert (await api.superadmin.post("/workspaces/unarchive/acme")).status_code == 404
    assert len((await api.alice.get(in_workspace("jobs/list"))).json()) == 1


async def test_what_there_is_none_of_is_answered_truly(api: Api):
    for path, answer in {
        "/users/list_invites": [],
        "/settings/global/automate_username_creation": None,
        in_workspace("workspaces/list_ws_specific"): [],
    }.items():
        assert (await api.alice.get(path)).json() == answer, path
    assert (await api.admin.get(in_workspace("workspaces/list_pending_invites"))).json() == []
    assert (await api.superadmin.get("/settings/list_global")).json() == []
    setting = await api.superadmin.post("/settings/global/retention_period_secs", json={"value": 1})
    assert setting.status_code == 400
    assert (await api.alice.get(in_workspace("shared_ui/get"))).json()["files"] == {}
    assert (await api.alice.get("/users/email")).text == "alice@acme.test"
