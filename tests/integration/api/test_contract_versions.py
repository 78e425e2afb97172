"""The generated client of the public contract reads our answers about versions, drafts and the trash bin."""

from __future__ import annotations

from datetime import datetime

import pytest
from windmill_api.api.draft import (
    delete_draft_for_user,
    get_draft_for_user,
    get_own_draft,
    list_drafts,
    move_draft,
    update_draft,
)
from windmill_api.api.script import (
    archive_script_by_hash,
    archive_script_by_path,
    create_script,
    delete_script_by_hash,
    delete_script_by_path,
    delete_scripts_bulk,
    exists_script_by_path,
    get_script_by_path,
    get_script_history_by_path,
    get_script_latest_version,
    get_triggers_count_of_script,
    list_script_paths,
    list_scripts,
    list_search_script,
    list_tokens_of_script,
    raw_script_by_hash,
    raw_script_by_path,
    toggle_workspace_error_handler_for_script,
    update_script,
    update_script_history,
)
from windmill_api.api.trash import (
    empty_trash,
    get_trash_item,
    list_trash,
    permanently_delete_trash_item,
    restore_trash_item,
)

from tests.ground.people import WORKSPACE
from tests.integration.api.callers import MAIN, Api
from tests.integration.api.test_contract import Body, Client

PATH = "u/alice/script"
HERE = {"workspace": WORKSPACE}


def version(text: str = "", **fields: object) -> Body:
    """A body that deploys."""
    return Body(path=PATH, content=MAIN + text, language="python3", summary="s", lock="", **fields)


@pytest.fixture
def alice(api: Api) -> Client:
    return Client(api.alice)


@pytest.fixture
def admin(api: Api) -> Client:
    return Client(api.admin)


async def test_a_scripts_life(alice: Client):
    first = await alice.text(create_script, 201, **HERE, json_body=version(deployment_message="why"))
    body = version("#2\n", parent_hash=first)
    second = await alice.text(update_script, 201, **HERE, path=PATH, json_body=body)
    newest, oldest = await alice.parsed(get_script_history_by_path, **HERE, path=PATH, page=1, per_page=10)
    assert (newest.script_hash, oldest.script_hash) == (second, first)
    assert (oldest.deployment_msg, oldest.created_by) == ("why", "alice")
    assert isinstance(newest.created_at, datetime)
    assert (await alice.parsed(get_script_latest_version, **HERE, path=PATH)).script_hash == second
    message = Body(deployment_msg="because")
    await alice.text(update_script_history, 200, **HERE, hash_=second, path=PATH, json_body=message)
    assert await alice.text(raw_script_by_path, 200, **HERE, path=f"{PATH}.py") == MAIN + "#2\n"
    assert await alice.text(raw_script_by_hash, 200, **HERE, path=first) == MAIN
    assert await alice.parsed(exists_script_by_path, **HERE, path=PATH) is True
    assert await alice.text(list_script_paths, 200, **HERE) == f'["{PATH}"]'
    (found,) = await alice.parsed(list_search_script, **HERE)
    assert (found.path, found.content) == (PATH, MAIN + "#2\n")
    assert await alice.parsed(list_tokens_of_script, **HERE, path=PATH) == []
    assert (await alice.parsed(get_triggers_count_of_script, **HERE, path=PATH)).schedule_count == 0
    muting = Body(muted=True)
    await alice.text(toggle_workspace_error_handler_for_script, 200, **HERE, path=PATH, json_body=muting)
    assert (await alice.parsed(get_script_by_path, **HERE, path=PATH)).ws_error_handler_muted is True
    await alice.text(archive_script_by_path, 200, **HERE, path=PATH)
    assert (await alice.parsed(archive_script_by_hash, **HERE, hash_=second)).archived is True
    (archived,) = await alice.parsed(list_scripts, **HERE, show_archived=True, with_deployment_msg=True)
    assert (archived.hash_, archived.archived) == (second, True)


async def test_the_trash_bin(alice: Client, admin: Client):
    first = await alice.text(create_script, 201, **HERE, json_body=version())
    assert await admin.parsed(delete_script_by_path, **HERE, path=PATH, keep_captures=True) == PATH
    (item,) = await admin.parsed(list_trash, **HERE, item_kind="script", page=1, per_page=10)
    assert (item.item_path, item.deleted_by) == (PATH, "admin")
    assert isinstance(item.expires_at, datetime)
    shown = await admin.parsed(get_trash_item, **HERE, id=item.id)
    assert shown.item_data["hash"] == first
    await admin.text(restore_trash_item, 200, **HERE, id=item.id)
    left = await admin.parsed(delete_script_by_hash, **HERE, hash_=first)
    assert (left.deleted, left.content, left.path) == (True, "", PATH)
    (item,) = await admin.parsed(list_trash, **HERE)
    await admin.text(permanently_delete_trash_item, 200, **HERE, id=item.id)
    await alice.text(create_script, 201, **HERE, json_body=version())
    assert await admin.parsed(delete_scripts_bulk, **HERE, json_body=Body(paths=[PATH])) == [PATH]
    await admin.text(empty_trash, 200, **HERE)
    assert await admin.parsed(list_trash, **HERE) == []


async def test_drafts(alice: Client, admin: Client):
    item = {**HERE, "kind": "script", "path": PATH}
    value = {"path": PATH, "content": "x", "summary": "s"}
    saved = await alice.parsed(update_draft, **item, json_body=Body(value=value))
    assert (saved.status.value, saved.path) == ("saved", PATH)
    conflict = await alice.parsed(update_draft, **item, json_body=Body(value=value))
    assert (conflict.status.value, conflict.current_timestamp) == ("conflict", saved.current_timestamp)
    own = await alice.parsed(get_own_draft, **item)
    assert (own.value, own.created_at) == (value, saved.current_timestamp)
    (entry,) = await alice.parsed(list_drafts, **HERE)
    assert (entry.kind.value, entry.summary, entry.draft_only, entry.mine) == ("script", "s", True, True)
    drafted = await alice.parsed(get_script_by_path, **HERE, path=PATH, get_draft=True)
    assert (drafted.draft.additional_properties, drafted.no_deployed, drafted.content) == (value, True, "x")
    (listed,) = await alice.parsed(list_scripts, **HERE, include_draft_only=True)
    assert (listed.draft_only, listed.draft_users[0].username) == (True, "alice")
    assert (await admin.parsed(get_draft_for_user, **item, username="alice")).value == value
    (entry,) = await admin.parsed(list_drafts, **HERE, all_users=True)
    assert (entry.mine, entry.draft_users[0].username) == (False, "alice")
    await alice.text(move_draft, 200, **item, json_body=Body(new_path="u/alice/x"))
    removed = {**item, "path": "u/alice/x"}
    await admin.text(delete_draft_for_user, 200, **removed, username="alice")
    await alice.text(get_own_draft, 200, **removed)
    await alice.text(create_script, 201, **HERE, json_body=version())
    await alice.parsed(update_draft, **item, json_body=Body(value=value))
    overlaid = await admin.parsed(get_script_by_path, **HERE, path=PATH, get_draft=True)
    assert (overlaid.is_draft, overlaid.other_drafts_users[0].username) == (False, "alice")
    assert isinstance(overlaid.other_drafts_users[0].draft_saved_at, datetime)
