"""The generated client of the public contract reads lists, counts and what one job left."""

from __future__ import annotations

from datetime import datetime

import pytest
from windmill_api.api.job import (
    count_completed_jobs,
    get_completed_count,
    get_completed_job_timing,
    get_flow_all_logs_structured,
    get_flow_all_results,
    get_job_args,
    get_queue_count,
    get_queue_position,
    get_scheduled_for,
    list_completed_jobs,
    list_filtered_jobs_uuids,
    list_filtered_queue_uuids,
    list_jobs,
    list_queue,
    resolve_completed_jobs,
    unresolve_completed_jobs,
    worker_is_draining,
)
from windmill_api.models.list_jobs_status import ListJobsStatus
from windmill_api.models.resolve_completed_jobs_json_body import ResolveCompletedJobsJsonBody
from windmill_api.models.unresolve_completed_jobs_json_body import UnresolveCompletedJobsJsonBody

from headrace.model.outcome import Status
from tests.ground.people import WORKSPACE
from tests.integration.api.callers import Api, PlayedWorker, deploy, run
from tests.integration.api.test_contract import Client

PATH = "u/alice/script"


@pytest.fixture
def alice(api: Api) -> Client:
    return Client(api.alice)


async def test_lists_counts_and_what_a_job_left(api: Api, alice: Client, worker: PlayedWorker):
    here = {"workspace": WORKSPACE}
    await deploy(api.alice, PATH, labels=["daily"])
    failed = await run(api.alice, PATH, {"x": 1})
    await worker.end(await worker.take(), b'{"error": {"message": "m"}}', Status.FAILURE)
    waiting = await run(api.alice, PATH)
    [queued] = await alice.parsed(list_queue, **here, order_desc=True, success=None)
    assert (queued.id, queued.running, queued.job_kind.value) == (waiting, False, "script")
    [ended] = await alice.parsed(list_completed_jobs, **here, label="daily", args='{"x": 1}')
    assert (ended.id, ended.success, ended.labels) == (failed, False, ["daily"])
    assert isinstance(ended.started_at, datetime)
    assert [job.id for job in await alice.parsed(list_jobs, **here, broad_filter="script")] == [
        waiting,
        failed,
    ]
    found = await alice.parsed(
        list_jobs, **here, status=ListJobsStatus.FAILURE, created_before=ended.created_at
    )
    assert [job.id for job in found] == [failed]
    assert await alice.parsed(list_filtered_jobs_uuids, **here, success=False) == [failed]
    assert await alice.parsed(list_filtered_queue_uuids, **here) == [waiting]
    assert (await alice.parsed(get_queue_count, **here)).suspended == 0
    assert (await alice.parsed(get_completed_count, **here)).database_length == 1
    assert await alice.parsed(count_completed_jobs, **here, success=False, tags="python3") == 1
    due = await alice.parsed(get_scheduled_for, **here, id=waiting)
    assert (await alice.parsed(get_queue_position, **here, scheduled_for=due + 1000)).position == 1
    assert await alice.parsed(worker_is_draining, **here, id=waiting) is False
    assert await alice.text(get_job_args, 200, **here, id=failed) == '{"x":1}'
    timing = await alice.parsed(get_completed_job_timing, **here, id=failed)
    assert isinstance(timing.created_at, datetime)
    [entry] = (await alice.parsed(get_flow_all_results, **here, id=failed)).entries
    assert (entry.status.value, entry.result_prefix) == ("failure", '{"error": {"message": "m"}}')
    [entry] = await alice.parsed(get_flow_all_logs_structured, **here, id=failed)
    assert (entry.label, entry.logs) == (PATH, "")
    body = ResolveCompletedJobsJsonBody(job_ids=[failed], note="n")
    assert await alice.parsed(resolve_completed_jobs, **here, json_body=body) == [failed]
    [ended] = await alice.parsed(list_completed_jobs, **here, resolved=True)
    assert (ended.resolved, ended.resolved_by, ended.resolution_note) == (True, "alice", "n")
    body = UnresolveCompletedJobsJsonBody(job_ids=[failed])
    assert await alice.parsed(unresolve_completed_jobs, **here, json_body=body) == [failed]
