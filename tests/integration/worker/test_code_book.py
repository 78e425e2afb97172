"""The code of a job: itself, what it imports with its identity's rights, and files of dependencies."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from headrace.db.transaction import acting_as
from headrace.lifecycle.dependency_files import create_file
from headrace.model.job import JobKind
from headrace.model.outcome import Outcome
from headrace.worker.code_book import CodeBook, ResolvedCode
from tests.ground.jobs import claim_as, enqueue_as
from tests.ground.people import look_again, make_folder
from tests.integration.lifecycle.waves import Waves, make_waves

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from headrace.model.principal import Principal
    from tests.ground.people import People


@pytest.fixture
async def people(owner: asyncpg.Connection, people: People) -> People:
    """Alice and bob share a folder; another is alice's alone."""
    await make_folder(owner, "shared", owners=("u/alice", "u/bob"))
    await make_folder(owner, "secret", owners=("u/alice",))
    return dataclasses.replace(
        people, alice=await look_again(owner, people.alice), bob=await look_again(owner, people.bob)
    )


@pytest.fixture
async def waves(server_pool: Pool, worker_pool: Pool, owner: asyncpg.Connection) -> Waves:
    return await make_waves(server_pool, worker_pool, owner)


async def resolve(waves: Waves, principal: Principal, content: str, **job: Any) -> ResolvedCode | Outcome:
    """What the code book makes of somebody's preview."""
    await enqueue_as(waves.server, principal, raw_code=content, **job)
    [claimed] = await claim_as(waves.worker, waves.session)
    return await CodeBook(waves.worker).resolve(claimed)


async def refusal(waves: Waves, principal: Principal, content: str, **job: Any) -> str:
    outcome = await resolve(waves, principal, content, **job)
    assert isinstance(outcome, Outcome)
    error = json.loads(outcome.result)["error"]
    assert error["name"] == "DependenciesErr"
    return error["message"]


async def test_what_is_imported_is_read_transitively_with_the_rights_of_the_job(waves: Waves, people: People):
    await waves.deploy(people.alice, "f/secret/keys", "KEY = 1\n", lock="")
    await waves.deploy(people.alice, "f/shared/lib", "from f.secret.keys import KEY\n", lock="")
    resolved = await resolve(waves, people.alice, "import f.shared.lib\n", raw_lock="")
    assert isinstance(resolved, ResolvedCode)
    assert resolved.code.modules.keys() == {"f/shared/lib", "f/secret/keys"}
    told = "f/secret/{} (imported by f/shared/lib, line 1) does not exist in this workspace, or u/bob may"
    message = await refusal(waves, people.bob, "import f.shared.lib\n")
    assert message.startswith(told.format("keys"))
    # One that is not there at all reads the same.
    await waves.deploy(people.alice, "f/shared/lib", "from f.secret.none import KEY\n", lock="")
    other = await refusal(waves, people.bob, "import f.shared.lib\n")
    assert other == message.replace("f/secret/keys", "f/secret/none")


async def test_all_that_is_missing_is_named_once(waves: Waves, people: People):
    content = "import f.shared.x\nfrom f.shared import y\ndef main():\n    import f.shared.x\n"
    message = await refusal(waves, people.bob, content, path="u/bob/new")
    assert message.startswith(
        "f/shared/x (imported by u/bob/new, line 1), f/shared/y (imported by u/bob/new, line 2) do not exist"
    )


async def test_a_path_that_no_import_can_name_is_told_to_those_who_may_read_it(waves: Waves, people: People):
    for path in ("f/shared/my-tools", "f/secret/my-tools"):
        await waves.deploy(people.alice, path, "x = 1\n", lock="")
    message = await refusal(waves, people.bob, "import f.shared.my_tools\n")
    assert message.endswith(
        "; there is f/shared/my-tools, but 'my-tools' is no name in Python: it may have letters, digits and"
        " '_', and no digit first"
    )
    assert "there is" not in await refusal(waves, people.bob, "import f.secret.my_tools\n")


async def test_a_preview_stands_for_the_script_at_its_path(waves: Waves, people: People):
    await waves.deploy(people.alice, "f/shared/lib", "from .new import y\n", lock="")
    resolved = await resolve(waves, people.bob, "from .lib import x\n", path="f/shared/new", raw_lock="")
    assert isinstance(resolved, ResolvedCode)
    assert resolved.code.modules.keys() == {"f/shared/lib"}


async def test_files_of_dependencies_come_with_what_is_still_to_be_locked(waves: Waves, people: People):
    async with acting_as(waves.server, people.admin) as connection:
        for name, content in ((None, "six"), ("web", "idna")):
            await create_file(connection, people.admin, "python3", name, content=content)
    for lock, files in ((None, {"default": "six", "web": "idna"}), ("", {})):
        resolved = await resolve(waves, people.bob, "def main(): pass\n", raw_lock=lock)
        assert isinstance(resolved, ResolvedCode)
        assert resolved.code.dependency_files == files


async def test_files_that_a_job_brings_stand_in_for_those_of_the_workspace(waves: Waves, people: People):
    async with acting_as(waves.server, people.admin) as connection:
        await create_file(connection, people.admin, "python3", None, content="six")
    for args, files in (
        (b"{}", {"default": "six"}),
        (b'{"raw_workspace_dependencies": {}}', {}),
        (b'{"raw_workspace_dependencies": {"web": "idna"}}', {"web": "idna"}),
    ):
        kind = {"kind": JobKind.DEPENDENCIES, "language": "python3", "args": args}
        resolved = await resolve(waves, people.bob, "import x\n", **kind)
        assert isinstance(resolved, ResolvedCode)
        assert resolved.code.dependency_files == files
