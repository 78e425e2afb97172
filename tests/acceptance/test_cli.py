"""The commands, as processes: what they print, how they end, and what they leave."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from headrace.cli import main
from headrace.db.connection import Login
from headrace.db.embedded import running_url
from headrace.runtimes.isolation import why_no_sandbox
from tests.acceptance.commands import (
    Up,
    assert_unused,
    family_of,
    pids_of,
    run,
    start,
    start_up,
    uids_of,
)
from tests.acceptance.jobs import preview, result_of, says
from tests.ground.database import save_roles
from tests.ground.fixtures import cluster, login
from tests.ground.witness import until_gone

__all__ = ["cluster", "login"]

COMMANDS = [
    (), ("up",), ("server",), ("worker",), ("migrate",), ("doctor",), ("run",), ("logs",), ("demo",),
    ("user",), ("user", "add"), ("user", "password"), ("user", "list"), ("token",), ("token", "create"),
]  # fmt: skip
CODE = "def main(n: int = 1):\n    return n\n"
FOREVER = "import signal\n\ndef main():\n    print('here', flush=True)\n    signal.pause()\n"


def is_there(data_dir: Path) -> bool:
    return data_dir.exists()


def make_file(data_dir: Path) -> None:
    data_dir.touch()


def make_with_roles(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o711)
    save_roles(data_dir)


async def sign_in(url: str, email: str, password: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        body = {"email": email, "password": password}
        return await client.post(f"{url}/api/auth/login", json=body)


@pytest.mark.asyncio(loop_scope="session")
async def test_up_serves_and_is_healthy(server: Up):
    async with server.client() as client:
        assert (await client.get("/version")).text.startswith("CE v")
        health = (await client.get("/health/status")).json()
    assert (health["status"], health["database_healthy"], health["workers_alive"]) == ("healthy", True, 1)


@pytest.mark.asyncio(loop_scope="session")
async def test_what_up_leaves_for_clients_is_for_its_owner_only(server: Up):
    for name in ("client.json", "database-roles.json", "database-owner.password"):
        assert (server.data_dir / name).stat().st_mode & 0o077 == 0


@pytest.mark.asyncio(loop_scope="session")
async def test_a_given_token_is_no_secret_that_is_printed(server: Up):
    assert "acceptance-tests" not in server.process.output
    assert "password is" not in server.process.output
    assert not re.search(r"with the password \S+", server.process.output)


@pytest.mark.asyncio(loop_scope="session")
async def test_a_second_up_on_the_same_folder_is_refused(server: Up):
    second = await run("up", port=0, data_dir=server.data_dir)
    assert second.code == 78
    assert str(server.process.pid) in second.errors
    assert "in use" in second.errors
    assert "Traceback" not in second.errors
    async with server.client() as client:
        assert (await client.get("/version")).is_success


async def test_a_port_in_use_is_refused_before_anything_is_made(data_dir: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = await run("up", port=taken.getsockname()[1], data_dir=data_dir)
    assert refused.code == 78
    assert "is in use by another program" in refused.errors
    assert not is_there(data_dir)


async def test_a_password_is_printed_once_and_opens_the_door_and_data_stay(quick_data_dir: Path):
    first = await start_up(quick_data_dir)
    line = await first.process.says(r"^Sign in as \S+ with the password \S+$")
    email, password = re.findall(r"Sign in as (\S+) with the password (\S+)", line)[0]
    session = await sign_in(first.url, email, password)
    assert session.status_code == 200
    async with first.client(session.text) as client:
        assert (await client.get("/users/whoami")).json()["super_admin"] is True
    assert (await sign_in(first.url, email, "something else")).status_code == 401
    async with first.in_workspace() as api:
        job = await preview(api, CODE, n=7)
        assert await result_of(api, job) == 7
    await first.end()

    added = await run("user", "add", "ada@example.test", data_dir=quick_data_dir)
    assert added.code == 0, added.errors
    of_ada = re.findall(r"password: (\S+)", added.output)[0]
    assert running_url(quick_data_dir) is None
    assert not family_of(quick_data_dir)

    again = await start_up(quick_data_dir)
    assert (await sign_in(again.url, "ada@example.test", of_ada)).status_code == 200
    assert (await sign_in(again.url, email, password)).status_code == 200
    assert again.token == first.token
    async with again.in_workspace() as api:
        assert await result_of(api, job) == 7
        assert await result_of(api, await preview(api, CODE, n=8)) == 8
    await again.end(signal.SIGINT)
    assert password not in again.process.output


@pytest.mark.long
async def test_killing_up_leaves_no_process_not_even_of_a_job(quick_data_dir: Path):
    quick: dict[str, Any] = {
        "lease_seconds": 2,
        "renewal_seconds": 0.5,
        "rescue_seconds": 0.5,
        "grace_seconds": 0,
    }
    up = await start_up(quick_data_dir, superadmin_token="token", **quick)
    uids = uids_of(quick_data_dir)
    async with up.in_workspace() as api:
        job = await preview(api, FOREVER)
        await says(api, job, "here")
    assert len(family_of(quick_data_dir)) > 4
    await up.kill()
    assert_unused(uids)

    # What it ran is run again. Told to end twice, `up` does not wait for it.
    again = await start_up(quick_data_dir, superadmin_token="token", **quick)
    async with again.in_workspace() as api:
        await says(api, job, "back to the queue before ---\nhere")
    again.process.signal(signal.SIGTERM)
    await again.process.says("draining: 1 jobs still run")
    await again.end()


@pytest.mark.long
async def test_what_dies_is_started_again(quick_data_dir: Path):
    up = await start_up(quick_data_dir, superadmin_token="token", lease_seconds=2, renewal_seconds=0.5)
    try:
        for name in ("server", "worker"):
            (pid,) = pids_of(quick_data_dir, name)
            os.kill(pid, signal.SIGKILL)
            await until_gone(pid)
            await up.process.says(rf"the {name} ended \(SIGKILL\); starting it again")
        async with up.in_workspace() as api:
            assert await result_of(api, await preview(api, CODE)) == 1
        postgres = int((quick_data_dir / "postgres" / "18" / "postmaster.pid").read_text().split()[0])
        os.kill(postgres, signal.SIGKILL)
        await until_gone(postgres)
        await up.process.says("PostgreSQL ended .*; starting it again")
    finally:
        await up.end()


async def test_server_and_worker_run_separately_on_one_database(quick_data_dir: Path, login: Login):
    save_roles(quick_data_dir)
    own: dict[str, Any] = {"data_dir": quick_data_dir, "database_url": login.url}
    migrated = await run("migrate", **own)
    assert (migrated.code, migrated.output.splitlines()[0]) == (0, "the schema is up to date")
    added = await run("user", "add", "ada@example.test", "--superadmin", **own)
    assert added.code == 0
    token = (await run("token", "create", "ada@example.test", **own)).output.strip()
    server = await start("server", port=0, **own)
    line = await server.says("listening on")
    url = line.rpartition(" ")[2]
    worker = await start("worker", base_url=url, **own)
    try:
        await worker.says("takes jobs tagged")
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as client:
            made = await client.post(
                f"{url}/api/workspaces/create", json={"id": "apart", "name": "Apart", "username": "ada"}
            )
            assert made.is_success, made.text
            client.base_url = f"{url}/api/w/apart"
            assert await result_of(client, await preview(client, CODE, n=3)) == 3
    finally:
        for process in (worker, server):
            process.signal(signal.SIGTERM)
            assert await process.ends() == 0, process.output
    assert not family_of(quick_data_dir)


@pytest.mark.parametrize("command", ["server", "worker"])
async def test_a_server_or_worker_without_a_database_says_what_it_needs(command: str, data_dir: Path):
    refused = await run(command, data_dir=data_dir, port=0)
    assert refused.code == 78
    assert "--database-url" in refused.errors
    assert "Traceback" not in refused.errors


async def test_a_database_that_is_not_migrated_is_refused(data_dir: Path, login: Login):
    make_with_roles(data_dir)
    owner = await asyncpg.connect(login.url)
    await owner.execute("drop schema headrace cascade")
    await owner.close()
    refused = await run("server", data_dir=data_dir, database_url=login.url, port=0)
    assert refused.code == 78
    assert "headrace migrate" in refused.errors


async def test_a_database_that_is_away_is_told_as_such(data_dir: Path):
    make_with_roles(data_dir)
    url = "postgresql://somebody:hidden-word@127.0.0.1:1/nowhere"
    for command in (("server",), ("worker",), ("migrate",), ("user", "list")):
        refused = await run(*command, data_dir=data_dir, database_url=url, port=0)
        assert refused.code == 69, refused.errors
        assert "Traceback" not in refused.errors
        assert "hidden-word" not in refused.errors


@pytest.mark.asyncio(loop_scope="session")
async def test_users_and_tokens_are_made_while_up_runs(server: Up):
    own: dict[str, Any] = {"data_dir": server.data_dir}
    added = await run("user", "add", "ada@example.test", "--workspace", "admins", "--admin", **own)
    assert added.code == 0, added.errors
    password = re.findall(r"password: (\S+)", added.output)[0]
    assert (await sign_in(server.url, "ada@example.test", password)).status_code == 200
    typed = await run("user", "password", "ada@example.test", typed="quite another one\n", **own)
    assert typed.code == 0, typed.errors
    assert (await sign_in(server.url, "ada@example.test", password)).status_code == 401
    assert (await sign_in(server.url, "ada@example.test", "quite another one")).status_code == 200
    listed = await run("user", "list", **own)
    assert {line.split()[0] for line in listed.output.splitlines()} >= {
        "ada@example.test",
        "admin@headrace.local",
    }
    token = (await run("token", "create", "ada@example.test", "--expires-days", "1", **own)).output.strip()
    async with server.client(token) as client:
        whoami = (await client.get("/w/admins/users/whoami")).json()
    assert (whoami["username"], whoami["is_admin"]) == ("ada", True)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("user", "add", "nobody"), 2, "name@host"),
        (("user", "add", "new@example.test", "--workspace", "nowhere"), 66, "nowhere"),
        (("user", "add", "admin@headrace.local"), 73, "admin@headrace.local"),
        (("user", "password", "ghost@example.test", "--generate"), 66, "ghost@example.test"),
        (("token", "create", "ghost@example.test"), 66, "ghost@example.test"),
        (("token", "create", "admin@headrace.local", "--expires-days", "0"), 2, "expires-days"),
    ],
    ids=["no email", "no workspace", "twice", "no user", "no user of a token", "expired"],
)
async def test_a_wrong_wish_gets_a_sentence(server: Up, arguments: tuple[str, ...], code: int, told: str):
    refused = await run(*arguments, data_dir=server.data_dir)
    assert refused.code == code, refused.errors
    assert told in refused.errors
    assert "Traceback" not in refused.errors


async def test_wrong_settings_are_all_listed(data_dir: Path):
    refused = await run("up", "--port", "http", data_dir=data_dir, workers=0, log_level="loud")
    assert refused.code == 78
    for name in ("port", "workers", "log_level"):
        assert f"{name} must be" in refused.errors
    assert not is_there(data_dir)


async def test_an_isolation_that_cannot_be_had_is_refused(data_dir: Path):
    # In a mount namespace whose /proc is covered in part, as in most containers, there is no sandbox.
    covered = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc/sys/fs && exec "$@"', "sh")
    wrapper = covered if await why_no_sandbox() is None else ()
    if wrapper and os.geteuid() != 0:
        pytest.skip("this machine has every level, and only root can take one away")
    refused = await run("up", "--isolation", "sandbox", wrapper=wrapper, data_dir=data_dir, port=0)
    assert refused.code == 78
    assert "isolation sandbox can't be had here" in refused.errors
    assert not is_there(data_dir)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]):
    assert main.run([*command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(" ".join(("Usage: headrace", *command)))


async def test_an_unknown_command_is_refused():
    assert (await run("fly")).code == 2


@pytest.mark.long
async def test_the_doctor_finds_that_jobs_can_run(data_dir: Path):
    told = await run("doctor", data_dir=data_dir, port=0)
    assert told.code == 0, told.output
    assert {line[0] for line in told.output.splitlines()[:-1] if not line.startswith(" ")} <= {"✓", "!"}
    assert not is_there(data_dir)


@pytest.mark.asyncio(loop_scope="session")
async def test_the_doctor_looks_at_what_runs(server: Up):
    port = server.url.rpartition(":")[2]
    told = await run("doctor", "--json", "--port", port, data_dir=server.data_dir)
    assert told.code == 0, told.output
    report = json.loads(told.output)
    assert report["jobs_can_run"] is True
    findings = " ".join(check["finding"] for check in report["checks"])
    assert f"in use by process {server.process.pid}" in findings
    assert "answers" in findings


@pytest.mark.long
async def test_the_doctor_names_a_cure_for_all_that_is_broken(data_dir: Path):
    make_file(data_dir)
    url = "postgresql://somebody:hidden-word@127.0.0.1:1/nowhere"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        arguments = ("--json", "--isolation", "sandbox")
        told = await run("doctor", *arguments, data_dir=data_dir, database_url=url, port=port)
    assert told.code == 1
    report = json.loads(told.output)
    broken = {check["name"]: check["cure"] for check in report["checks"] if check["status"] == "broken"}
    refused = {"isolation"} if await why_no_sandbox() else set[str]()
    assert set(broken) == {"data folder", "PostgreSQL", "port"} | refused
    assert all(broken.values())
    assert "hidden-word" not in told.output
    assert told.errors == ""


async def test_the_doctor_tells_wrong_settings_one_by_one(data_dir: Path):
    told = await run("doctor", data_dir=data_dir, port="http", slots=0)
    assert told.code == 1
    assert [line for line in told.output.splitlines() if line.startswith("✗")] == [
        "✗ settings: port must be a whole number, not 'http'",
        "✗ settings: slots must be between 1 and 100",
    ]
