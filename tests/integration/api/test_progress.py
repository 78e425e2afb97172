"""What is told of a job while it runs: its stream, its progress, its labels."""

from __future__ import annotations

import asyncio
from typing import Any

from headrace.lifecycle.finish import finish_attempts
from headrace.model.outcome import Outcome, Status
from headrace.queue.exchange import Author, Completion
from tests.integration.api.callers import NOBODYS_JOB, Api, PlayedWorker, deploy, in_workspace, run

PATH = "u/alice/script"


async def update_of(api: Api, job: str, name: str = "alice", **query: Any) -> dict[str, Any]:
    answer = await getattr(api, name).get(in_workspace(f"jobs_u/getupdate/{job}"), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def set_progress(api: Api, name: str, job: str, percent: Any) -> int:
    path = in_workspace(f"job_metrics/set_progress/{job}")
    return (await getattr(api, name).post(path, json={"percent": percent, "flow_job_id": None})).status_code


async def progress_of(api: Api, job: str) -> Any:
    return (await api.alice.get(in_workspace(f"job_metrics/get_progress/{job}"))).json()


async def test_a_stream_is_told_from_an_offset_on_until_the_job_ends(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH)
    taken = await worker.take()
    await worker.stream(taken, 0, "a🐎")
    update = await update_of(api, job, running=True)
    assert (update["new_result_stream"], update["stream_offset"]) == ("a🐎", 3)
    await worker.stream(taken, 3, "bc")
    update = await update_of(api, job, running=True, stream_offset=4, no_logs=True)
    assert (update["new_result_stream"], update["stream_offset"]) == ("c", 5)
    await worker.end(taken, b'"all"')
    update = await update_of(api, job, running=True, stream_offset=5)
    assert update["completed"]
    assert "new_result_stream" not in update


async def test_a_new_attempt_streams_from_the_beginning(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH)
    taken = await worker.take()
    await worker.stream(taken, 0, "a long beginning")
    await worker.give_back(taken)
    taken = await worker.take()
    await worker.stream(taken, 0, "b")
    update = await update_of(api, job, running=True, stream_offset=16)
    assert (update["new_result_stream"], update["stream_offset"]) == ("b", 1)


async def test_progress_is_told_by_the_job_and_those_who_may_end_it(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH)
    assert await set_progress(api, "alice", job, 5) == 409
    taken = await worker.take()
    assert await progress_of(api, job) is None
    assert [await set_progress(api, "alice", job, n) for n in (40.7, 20)] == [200, 200]
    assert await progress_of(api, job) == 40
    assert await set_progress(api, "bob", job, 50) == 404
    assert await set_progress(api, "alice", NOBODYS_JOB, 50) == 404
    assert await set_progress(api, "alice", job, "much") == 400
    async with api.client(taken.token) as inside:
        path = in_workspace(f"job_metrics/set_progress/{job}")
        assert (await inside.post(path, json={"percent": 300})).json() is None
    assert (await update_of(api, job, get_progress=True))["progress"] == 99
    assert "progress" not in await update_of(api, job)
    await worker.end(taken)
    assert await progress_of(api, job) == 100
    assert await set_progress(api, "alice", job, 5) == 409


async def test_progress_of_a_failed_job_stays_where_it_was(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH)
    taken = await worker.take()
    await set_progress(api, "alice", job, 30)
    await worker.end(taken, b'{"error": {}}', Status.FAILURE)
    assert await progress_of(api, job) == 30


async def test_somebody_who_waits_hears_of_progress(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH)
    await worker.take()
    waiting = asyncio.create_task(update_of(api, job, running=True, get_progress=True))
    while not waiting.done():
        await set_progress(api, "alice", job, 10)
    assert (await waiting)["progress"] == 10


async def test_labels_are_shown_and_found(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH, labels=["daily", "daily", "x" * 300])
    job = await run(api.alice, PATH)
    record = (await api.alice.get(in_workspace(f"jobs_u/get/{job}"))).json()
    assert record["labels"] == ["daily"]
    taken = await worker.take()
    completion = Completion(taken.lease, Outcome(Status.SUCCESS, b"1"), labels=("rain", "daily"))
    async with worker.pool.acquire() as connection, connection.transaction():
        await finish_attempts(connection, worker.session, Author("tests", "none"), [completion])
    record = (await api.alice.get(in_workspace(f"jobs_u/get/{job}"))).json()
    assert record["labels"] == ["daily", "rain"]

    async def found(name: str, label: str) -> int:
        answer = await getattr(api, name).get(in_workspace("jobs/list"), params={"label": label})
        return len(answer.json())

    asked = ("rain", "snow", "snow,rain", "!snow", "!rain", "daily,!rain")
    assert [await found("alice", label) for label in asked] == [1, 0, 1, 1, 0, 0]
    assert await found("bob", "rain") == 0
