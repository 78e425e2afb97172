"""``wmill sync``: a workspace is pulled into a folder, changed there, and pushed back."""

from __future__ import annotations

from typing import Any

from tests.acceptance.jobs import deploy
from tests.contract.clients import Cli

CONFIG = """\
defaultTs: bun
includes:
  - f/**
excludes: []
skipSecrets: false
includeUsers: true
includeGroups: true
includeSettings: true
includeKey: true
"""
LIBRARY = "NAME = 'there'\n"
SCRIPT = "from f.team.lib import NAME\n\ndef main(x: int = 1):\n    return [NAME, x]\n"


async def furnish(cli: Cli) -> None:
    """Put something of each kind into the workspace, and the tool's configuration into the folder.

    Locks are made by the server: one of our own might be made anew at any moment, and differ.
    """
    cli.write("wmill.yaml", CONFIG)
    async with cli.api() as api:
        await deploy(api, "f/team/lib", LIBRARY)
        await deploy(api, "f/team/old", LIBRARY)
        await deploy(api, "f/team/main", SCRIPT, summary="The main one", timeout=50, tag="python3")
        for route, body in (
            ("resources/type/create", {"name": "db", "schema": {"type": "object"}, "description": "A db"}),
            ("resources/create", {"path": "f/team/db", "value": {"port": 5}, "resource_type": "db"}),
            ("variables/create", {"path": "f/team/name", "value": "plain", "is_secret": False}),
            ("variables/create", {"path": "f/team/password", "value": "hidden", "is_secret": True}),
            ("groups/create", {"name": "devs", "summary": "Who write code"}),
            ("groups/adduser/devs", {"username": "admin"}),
            ("workspace_dependencies/create", {"language": "python3", "name": "web", "content": "six\n"}),
        ):
            (await api.post(f"/{route}", json=body)).raise_for_status()


async def pull(cli: Cli) -> dict[str, str]:
    """Pull; the files that are there then."""
    await cli("sync", "pull", "--yes")
    return cli.files()


async def test_what_was_pulled_is_pushed_back_without_a_change(cli: Cli):
    await furnish(cli)
    files = await pull(cli)
    assert files.keys() == {
        "db.resource-type.yaml",
        "dependencies/web.requirements.in",
        "encryption_key.yaml",
        "f/team/db.resource.yaml",
        "f/team/folder.meta.yaml",
        "f/team/lib.py",
        "f/team/lib.script.lock",
        "f/team/lib.script.yaml",
        "f/team/main.py",
        "f/team/main.script.lock",
        "f/team/main.script.yaml",
        "f/team/name.variable.yaml",
        "f/team/old.py",
        "f/team/old.script.lock",
        "f/team/old.script.yaml",
        "f/team/password.variable.yaml",
        "groups/devs.group.yaml",
        "settings.yaml",
        "users/admin@headrace.local.user.yaml",
        "wmill-lock.yaml",
        "wmill.yaml",
    }
    assert files["f/team/main.py"] == SCRIPT
    changes = await cli.changes()
    await cli("sync", "push", "--yes")
    assert await pull(cli) == files
    assert await cli.changes() == changes


async def test_a_changed_folder_is_pushed_and_pulled_again(cli: Cli):
    await furnish(cli)
    files = await pull(cli)
    cli.write("f/team/main.py", SCRIPT.replace("int = 1", "int = 2"))
    cli.write("f/team/main.script.yaml", files["f/team/main.script.yaml"].replace("main one", "second one"))
    cli.write("f/team/added.py", LIBRARY)
    for name, old, new in (
        ("f/team/db.resource.yaml", "port: 5", "port: 6"),
        ("f/team/name.variable.yaml", "plain", "plainer"),
        ("f/team/folder.meta.yaml", "summary: ''", "summary: The team"),
        ("db.resource-type.yaml", "A db", "The db"),
        ("groups/devs.group.yaml", "Who write code", "Who wrote code"),
        ("dependencies/web.requirements.in", "six", "six<2"),
    ):
        assert old in files[name]
        cli.write(name, files[name].replace(old, new))
    cli.write("settings.yaml", files["settings.yaml"] + "color: '#2d6cdf'\n")
    # What was one script is now another.
    for suffix in (".script.yaml", ".script.lock"):
        cli.write(f"f/team/added{suffix}", files[f"f/team/old{suffix}"].replace("/old.", "/added."))
    for suffix in (".py", ".script.yaml", ".script.lock"):
        (cli.folder / f"f/team/old{suffix}").unlink()
    pushed = cli.files()
    await cli("sync", "push", "--yes")
    assert await stored(cli, "scripts/list_paths") == ["f/team/added", "f/team/lib", "f/team/main"]
    script = await stored(cli, "scripts/get/p/f/team/main")
    assert (script["summary"], script["timeout"], script["tag"]) == ("The second one", 50, "python3")
    assert script["content"] == pushed["f/team/main.py"]
    for route, member, value in (
        ("resources/get/f/team/db", "value", {"port": 6}),
        ("variables/get/f/team/name", "value", "plainer"),
        ("variables/get/f/team/password", "value", "hidden"),
        ("folders/get/team", "summary", "The team"),
        ("resources/type/get/db", "description", "The db"),
        ("groups/get/devs", "summary", "Who wrote code"),
        ("workspaces/get_settings", "color", "#2d6cdf"),
        ("workspace_dependencies/get_latest/python3?name=web", "content", "six<2\n"),
    ):
        assert (await stored(cli, route))[member] == value
    pulled, changes = await pull(cli), await cli.changes()
    assert without_lock(pulled) == without_lock(pushed)
    await cli("sync", "push", "--yes")
    assert await cli.changes() == changes


def without_lock(files: dict[str, str]) -> dict[str, str]:
    """The files but the tool's own memory of their hashes."""
    return {name: text for name, text in files.items() if name != "wmill-lock.yaml"}


async def stored(cli: Cli, route: str) -> Any:
    """What the server says."""
    async with cli.api() as api:
        return (await api.get(f"/{route}")).raise_for_status().json()
