"""The public command line tool signs in and reads."""

from __future__ import annotations

from tests.contract.clients import Cli


async def test_a_workspace_is_added_and_remembered(cli: Cli):
    url, workspace, token = f"{cli.server.url}/", cli.workspace, cli.server.token
    added = await cli.run("workspace", "add", "here", workspace, url, "--token", token)
    assert added.code == 0, added.output + added.errors
    shown = await cli.run("workspace", "whoami")
    assert "admin@headrace.local" in shown.output


async def test_a_wrong_token_is_refused(cli: Cli):
    done = await cli.attempt("script", "list", token="nobody")
    assert done.code == 1
