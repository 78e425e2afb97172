"""What contract tests stand on: a workspace of their own on a real server, and the official clients."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.commands import Up
from tests.contract.clients import Cli


@pytest.fixture
async def cli(server: Up, tmp_path: Path, request: pytest.FixtureRequest) -> Cli:
    """The public command line tool in a folder of its own, with a fresh workspace and a folder ``f/team``."""
    workspace = request.node.name.removeprefix("test_").replace("_", "-")[:50]
    async with server.client() as http:
        made = await http.post("/workspaces/create", json={"id": workspace, "name": workspace})
        made.raise_for_status()
        made = await http.post(f"/w/{workspace}/folders/create", json={"name": "team"})
        made.raise_for_status()
    folder, home = tmp_path / "folder", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    return Cli(server, folder, home, workspace)
