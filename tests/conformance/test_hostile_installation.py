"""What a hostile script reaches of an installation on its machine: its processes, its database, its keys."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.acceptance.commands import Up, family_of
from tests.acceptance.jobs import preview, result_of
from tests.conformance.stage import USER_PROCESS, Stage, own_folder, start_as_user
from tests.conformance.ways import Play
from tests.ground.alive import is_alive
from tests.ground.processes import Process

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = Path(__file__).parent / "hostile"
MODULES = {"tests/conformance/hostile/trying": (HOSTILE / "trying.py").read_text()}

PRIVATE = (
    "database-owner.password",
    "database-roles.json",
    "secret.key",
    "client.json",
    "postgres/postgres.log",
    "postgres/18/PG_VERSION",
    "run/.s.PGSQL.5432",
)
"""What ``hostile/installation.py`` looks for."""
EVERYTHING = {
    "lists_the_data_folder",
    "reads_the_password_of_the_database",
    "reads_the_passwords_of_the_roles",
    "reads_the_key_of_all_secrets",
    "reads_the_token_of_the_administrator",
    "reads_the_log_of_the_database",
    "reads_the_version_of_the_database",
    "connects_to_the_database",
    "reads_environments_of_the_installation",
    "reads_memory_of_the_installation",
    "lists_descriptors_of_the_installation",
    "signals_the_installation",
}
"""What is reached where jobs keep the worker's uid and nothing is hidden from them."""
NAMES = {
    "BASE_INTERNAL_URL", "BASE_URL", "HOME", "LANG", "PATH", "TMPDIR", "WM_BASE_URL", "WM_EMAIL",
    "WM_END_USER_EMAIL", "WM_FLOW_JOB_ID", "WM_FLOW_PATH", "WM_FLOW_STEP_ID", "WM_JOB_ID", "WM_JOB_PATH",
    "WM_OBJECT_PATH", "WM_OIDC_JWT", "WM_PERMISSIONED_AS", "WM_ROOT_FLOW_JOB_ID", "WM_RUNNABLE_ID",
    "WM_SCHEDULED_FOR", "WM_SCHEDULE_PATH", "WM_STATE_PATH", "WM_STATE_PATH_NEW", "WM_TOKEN", "WM_USERNAME",
    "WM_WORKER_GROUP", "WM_WORKSPACE",
}  # fmt: skip
"""All names in the environment of a job of which nothing is set by others."""
PASSED_ON = {
    "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "LD_LIBRARY_PATH", "HTTP_PROXY",
    "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
}  # fmt: skip
"""Those that come from the worker's, where it has them, or are needed by its interpreter."""


async def test_the_environment_of_a_job_has_the_names_that_are_allowed_and_no_secret(server: Up):
    async with server.client() as api:
        made = await api.post("/workspaces/create", json={"id": "bare", "name": "Bare", "username": "admin"})
        assert made.is_success, made.text
        api.base_url = f"{server.url}/api/w/bare"
        job = await preview(api, "import os\ndef main(): return dict(os.environ)")
        environ = await result_of(api, job)
    assert environ.keys() - PASSED_ON == NAMES
    secrets = secrets_of(server.data_dir)
    assert not [name for name, value in environ.items() if any(secret in value for secret in secrets)]


async def test_no_command_line_of_an_installation_holds_a_secret(server: Up):
    secrets = secrets_of(server.data_dir)
    lines = [Path(f"/proc/{pid}/cmdline") for pid in family_of(server.data_dir)]
    assert not [line for line in map(read_if_there, lines) if any(secret in line for secret in secrets)]


async def test_a_job_reaches_nothing_of_an_installation(stage: Stage, server: Up):
    if stage.place.account != "root":
        pytest.skip("the installation belongs to root, who is asked about elsewhere")
    assert await reached(stage, server.data_dir) == set()


@pytest.mark.long
async def test_it_reaches_nothing_of_a_user_unless_it_is_taken_for_that_user(stage: Stage, worker_root: Path):
    if stage.place.account != "user" or os.geteuid() != 0:
        pytest.skip("there has to be a worker of an ordinary user, and one of root beside it")
    async with open_installation_of_user(worker_root) as data_dir:
        found = await reached(stage, data_dir)
    assert found == (EVERYTHING if stage.place == USER_PROCESS else set())


async def reached(stage: Stage, data_dir: Path) -> set[str]:
    """What a job of another worker with the same account reaches of an installation."""
    assert not [name for name in PRIVATE if not (data_dir / name).exists()]
    pids = family_of(data_dir)
    arguments = {"data": str(data_dir), "pids": pids}
    played = await stage.play(Play((HOSTILE / "installation.py").read_text(), arguments, MODULES))
    assert played.end == ("success", 0), played
    assert all(map(is_alive, pids))
    return {name for name, (is_reached, _) in played.value.items() if is_reached}


@asynccontextmanager
async def open_installation_of_user(worker_root: Path) -> AsyncIterator[Path]:
    """``headrace up`` of an ordinary user; its data folder."""
    data_dir = own_folder(worker_root) / "data"
    settings = {"HEADRACE_DATA_DIR": str(data_dir), "HEADRACE_PORT": "0"}
    stderr = asyncio.subprocess.STDOUT
    started = await start_as_user(data_dir.parent, "headrace.cli.main", "up", stderr=stderr, **settings)
    up = Process("headrace up", started)
    try:
        await up.says("takes jobs tagged")
        yield data_dir
    finally:
        await up.end()


def secrets_of(data_dir: Path) -> set[str]:
    """All that is secret of an installation: texts of its private files, and each word in those of JSON."""
    texts = [(data_dir / name).read_text() for name in ("database-owner.password", "secret.key")]
    for name in ("client.json", "database-roles.json"):
        told = json.loads((data_dir / name).read_text())
        texts += [value for key, value in told.items() if key != "url"]
    return {text.strip() for text in texts if len(text) > 8}


def read_if_there(file: Path) -> str:
    """The text of a file; nothing where it is gone."""
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
