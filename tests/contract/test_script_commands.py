"""``wmill script`` and ``generate-metadata``: scripts on the server, and scripts as they lie in a folder."""

from __future__ import annotations

from tests.acceptance.jobs import deploy
from tests.contract.clients import Cli

MAIN = "f/team/main"
LIBRARY = "NAME = 'there'\n"
SCRIPT = "from f.team.lib import NAME\n\ndef main(x: int = 1):\n    print('at work')\n    return [NAME, x]\n"
CONFIG = "defaultTs: bun\nincludes:\n  - f/**\nexcludes: []\n"


async def deploy_both(cli: Cli) -> None:
    """Deploy a script and what it imports."""
    async with cli.api() as api:
        await deploy(api, "f/team/lib", LIBRARY, lock="")
        await deploy(api, MAIN, SCRIPT, lock="", summary="The main one", deployment_message="begun")


async def test_scripts_are_listed_shown_and_run(cli: Cli):
    await deploy_both(cli)
    listed = await cli.json("script", "list")
    assert {item["path"] for item in listed} == {"f/team/main"}  # the other one is a library
    got = await cli.json("script", "get", MAIN)
    assert (got["content"], got["summary"]) == (SCRIPT, "The main one")
    assert SCRIPT in await cli("script", "show", MAIN)
    assert "begun" in await cli("script", "history", MAIN)
    shown = await cli("script", "run", MAIN, "-d", '{"x": 9007199254740991}')
    assert "at work" in shown
    assert "9007199254740991" in shown
    [job] = await cli.json("job", "list", "--script-path", MAIN)
    assert (job["script_path"], job["success"]) == (MAIN, True)


async def test_local_imports_are_locked_and_run_before_they_are_deployed(cli: Cli):
    await deploy_both(cli)
    cli.write("wmill.yaml", CONFIG)
    cli.write("f/team/lib.py", "NAME = 'here'\n")
    cli.write(f"{MAIN}.py", SCRIPT)
    await cli("generate-metadata", "--yes")
    files = cli.files()
    assert files[f"{MAIN}.script.lock"].startswith("# python 3.")
    assert "default: 1" in files[f"{MAIN}.script.yaml"]
    previewed = await cli("script", "preview", f"{MAIN}.py", "-d", '{"x": 2}')
    assert '"here"' in previewed
    pushed = await cli("script", "push", "f/team/lib.py")
    assert "Updated script f/team/lib" in pushed
    assert "up to date" in await cli("script", "push", "f/team/lib.py")
    assert (await cli.json("script", "get", "f/team/lib"))["content"] == "NAME = 'here'\n"


async def test_what_is_not_there_is_said(cli: Cli):
    done = await cli.attempt("script", "run", "f/team/none", "-d", "{}")
    assert done.code == 1
    assert "'f/team/none' not found" in done.output + done.errors
