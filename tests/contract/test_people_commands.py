"""The public command line looks after users, tokens, groups and folders."""

from __future__ import annotations

import re

import pytest

from tests.contract.clients import Cli


@pytest.mark.long
async def test_users_tokens_and_groups_are_made_and_listed(cli: Cli):
    await cli("user", "add", "zoe@acme.test", "correct horse", "--name", "Zoe")
    assert "zoe@acme.test" in await cli("user")
    session = await cli("user", "create-token", "--email", "zoe@acme.test", "--password", "correct horse")
    assert re.search(r"Token: [0-9a-f]{64}", session)
    token = (await cli("token", "create", "--label", "laptop")).split()[-1]
    assert token[:10] in await cli("token", "list")
    await cli("token", "delete", token[:10])
    assert token[:10] not in await cli("token", "list")
    await cli("group", "create", "devs", "--summary", "Who write code")
    await cli("group", "add-user", "devs", "admin")
    assert "admin" in await cli("group", "get", "devs")
    await cli("group", "remove-user", "devs", "admin")
    await cli("group", "delete", "devs")
    assert "group.delete" in await cli("audit", "list")


async def test_a_folder_that_is_pushed_twice_is_changed_once(cli: Cli):
    cli.write("wmill.yaml", "includes: [f/**]\n")
    folder = "summary: Shop\ndisplay_name: shop\nowners: [g/all]\nextra_perms:\n  u/zoe: false\n"
    cli.write("f/shop/folder.meta.yaml", folder)
    await cli("sync", "push", "--yes")
    changes = await cli.changes()
    assert "0 changes to apply" in await cli("sync", "push", "--yes")
    await cli("folder", "push", "shop")
    assert await cli.changes() == changes
    assert "g/all" in await cli("folder", "get", "shop")
