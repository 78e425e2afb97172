"""The generated client of the public contract reads our answers about people and what is theirs."""

from __future__ import annotations

from datetime import datetime

import pytest
from windmill_api.api.audit import get_audit_log, list_audit_logs
from windmill_api.api.folder import (
    add_owner_to_folder,
    create_folder,
    delete_folder,
    exists_folder,
    get_folder,
    get_folder_usage,
    list_folder_names,
    list_folders,
    remove_owner_to_folder,
    update_folder,
)
from windmill_api.api.granular_acl import add_granular_acls, get_granular_acls, remove_granular_acls
from windmill_api.api.group import (
    add_user_to_group,
    create_group,
    delete_group,
    get_group,
    list_group_names,
    list_groups,
    remove_user_to_group,
    update_group,
)
from windmill_api.api.oidc import get_oidc_token
from windmill_api.api.setting import get_global, get_jwks, list_global_settings
from windmill_api.api.token import list_available_scopes
from windmill_api.api.user import (
    create_token,
    create_user_globally,
    delete_token,
    delete_user,
    exists_email,
    get_current_email,
    get_user,
    global_user_delete,
    global_user_update,
    is_owner_of_path,
    list_tokens,
    list_usernames,
    list_users,
    list_users_as_super_admin,
    list_workspace_invites,
    login,
    logout,
    set_password,
    set_password_for_user,
    update_token_label,
    update_token_scopes,
    update_user,
    username_to_email,
    whois,
)
from windmill_api.api.workspace import (
    add_user,
    archive_workspace,
    change_workspace_color,
    change_workspace_name,
    exists_username,
    get_settings,
    get_shared_ui,
    get_workspace_encryption_key,
    get_workspace_name,
    list_pending_invites,
    list_user_workspaces,
    list_workspaces_as_super_admin,
    list_ws_specific,
    unarchive_workspace,
)

from tests.ground.people import WORKSPACE
from tests.integration.api.callers import Api
from tests.integration.api.test_contract import Body, Client

HERE = {"workspace": WORKSPACE}


@pytest.fixture
def alice(api: Api) -> Client:
    return Client(api.alice)


@pytest.fixture
def admin(api: Api) -> Client:
    return Client(api.admin)


@pytest.fixture
def root(api: Api) -> Client:
    return Client(api.superadmin)


async def test_users_and_sessions(api: Api, root: Client, admin: Client):
    new = Body(email="zoe@acme.test", password="correct horse", super_admin=False, name="Zoe")
    await root.text(create_user_globally, 201, json_body=new)
    await root.text(global_user_update, 200, email="zoe@acme.test", json_body=Body(is_super_admin=False))
    zoe = (await root.parsed(list_users_as_super_admin))[-1]
    assert (zoe.email, zoe.login_type.value, zoe.super_admin) == ("zoe@acme.test", "password", False)
    assert await root.parsed(exists_email, email="zoe@acme.test") is True
    joining = Body(email="zoe@acme.test", username="zoe", is_admin=False, operator=True)
    await admin.text(add_user, 200, **HERE, json_body=joining)
    await admin.text(update_user, 200, **HERE, username="zoe", json_body=Body(operator=False))
    names = await admin.parsed(list_usernames, **HERE)
    assert names == [user.username for user in await admin.parsed(list_users, **HERE)]
    for operation in (get_user, whois):
        user = await admin.parsed(operation, **HERE, username="zoe")
        assert (user.name, user.operator, user.groups) == ("Zoe", False, ["all"])
        assert isinstance(user.created_at, datetime)
    session = await root.text(login, 200, json_body=Body(email="zoe@acme.test", password="correct horse"))
    async with api.client(session) as connection:
        caller = Client(connection)
        assert await caller.text(get_current_email, 200) == "zoe@acme.test"
        assert await caller.text(username_to_email, 200, **HERE, username="zoe") == "zoe@acme.test"
        assert await caller.parsed(is_owner_of_path, **HERE, path="u/zoe/x") is True
        assert await caller.parsed(list_workspace_invites) == []
        await caller.text(set_password, 200, json_body=Body(password="battery staple"))
        await caller.text(logout, 200)
    await root.text(set_password_for_user, 200, user="zoe@acme.test", json_body=Body(password="12345678"))
    await admin.text(delete_user, 200, **HERE, username="zoe")
    await root.text(global_user_delete, 200, email="zoe@acme.test")


async def test_tokens(alice: Client):
    text = await alice.text(create_token, 201, json_body=Body(label="x", scopes=["scripts:read"]))
    await alice.text(update_token_label, 200, token_prefix=text[:10], json_body=Body(label="y"))
    await alice.text(update_token_scopes, 200, token_prefix=text[:10], json_body=Body(scopes=["jobs:read"]))
    token = (await alice.parsed(list_tokens, exclude_ephemeral=True))[0]
    assert (token.token_prefix, token.label, token.scopes) == (text[:10], "y", ["jobs:read"])
    assert isinstance(token.last_used_at, datetime)
    assert "jobs" in [domain.name for domain in await alice.parsed(list_available_scopes)]
    await alice.text(delete_token, 200, token_prefix=text[:10])
    assert (await alice.text(get_oidc_token, 200, **HERE, audience="vault")).count(".") == 2
    assert len((await alice.parsed(get_jwks)).keys) == 1


async def test_folders(alice: Client):
    team = {**HERE, "name": "team"}
    await alice.text(create_folder, 200, **HERE, json_body=Body(name="team", owners=["u/alice"]))
    change = Body(summary="s", extra_perms={"g/all": False}, labels=["x"])
    await alice.text(update_folder, 200, **team, json_body=change)
    await alice.text(add_owner_to_folder, 200, **team, json_body=Body(owner="u/bob"))
    await alice.text(remove_owner_to_folder, 200, **team, json_body=Body(owner="u/bob", write=True))
    for folder in (await alice.parsed(get_folder, **team), *await alice.parsed(list_folders, **HERE)):
        assert (folder.name, folder.owners, folder.summary, folder.labels) == (
            "team",
            ["u/alice"],
            "s",
            ["x"],
        )
        assert folder.extra_perms.additional_properties == {"g/all": False, "u/bob": True}
        assert isinstance(folder.edited_at, datetime)
    acl = {**HERE, "kind": "folder", "path": "team"}
    await alice.text(add_granular_acls, 200, **acl, json_body=Body(owner="u/bob", write=False))
    await alice.text(remove_granular_acls, 200, **acl, json_body=Body(owner="g/all"))
    assert (await alice.parsed(get_granular_acls, **acl)).additional_properties == {"u/bob": False}
    assert await alice.parsed(list_folder_names, **HERE) == ["team"]
    assert await alice.parsed(exists_folder, **team) is True
    assert (await alice.parsed(get_folder_usage, **team)).scripts == 0
    await alice.text(delete_folder, 200, **team)


async def test_groups_and_the_audit_log(admin: Client):
    devs = {**HERE, "name": "devs"}
    await admin.text(create_group, 200, **HERE, json_body=Body(name="devs"))
    await admin.text(update_group, 200, **devs, json_body=Body(summary="s"))
    await admin.text(add_user_to_group, 200, **devs, json_body=Body(username="bob"))
    group = await admin.parsed(get_group, **devs)
    assert (group.name, group.summary, group.members) == ("devs", "s", ["bob"])
    assert [group.name for group in await admin.parsed(list_groups, **HERE)] == ["all", "devs"]
    assert await admin.parsed(list_group_names, **HERE) == ["all", "devs"]
    await admin.text(remove_user_to_group, 200, **devs, json_body=Body(username="bob"))
    await admin.text(delete_group, 200, **devs)
    entries = await admin.parsed(list_audit_logs, **HERE)
    assert [entry.operation.value for entry in entries] == [
        "group.delete", "group.removeuser", "group.adduser", "group.edit", "group.create",
    ]  # fmt: skip
    assert isinstance((await admin.parsed(get_audit_log, **HERE, id=entries[0].id)).timestamp, datetime)


async def test_workspaces(alice: Client, admin: Client, root: Client):
    await admin.text(change_workspace_name, 200, **HERE, json_body=Body(new_name="Ours"))
    await admin.text(change_workspace_color, 200, **HERE, json_body=Body(color="#123456"))
    assert await alice.text(get_workspace_name, 200, **HERE) == "Ours"
    assert (await alice.parsed(get_settings, **HERE)).color == "#123456"
    assert len((await admin.parsed(get_workspace_encryption_key, **HERE)).key) == 44
    (mine,) = (await alice.parsed(list_user_workspaces)).workspaces
    assert (mine.id, mine.name, mine.color, mine.role) == (WORKSPACE, "Ours", "#123456", "developer")
    assert await alice.text(exists_username, 200, json_body=Body(id=WORKSPACE, username="bob")) == "true"
    assert await alice.parsed(list_ws_specific, **HERE) == []
    assert await admin.parsed(list_pending_invites, **HERE) == []
    assert (await alice.parsed(get_shared_ui, **HERE)).files.additional_properties == {}
    assert await alice.text(get_global, 200, key="automate_username_creation") == "null"
    assert await root.parsed(list_global_settings) == []
    await admin.text(archive_workspace, 200, **HERE)
    assert [found.deleted for found in await root.parsed(list_workspaces_as_super_admin)] == [True]
    await root.text(unarchive_workspace, 200, **HERE)
