"""``headrace run`` and ``headrace logs`` against a server that runs."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from tests.acceptance.commands import Up, run, start
from tests.acceptance.jobs import deploy, ended, preview

pytestmark = pytest.mark.asyncio(loop_scope="session")

CODE = "def main(n: int = 1):\n    print(f'n is {n} \U0001f600')\n    return {'n': n, 'word': 'Straße'}\n"
FAILING = "def main():\n    print('on my way')\n    raise ValueError('no such place')\n"
FOREVER = "import signal\n\ndef main():\n    print('here', flush=True)\n    signal.pause()\n"
BIG = 12345678901234567890


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "script.py"
    file.write_text(CODE)
    return file


async def test_a_file_is_run_with_its_log_on_standard_error_and_its_result_on_standard_output(
    server: Up, file: Path
):
    told = await run("run", str(file), "-d", f'{{"n": {BIG}}}', data_dir=server.data_dir)
    assert (told.code, json.loads(told.output)) == (0, {"n": BIG, "word": "Straße"})
    assert "Straße" in told.output
    assert f"n is {BIG} \U0001f600\n" in told.errors


async def test_silent_shows_the_result_only(server: Up, file: Path):
    told = await run("run", str(file), "--silent", data_dir=server.data_dir)
    assert (told.code, json.loads(told.output)["n"], told.errors) == (0, 1, "")


async def test_arguments_come_from_a_file_or_from_standard_input(server: Up, file: Path, tmp_path: Path):
    (tmp_path / "args.json").write_text('{"n": 2}')
    given = await run("run", str(file), "-d", f"@{tmp_path / 'args.json'}", data_dir=server.data_dir)
    typed = await run("run", str(file), "-d", "-", typed='{"n": 3}', data_dir=server.data_dir)
    assert [json.loads(told.output)["n"] for told in (given, typed)] == [2, 3]


async def test_a_deployed_script_is_run_by_its_path(server: Up):
    async with server.in_workspace() as api:
        await deploy(api, "u/admin/from_the_shell", CODE)
    told = await run("run", "u/admin/from_the_shell", "-d", '{"n": 4}', data_dir=server.data_dir)
    assert (told.code, json.loads(told.output)["n"]) == (0, 4)


async def test_a_tag_reaches_the_job(server: Up, file: Path):
    waiting = await start("run", str(file), "--tag", "nobody-has-this", data_dir=server.data_dir)
    job = (await waiting.says("^job ")).split()[1]
    async with server.in_workspace() as api:
        assert (await api.get(f"/jobs_u/get/{job}")).json()["tag"] == "nobody-has-this"
        waiting.signal(signal.SIGINT)
        assert await waiting.ends() == 130
        assert (await ended(api, job))["canceled"] is True


async def test_a_job_that_fails_ends_the_command_with_1_and_shows_its_error(server: Up, tmp_path: Path):
    (tmp_path / "failing.py").write_text(FAILING)
    told = await run("run", str(tmp_path / "failing.py"), data_dir=server.data_dir)
    assert told.code == 1
    error = json.loads(told.output)["error"]
    assert (error["name"], error["message"]) == ("ValueError", "no such place")
    assert "on my way\n" in told.errors


async def test_ctrl_c_cancels_the_job(server: Up, tmp_path: Path):
    (tmp_path / "forever.py").write_text(FOREVER)
    process = await start("run", str(tmp_path / "forever.py"), data_dir=server.data_dir)
    await process.says("^here$")
    process.signal(signal.SIGINT)
    assert await process.ends() == 130
    assert re.search("^job .* canceled$", process.output, re.MULTILINE)
    job = (await process.says("^job ")).split()[1]
    async with server.in_workspace() as api:
        record = await ended(api, job)
    assert (record["canceled"], record["canceled_reason"]) == (True, "Ctrl-C")


async def test_logs_follows_a_job_to_its_end(server: Up):
    async with server.in_workspace() as api:
        job = await preview(api, FOREVER)
        process = await start("logs", job, data_dir=server.data_dir)
        await process.says("^here$")
        await api.post(f"/jobs_u/queue/cancel/{job}", json={})
        assert await process.ends() == 1
        done = await preview(api, CODE)
        await ended(api, done)
    told = await run("logs", done, data_dir=server.data_dir)
    assert (told.code, told.errors) == (0, "")
    assert "n is 1 \U0001f600\n" in told.output


async def test_what_the_environment_names_counts_more_than_what_up_left(server: Up, file: Path):
    async with server.client() as client:
        await client.post("/workspaces/create", json={"id": "other", "name": "Other"})
        told = await run("run", str(file), data_dir=server.data_dir, workspace="other")
        job = told.errors.split()[1]
        assert (await client.get(f"/w/other/jobs_u/get/{job}")).is_success
    own = {"url": server.url, "token": server.token, "workspace": "admins"}
    told = await run("run", str(file), data_dir="/nowhere", **own)
    assert told.code == 0, told.errors


async def test_the_token_of_one_server_is_not_sent_to_another(server: Up, file: Path):
    told = await run("run", str(file), data_dir=server.data_dir, url="http://127.0.0.1:1")
    assert told.code == 78
    assert "HEADRACE_TOKEN" in told.errors


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("run", "f/nowhere/script"), 66, "f/nowhere/script does not exist"),
        (("run", "nonsense"), 2, "neither a file nor the path of a script"),
        (("run", __file__, "-d", "[1]"), 2, "must be a JSON object"),
        (("run", __file__, "-d", "{"), 2, "is not valid JSON"),
        (("run", __file__, "-d", "@/nowhere.json"), 2, "/nowhere.json can't be read"),
        (("run", __file__), 2, "has no function named main"),
        (("run", __file__.replace("test_cli_run.py", "__pycache__")), 2, "neither a file"),
        (("logs", "5"), 2, "is not a UUID"),
        (("logs", "00000000-0000-0000-0000-000000000000"), 66, "does not exist"),
    ],
    ids=lambda value: " ".join(value).rpartition("/")[2] if isinstance(value, tuple) else None,
)
async def test_what_cannot_be_done_is_a_sentence(
    server: Up, arguments: tuple[str, ...], code: int, told: str
):
    refused = await run(*arguments, data_dir=server.data_dir)
    assert (refused.code, refused.output) == (code, ""), refused.errors
    assert told in refused.errors
    assert "Traceback" not in refused.errors


async def test_an_unknown_token_is_a_sentence(server: Up, file: Path):
    refused = await run("run", str(file), data_dir=server.data_dir, token="unknown")
    assert refused.code == 77
    assert "does not accept the token" in refused.errors


async def test_without_a_server_it_says_so(file: Path, tmp_path: Path):
    own = {"url": "http://127.0.0.1:1", "token": "t", "workspace": "admins"}
    away = await run("run", str(file), **own)
    assert (away.code, away.output) == (69, "")
    assert "no server answers at http://127.0.0.1:1; is `headrace up` running?" in away.errors
    unknown = await run("run", str(file), data_dir=tmp_path)
    assert unknown.code == 78
    assert "HEADRACE_URL, HEADRACE_TOKEN, HEADRACE_WORKSPACE" in unknown.errors
