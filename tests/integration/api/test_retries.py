"""The option `retry` of a run, and results that are kept (`cache_ttl`), as callers see them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
import httpx

from headrace.model.outcome import Status
from tests.ground.people import make_folder
from tests.integration.api.callers import Api, PlayedWorker, deploy, in_workspace, run

PATH = "u/alice/script"
SHARED = "f/team/script"
FAILED = b'{"error": {"name": "E", "message": "m"}}'

BAD_POLICIES = [
    ("x", "retry: is not valid JSON"),
    ('{"constant": {"attempts": 1e9}}', "retry.constant.attempts: "),
    ('{"constant": {"attempts": 1000000000}}', "retry.constant.attempts: "),
    ('{"constant": {"attempts": -1}}', "retry.constant.attempts: "),
    ('{"constant": {"attempts": "3"}}', "retry.constant.attempts: "),
    ('{"constant": {"attempts": true}}', "retry.constant.attempts: "),
    ('{"constant": {"seconds": 86401}}', "retry.constant.seconds: "),
    ('{"exponential": {"seconds": 1e300}}', "retry.exponential.seconds: "),
    ('{"exponential": {"random_factor": 101}}', "retry.exponential.random_factor: "),
    ('{"constnat": {"attempts": 1}}', "retry.constnat: "),
    ('{"retry_if": {"expr": "true"}}', "retry.retry_if: "),
    ("[]", "retry: "),
    ("null", "retry: "),
    ("NaN", "retry: "),
    ("", "retry: "),
]


async def get(api: Api, job: str) -> dict[str, Any]:
    return (await api.alice.get(in_workspace(f"jobs_u/get/{job}"))).json()


async def test_the_id_is_that_of_the_first_and_each_retry_is_a_child_of_it(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    policy = json.dumps({"constant": {"attempts": 2, "seconds": 0}, "exponential": None})
    first = await run(api.alice, PATH, {"x": 3}, retry=policy)
    for _ in range(2):
        await worker.end(await worker.take(), FAILED, Status.FAILURE)
    last = await worker.take()
    await worker.end(last, b"3")
    shown = await get(api, first)
    assert (shown["success"], shown["result"]["error"]["name"]) == (False, "E")
    assert "is_retry" not in shown
    children = await api.alice.get(in_workspace("jobs/list"), params={"parent_job": first})
    assert [(job["is_retry"], job["success"], job["job_kind"]) for job in children.json()] == [
        (True, True, "script"),
        (True, False, "script"),
    ]
    assert (await get(api, str(last.lease.job)))["args"] == {"x": 3}


async def test_a_policy_that_is_none_starts_nothing(owner: asyncpg.Connection, api: Api):
    version = await deploy(api.alice, PATH)
    for policy, words in BAD_POLICIES:
        for route in (f"jobs/run/p/{PATH}", f"jobs/run/h/{version}"):
            answer = await api.alice.post(in_workspace(route), params={"retry": policy})
            assert (answer.status_code, answer.text[: len(words)]) == (400, words), policy
    good = json.dumps({"constant": {"attempts": 1}})
    for route in ("jobs/run/preview", f"jobs/run_wait_result/p/{PATH}"):
        body = {"content": "def main(): pass"}
        answer = await api.alice.post(in_workspace(route), params={"retry": good}, json=body)
        assert (answer.status_code, answer.text.split(":")[0]) == (400, "retry")
    assert await owner.fetchval("select count(*) from job_queue") == 0


async def test_a_result_that_is_kept_answers_the_next_call_at_once(
    owner: asyncpg.Connection, api: Api, worker: PlayedWorker
):
    await deploy(api.alice, PATH, cache_ttl=600, labels=["daily"])
    first = await run(api.alice, PATH, {"x": 1, "y": [2]})
    await worker.end(await worker.take(), b'{"n": 1.10, "wm_labels": ["good"]}')
    second = await run(api.alice, PATH, {"y": [2], "x": 1})
    shown = await get(api, second)
    assert second != first
    assert (shown["type"], shown["success"], shown["duration_ms"]) == ("CompletedJob", True, 0)
    assert (shown["args"], shown["labels"]) == ({"x": 1, "y": [2]}, ["daily", "good"])
    answer = await api.alice.get(in_workspace(f"jobs_u/completed/get_result/{second}"))
    assert answer.content == b'{"n": 1.10, "wm_labels": ["good"]}'
    waited = await api.alice.post(in_workspace(f"jobs/run_wait_result/p/{PATH}"), json={"x": 1, "y": [2]})
    assert (waited.status_code, waited.json()["n"]) == (200, 1.1)
    labelled = await api.alice.get(in_workspace("jobs/list"), params={"label": "good"})
    assert len(labelled.json()) == 2
    assert await owner.fetchval("select count(*) from job_queue") == 0
    audited = "select count(*) from audit where parameters ->> 'kept_result' = 'true'"
    assert await owner.fetchval(audited) == 2


async def test_what_differs_fails_or_is_for_later_is_run(
    owner: asyncpg.Connection, api: Api, worker: PlayedWorker
):
    await deploy(api.alice, PATH, cache_ttl=600)
    await run(api.alice, PATH, {"x": 1})
    await worker.end(await worker.take(), FAILED, Status.FAILURE)
    waiting = [
        await run(api.alice, PATH, {"x": 1}),
        await run(api.alice, PATH, {"x": 2}),
        await run(api.admin, PATH, {"x": 1}),
    ]
    taken = [await worker.take() for _ in waiting]
    for job in taken:
        await worker.end(job, b"1")
    assert (await get(api, await run(api.alice, PATH, {"x": 1})))["type"] == "CompletedJob"
    later = await run(api.alice, PATH, {"x": 1}, scheduled_in_secs=60)
    reference = await run(api.alice, PATH, {"x": "$var:u/alice/v"})
    newer = await deploy(api.alice, PATH, "def main(x): return 2\n", cache_ttl=600, auto_parent=True)
    assert newer
    for job in (later, reference, await run(api.alice, PATH, {"x": 1})):
        assert (await get(api, job))["type"] == "QueuedJob"
    assert await owner.fetchval("select count(*) from kept_result") == 3


async def test_what_one_was_given_is_not_given_to_another(
    owner: asyncpg.Connection, api: Api, worker: PlayedWorker
):
    """The script may have read what only the first one may read."""
    await make_folder(owner, "team", owners=("u/alice",), extra_perms={"u/bob": False})
    await deploy(api.alice, SHARED, cache_ttl=600)
    await run(api.alice, SHARED)
    await worker.end(await worker.take(), b'"of alice"')
    job = await run(api.bob, SHARED)
    assert str((await worker.take()).lease.job) == job


async def test_a_call_has_its_own_lifetime(owner: asyncpg.Connection, api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    await run(api.alice, PATH)
    await worker.end(await worker.take(), b"1")
    assert await owner.fetchval("select count(*) from kept_result") == 0
    await run(api.alice, PATH, cache_ttl=600)
    await worker.end(await worker.take(), b"2")
    await owner.execute("update kept_result set kept_at = now() - interval '100 s'")
    assert (await get(api, await run(api.alice, PATH, cache_ttl=600)))["result"] == 2
    for options in ({}, {"cache_ttl": 0}, {"cache_ttl": 50}):
        assert (await get(api, await run(api.alice, PATH, **options)))["type"] == "QueuedJob"
    for bad in (-1, "x", 2**31):
        answer = await api.alice.post(in_workspace(f"jobs/run/p/{PATH}"), params={"cache_ttl": bad})
        assert (answer.status_code, answer.text.split(":")[0]) == (400, "cache_ttl")
    preview = await api.alice.post(
        in_workspace("jobs/run/preview"), params={"cache_ttl": 5}, json={"content": "def main(): pass"}
    )
    assert (preview.status_code, preview.text.split(":")[0]) == (400, "cache_ttl")


async def test_erased_data_answer_nobody(owner: asyncpg.Connection, api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH, cache_ttl=600)
    first = await run(api.alice, PATH)
    await worker.end(await worker.take(), b'"secret"')
    await api.alice.post(in_workspace(f"jobs/completed/delete/{first}"))
    assert await owner.fetchval("select count(*) from kept_result") == 0
    assert (await get(api, await run(api.alice, PATH)))["type"] == "QueuedJob"


async def test_a_kept_result_does_not_make_one_job_two(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH, cache_ttl=600)
    await run(api.alice, PATH)
    await worker.end(await worker.take(), b"1")

    async def twice(**options: Any) -> list[httpx.Response]:
        route = in_workspace(f"jobs/run/p/{PATH}")
        return await asyncio.gather(*(api.alice.post(route, json={}, **options) for _ in range(2)))

    keyed = await twice(headers={"Idempotency-Key": "k"})
    assert len({answer.text for answer in keyed}) == 1
    named = await twice(params={"job_id": "01890a5d-ac96-774b-bcce-b302099a8057"})
    assert sorted(answer.status_code for answer in named) == [201, 400]
