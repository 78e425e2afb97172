"""``headrace history``, ``diff``, ``restore`` and ``archive`` against a server that runs."""

from __future__ import annotations

import asyncio

import pytest

from headrace.cli.main import run
from tests.acceptance.commands import Ended, Up
from tests.acceptance.jobs import deploy, result_of, text_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "u/admin/versions"
FIRST = "def main():\n    return 1\n"


async def test_a_script_is_looked_back_at_restored_and_archived(
    server: Up, capsys: pytest.CaptureFixture[str]
):
    async def headrace(*arguments: str) -> Ended:
        """In a thread of this process: a dozen interpreters would take long to start."""
        code = await asyncio.to_thread(run, [*arguments, "--data-dir", str(server.data_dir)])
        output, errors = capsys.readouterr()
        return Ended(code, output, errors)

    async with server.in_workspace() as api:
        first = await deploy(api, PATH, FIRST, lock="# none", tag="python3", deployment_message="begun\nhere")
        second = await deploy(api, PATH, FIRST.replace("1", "2"), lock="", parent_hash=first)
        told = await headrace("history", PATH)
        newest, oldest = told.output.splitlines()
        assert (newest.split()[:2], oldest.split()[:2]) == (["2", second], ["1", first])
        assert oldest.endswith("  admin  begun")
        for versions in ([], [first[:8]], [first[:8], second]):
            told = await headrace("diff", PATH, *versions)
            assert told.output == (
                f"--- {PATH}@{first}\n+++ {PATH}@{second}\n@@ -1,2 +1,2 @@\n def main():\n"
                "-    return 1\n+    return 2\n"
            )
        told = await headrace("diff", PATH, "--lock", second, first)
        assert "+# none\n" in told.output
        told = await headrace("restore", PATH, first)
        third = (await api.get(f"/scripts/get/p/{PATH}")).json()
        assert told.output.strip() == third["hash"] != first
        assert (third["parent_hashes"], third["content"]) == ([second, first], FIRST)
        assert (third["lock"], third["tag"]) == ("# none", "python3")
        again = await headrace("restore", PATH, third["hash"])
        assert (again.code, "is the newest one" in again.errors) == (73, True)
        assert (await headrace("archive", PATH)).output == f"script {PATH} archived\n"
        assert (await headrace("archive", PATH)).code == 66
        told = await headrace("restore", PATH, second, "-m", "back")
        assert told.code == 0, told.errors
        assert await result_of(api, text_of(await api.post(f"/jobs/run/p/{PATH}", json={}), 201)) == 2
        assert f"version 1, {first}, once more" in (await headrace("history", PATH)).output
    missing = await headrace("history", "u/admin/nothing")
    assert (missing.code, missing.output) == (66, "")
