"""The guards are what the fault tests prove: without one of them a fault test fails."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

import headrace
from tests.ground.database import Cluster

ROOT = Path(__file__).parents[2]
INTO_LOG = "\n),\nstored as (\n  insert into job_log"
GUARDS = {
    "complete_and_claim": (
        "(q.attempt, q.worker_session, q.state) is not distinct from (o.attempt, :worker_session, 'running')",
        "q.state = 'running'",
        "test_a_result_that_comes_too_late_is_refused",
    ),
    "append_log": (
        f"where id = :job_id and attempt = :attempt and worker_session = :worker_session{INTO_LOG}",
        f"where id = :job_id and :attempt::integer > 0 and :worker_session::bigint > 0{INTO_LOG}",
        "test_output_that_comes_too_late_is_refused",
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("statement", ["complete_and_claim", "append_log"])
async def test_a_statement_without_its_attempt_check_fails_its_fault_test(
    cluster: Cluster, tmp_path: Path, statement: str
):
    guard, nothing, test = GUARDS[statement]
    package = tmp_path / "headrace"
    shutil.copytree(Path(headrace.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    sql = package / "queue" / "queue.sql"
    assert sql.read_text().count(guard) == 1
    sql.write_text(sql.read_text().replace(guard, nothing))
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    environ = {"PYTHONPATH": os.pathsep.join(paths), "DATABASE_URL": cluster.url, "COLUMNS": "200"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pytest", "-q", "-m", "long or not long",
        f"tests/faults/test_stale_attempts.py::{test}",
        cwd=ROOT,
        env=os.environ | environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output = (await process.communicate())[0].decode()
    assert process.returncode == 1, output
    assert re.search(rf"FAILED \S+::{test} - (AssertionError: )?assert ", output), output
    assert "1 failed in" in output, output
