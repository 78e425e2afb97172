"""``wmill`` about all that is no script: variables, resources, folders, groups, tokens, jobs."""

from __future__ import annotations

from tests.acceptance.jobs import canceled_afterwards, deploy, ended, says
from tests.contract.clients import Cli

MAIN = "f/team/main"
SCRIPT = "def main(x: int = 1):\n    print('at work', flush=True)\n    return {'x': x}\n"
SLEEPS = "import time\n\ndef main():\n    print('asleep', flush=True)\n    time.sleep(600)\n"


async def test_variables_and_resources_are_added_listed_and_read(cli: Cli):
    await cli("variable", "add", "s3cret", "f/team/password")
    cli.write("f/team/db.resource.yaml", "value:\n  port: 5\nresource_type: db\ndescription: ''\n")
    await cli("resource", "push", "f/team/db.resource.yaml", "f/team/db")
    cli.write("db.resource-type.yaml", "schema:\n  type: object\ndescription: A db\n")
    await cli("resource-type", "push", "db.resource-type.yaml", "db")
    [variable] = await cli.json("variable", "list")
    assert (variable["path"], variable["is_secret"], "value" in variable) == ("f/team/password", True, False)
    assert (await cli.json("variable", "get", "f/team/password"))["path"] == "f/team/password"
    [resource] = await cli.json("resource", "list")
    assert (resource["path"], resource["resource_type"]) == ("f/team/db", "db")
    assert (await cli.json("resource", "get", "f/team/db"))["value"] == {"port": 5}
    [kind] = [item for item in await cli.json("resource-type", "list") if item["name"] == "db"]
    assert kind["description"] == "A db"


async def test_folders_groups_and_tokens_are_looked_after(cli: Cli):
    cli.write("f/other/folder.meta.yaml", "summary: The others\nowners: []\nextra_perms: {}\n")
    await cli("folder", "push", "other")
    assert {item["name"] for item in await cli.json("folder", "list")} == {"other", "team"}
    assert (await cli.json("folder", "get", "other"))["summary"] == "The others"
    await cli("group", "create", "devs")
    await cli("group", "add-user", "devs", "admin")
    assert (await cli.json("group", "get", "devs"))["members"] == ["admin"]
    assert "admin@headrace.local" in await cli("user")
    token = (await cli("token", "create", "--label", "from the command line")).split()[-1]
    assert "admin@headrace.local" in await cli("workspace", "whoami", token=token)
    assert "from the command line" in await cli("token", "list")


async def test_jobs_are_listed_read_cancelled_and_run_again(cli: Cli):
    async with cli.api() as api:
        await deploy(api, MAIN, SCRIPT)
        done = (await api.post(f"/jobs/run/p/{MAIN}", json={"x": 7})).text
        await ended(api, done)
        [job] = await cli.json("job", "list", "--script-path", MAIN)
        assert (job["id"], job["success"]) == (done, True)
        assert (await cli.json("job", "get", done))["script_path"] == MAIN
        assert '{"x":7}' in await cli("job", "result", done)
        assert "at work" in await cli("job", "logs", done)
        again = (await cli("job", "rerun", done)).split()[-1]
        assert (await ended(api, again))["result"] == {"x": 7}
        await deploy(api, "f/team/sleeper", SLEEPS)
        asleep = (await api.post("/jobs/run/p/f/team/sleeper", json={})).text
        async with canceled_afterwards(api, asleep):
            await says(api, asleep, "asleep")
            await cli("job", "cancel", asleep, "--reason", "enough")
            assert (await ended(api, asleep))["canceled_reason"] == "enough"
