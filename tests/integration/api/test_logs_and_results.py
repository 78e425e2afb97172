"""What one job left: its log, whole and in parts, its result, its times, and those of the jobs below it."""

from __future__ import annotations

import json
from typing import Any

import asyncpg

from headrace.api.schemas.job_shapes import (
    CompletedJob,
    JobTiming,
    JobUpdates,
    LogsOfMember,
    QueuedJob,
    ResultMaybe,
    TreeResults,
)
from headrace.model.outcome import Status
from tests.integration.api.callers import NOBODYS_JOB, Api, PlayedWorker, deploy, in_workspace, run

PATH = "u/alice/script"
LOG = "one 🐎\ntwo é\nthree\n"


async def ended(api: Api, worker: PlayedWorker, result: bytes = b"[1.10]", **query: str) -> str:
    """A job of alice's with a log, that has ended."""
    job = await run(api.alice, PATH, {"x": 2}, **query)
    taken = await worker.take()
    await worker.write(taken, 0, LOG)
    await worker.end(taken, result)
    return job


async def test_a_log_is_read_in_parts(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    path = in_workspace(f"jobs_u/get_logs/{await ended(api, worker)}")
    whole = await api.alice.get(path)
    assert (whole.text, whole.headers["accept-ranges"]) == (LOG, "bytes")
    units = LOG.encode("utf-16-le")
    for offset, length in ((0, 4), (7, 3), (6, 100), (100, 1), (0, 0)):
        part = await api.alice.get(path, params={"offset": offset, "length": length})
        assert part.text == units[offset * 2 : (offset + length) * 2].decode("utf-16-le"), (offset, length)
    data = LOG.encode()
    ranges = {"0-3": (0, 4), "4-": (4, None), "-5": (-5, None), "5-1000": (5, None), "-1000": (0, None)}
    for asked, (start, stop) in ranges.items():
        part = await api.alice.get(path, headers={"Range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (206, data[start:stop]), asked
        first = len(data) + start if start < 0 else start
        assert part.headers["content-range"].startswith(f"bytes {first}-"), asked
        assert part.headers["content-range"].endswith(f"/{len(data)}"), asked
    beyond = await api.alice.get(path, headers={"Range": f"bytes={len(data)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(data)}")
    for ignored in ("bytes=0-1,3-4", "lines=1-2", "bytes=-"):
        assert (await api.alice.get(path, headers={"Range": ignored})).text == LOG
    both = await api.alice.get(path, params={"offset": 1}, headers={"Range": "bytes=0-1"})
    assert (both.status_code, both.text[:5]) == (400, "Range")


async def test_a_log_is_downloaded_under_a_name_that_is_safe(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    job = await ended(api, worker)
    answer = await api.alice.get(in_workspace(f"jobs_u/get_logs/{job}?download=true"))
    assert answer.headers["content-disposition"] == f'attachment; filename="job-{job}.log"'
    tail = await api.alice.get(in_workspace(f"jobs_u/get_completed_logs_tail/{job}"))
    assert tail.text == LOG


async def test_what_a_job_left_is_not_sent_twice(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    job = await ended(api, worker)
    for read in ("get_logs", "completed/get_result"):
        path = in_workspace(f"jobs_u/{read}/{job}")
        answer = await api.alice.get(path)
        assert answer.headers["cache-control"] == "private, no-cache"
        again = await api.alice.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = await api.alice.get(path, headers={"If-None-Match": '"other"'})
        assert other.content == answer.content
    live = await run(api.alice, PATH)
    assert "etag" not in (await api.alice.get(in_workspace(f"jobs_u/get_logs/{live}"))).headers


async def test_the_jobs_below_a_job_are_told_with_it(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    root = await ended(api, worker, b'"' + b"x" * 50 + b'"')
    first = await ended(api, worker, parent_job=root)
    below = await ended(api, worker, parent_job=first)
    second = await run(api.alice, PATH, parent_job=root)
    logs = (await api.alice.get(in_workspace(f"jobs_u/get_flow_all_logs/{root}"))).text
    heads = [f"==> {PATH} ({job}) <==\n" for job in (root, first, below, second)]
    assert logs == "\n".join([*(head + LOG for head in heads[:3]), heads[3]])
    path = in_workspace(f"jobs_u/get_flow_all_logs_structured/{root}")
    members = [
        LogsOfMember.model_validate_json(json.dumps(item)) for item in (await api.alice.get(path)).json()
    ]
    places = [(str(it.job_id), it.depth, it.sibling_index, it.sibling_count) for it in members]
    assert places == [(root, 0, 0, 1), (first, 1, 0, 2), (below, 2, 0, 1), (second, 1, 1, 2)]
    path = in_workspace(f"jobs_u/get_flow_all_results/{root}")
    told = TreeResults.model_validate_json((await api.alice.get(path, params={"max_result_len": 3})).content)
    assert [entry.status for entry in told.entries] == ["success", "success", "success", "queued"]
    assert (told.entries[0].result_prefix, told.entries[0].result_length) == ('"xx', 52)
    step = (await api.alice.get(path, params={"step": "a"})).json()
    assert (step["entries"], "step a" in step["step_error"]) == ([], True)
    assert (await api.bob.get(path)).status_code == 404


async def test_answers_are_what_the_description_says(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH, labels=["a"], tag="python3")

    async def content(path: str) -> bytes:
        answer = await api.alice.get(in_workspace(path))
        assert answer.status_code == 200, answer.text
        return answer.content

    job = await run(api.alice, PATH)
    QueuedJob.model_validate_json(await content(f"jobs_u/get/{job}"))
    ResultMaybe.model_validate_json(await content(f"jobs_u/completed/get_result_maybe/{job}"))
    taken = await worker.take()
    QueuedJob.model_validate_json(await content(f"jobs_u/get/{job}"))
    JobUpdates.model_validate_json(await content(f"jobs_u/getupdate/{job}?get_progress=true"))
    await worker.end(taken, b'{"error": {}}', Status.FAILURE)
    CompletedJob.model_validate_json(await content(f"jobs_u/get/{job}"))
    JobTiming.model_validate_json(await content(f"jobs_u/completed/get_timing/{job}"))
    ResultMaybe.model_validate_json(await content(f"jobs_u/completed/get_result_maybe/{job}"))
    assert await content(f"jobs_u/get_args/{job}") == b"{}"
    [listed] = json.loads(await content("jobs/completed/list"))
    CompletedJob.model_validate_json(json.dumps(listed))


async def test_a_failure_is_marked_as_dealt_with(api: Api, worker: PlayedWorker, owner: asyncpg.Connection):
    await deploy(api.alice, PATH)
    failed = await run(api.alice, PATH)
    await worker.end(await worker.take(), b'{"error": {}}', Status.FAILURE)
    fine = await ended(api, worker)

    async def mark(name: str, route: str, *jobs: str, **fields: str) -> Any:
        path = in_workspace(f"jobs/completed/{route}")
        answer = await getattr(api, name).post(path, json={"job_ids": jobs, **fields})
        return answer.json() if answer.status_code == 200 else answer.text

    assert await mark("bob", "resolve", failed) == []
    assert await mark("alice", "resolve", failed, fine, NOBODYS_JOB, note="it was the wind") == [failed]
    assert await mark("alice", "resolve", failed) == []
    shown = (await api.alice.get(in_workspace("jobs/list?resolved=true"))).json()
    assert [(job["id"], job["resolved_by"], job["resolution_note"]) for job in shown] == [
        (failed, "alice", "it was the wind")
    ]
    assert (shown[0]["success"], shown[0]["status"]) == (False, "failure")
    assert await mark("bob", "unresolve", failed) == []
    assert await mark("alice", "unresolve", failed, fine) == [failed]
    assert (await api.alice.get(in_workspace("jobs/list?resolved=true"))).json() == []
    assert "superseded_by: " in await mark("alice", "resolve", failed, superseded_by=fine)
    assert "job_ids: " in await mark("alice", "resolve", "x")
    noted = await owner.fetch("select operation from audit where operation like 'jobs.%resolve' order by id")
    assert [row["operation"] for row in noted] == ["jobs.resolve", "jobs.unresolve"]


async def test_an_admin_takes_jobs_away_whole(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    jobs = [await ended(api, worker, b"[1]"), await ended(api, worker, b'{"a": 1.10}')]
    answer = await api.admin.get(in_workspace("jobs/completed/export"))
    for job, shown, result in zip(jobs, answer.json(), ([1], {"a": 1.1}), strict=True):
        CompletedJob.model_validate_json(json.dumps(shown))
        assert (shown["id"], shown["args"], shown["result"], shown["logs"]) == (job, {"x": 2}, result, LOG)
    assert b'{"a": 1.10}' in answer.content
    assert (await api.admin.get(in_workspace("jobs/queue/export"))).json() == []
    waiting = await run(api.alice, PATH)
    [shown] = (await api.admin.get(in_workspace("jobs/queue/export?per_page=1"))).json()
    assert shown["id"] == waiting
    for part in ("completed", "queue"):
        assert (await api.alice.get(in_workspace(f"jobs/{part}/export"))).status_code == 403
