"""Jobs are started, followed and stopped over HTTP."""

from __future__ import annotations

import asyncio
import base64
import json

from headrace.model.outcome import Status
from tests.integration.api.callers import (
    MAIN,
    NOBODYS_JOB,
    Api,
    PlayedWorker,
    deploy,
    in_workspace,
    queued,
    run,
)

PATH = "u/alice/script"


async def get(api: Api, path: str) -> dict:
    answer = await api.alice.get(in_workspace(path))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_run_answers_with_the_bare_id_of_a_durable_job(api: Api):
    await deploy(api.alice, PATH)
    answer = await api.alice.post(in_workspace(f"jobs/run/p/{PATH}"), json={"x": 2})
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    job = await get(api, f"jobs_u/get/{answer.text}")
    assert job["id"] == answer.text
    assert job["type"] == "QueuedJob"
    assert job["script_path"] == PATH
    assert job["args"] == {"x": 2}


async def test_arguments_are_kept_as_the_bytes_that_came(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    text = b'{ "a": 1.10, "b": 9007199254740993, "c": 1E2, "e": -0,  "d": "\\u00e9 \\ud83d\\ude00" }'
    started = await api.alice.post(in_workspace(f"jobs/run/p/{PATH}"), content=text)
    assert text in (await api.alice.get(in_workspace(f"jobs_u/get/{started.text}"))).content
    job = await worker.take()
    assert job.args == text
    await worker.end(job, b'{"r": 1.10, "n": 123456789012345678901234567890}')
    result = await api.alice.get(in_workspace(f"jobs_u/completed/get_result/{started.text}"))
    assert result.content == b'{"r": 1.10, "n": 123456789012345678901234567890}'


async def test_arguments_of_a_preview_keep_their_numbers(api: Api, worker: PlayedWorker):
    body = b'{"language": "python3", "args": {"a": 1.10, "b": [1E2]}, "content": "def main(a, b): pass"}'
    started = await api.alice.post(in_workspace("jobs/run/preview"), content=body)
    assert started.status_code == 201, started.text
    assert (await worker.take()).args == b'{"a": 1.10, "b": [1E2]}'


async def test_no_body_an_empty_one_and_null_mean_no_arguments(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    for body in (b"", b" \n", b"{}", b"null"):
        started = await api.alice.post(in_workspace(f"jobs/run/p/{PATH}"), content=body)
        assert started.status_code == 201
        job = await worker.take()
        assert json.loads(job.args) == {}
        await worker.end(job)


async def test_a_body_that_is_no_object_becomes_the_argument_body(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    for body in (b"[1.10]", b'"text"', b"7", b"false"):
        await api.alice.post(in_workspace(f"jobs/run/p/{PATH}"), content=body)
        job = await worker.take()
        assert job.args == b'{"body":' + body + b"}"
        await worker.end(job)


async def test_a_superseded_version_still_runs_by_its_hash(api: Api):
    first = await deploy(api.alice, PATH)
    second = await deploy(api.alice, PATH, MAIN + "# more\n", parent_hash=first)
    by_hash = await api.alice.post(in_workspace(f"jobs/run/h/{first}"))
    by_path = await run(api.alice, PATH)
    assert (await get(api, f"jobs_u/get/{by_hash.text}"))["script_hash"] == first
    assert (await get(api, f"jobs_u/get/{by_path}"))["script_hash"] == second
    unknown = await api.alice.post(in_workspace(f"jobs/run/h/{'0' * 16}"))
    assert unknown.status_code == 404


async def test_a_caller_may_choose_an_id_once(api: Api):
    await deploy(api.alice, PATH)
    assert await run(api.alice, PATH, job_id=NOBODYS_JOB) == NOBODYS_JOB
    again = await api.alice.post(in_workspace(f"jobs/run/p/{PATH}"), params={"job_id": NOBODYS_JOB})
    assert again.status_code == 400
    assert "job_id" in again.text


async def test_a_job_for_later_is_held(api: Api):
    await deploy(api.alice, PATH)
    for query in ({"scheduled_in_secs": 3600}, {"scheduled_for": "2100-01-01T00:00:00+02:00"}):
        job = await get(api, f"jobs_u/get/{await run(api.alice, PATH, **query)}")
        assert job["held"] == "future"
    assert job["scheduled_for"] == "2099-12-31T22:00:00Z"


async def test_a_queued_a_running_and_a_finished_job_are_shown_as_such(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH)
    maybe = f"jobs_u/completed/get_result_maybe/{job}"
    assert await get(api, maybe) == {"completed": False, "started": False, "success": None, "result": None}
    assert (await api.alice.get(in_workspace(f"jobs_u/completed/get/{job}"))).status_code == 404
    assert (await api.alice.get(in_workspace(f"jobs_u/completed/get_result/{job}"))).status_code == 404
    taken = await worker.take()
    shown = await get(api, f"jobs_u/get/{job}")
    assert (shown["type"], shown["running"], shown["status"]) == ("QueuedJob", True, "running")
    assert (await get(api, maybe))["started"] is True
    await worker.end(taken, b"[1]")
    shown = await get(api, f"jobs_u/get/{job}")
    assert (shown["type"], shown["success"], shown["status"]) == ("CompletedJob", True, "success")
    assert shown["result"] == [1]
    assert await get(api, maybe) == {"completed": True, "started": True, "success": True, "result": [1]}
    assert await get(api, f"jobs_u/completed/get/{job}") == shown


async def test_no_field_of_a_job_is_null(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH)
    assert None not in (await get(api, f"jobs_u/get/{job}")).values()
    taken = await worker.take()
    assert None not in (await get(api, f"jobs_u/get/{job}")).values()
    await worker.end(taken, b"{}")
    assert None not in (await get(api, f"jobs_u/get/{job}")).values()
    assert None not in (await get(api, "jobs/list"))[0].values()


async def test_logs_are_followed_by_utf16_offsets(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH)
    taken = await worker.take()
    await worker.write(taken, 0, "one 😀\n")
    first = await get(api, f"jobs_u/getupdate/{job}?running=true&log_offset=0")
    assert (first["new_logs"], first["log_offset"]) == ("one 😀\n", 7)
    await worker.write(taken, 7, "two\n")
    second = await get(api, f"jobs_u/getupdate/{job}?running=true&log_offset=7")
    assert (second["new_logs"], second["log_offset"], second["running"]) == ("two\n", 11, True)
    within = await get(api, f"jobs_u/getupdate/{job}?log_offset=9")
    assert within["new_logs"] == "o\n"
    beyond = await get(api, f"jobs_u/getupdate/{job}?log_offset={10**15}")
    assert beyond["new_logs"] == ""
    await worker.end(taken)
    last = await get(api, f"jobs_u/getupdate/{job}?running=true&log_offset=11")
    assert (last["completed"], last["new_logs"]) == (True, "")
    logs = await api.alice.get(in_workspace(f"jobs_u/get_logs/{job}"))
    assert logs.text == "one 😀\ntwo\n"
    assert logs.headers["content-type"] == "text/plain; charset=utf-8"
    assert (await get(api, f"jobs_u/get/{job}"))["logs"] == logs.text
    assert "logs" not in await get(api, f"jobs_u/get/{job}?no_logs=true")


async def test_whoever_follows_a_job_gets_the_log_of_a_new_attempt_from_its_start(
    api: Api, worker: PlayedWorker
):
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH)
    first = await worker.take()
    await worker.write(first, 0, "the first attempt got this far\n")
    await worker.give_back(first)
    second = await worker.take()
    await worker.write(second, 0, "again\n")
    update = await get(api, f"jobs_u/getupdate/{job}?running=true&log_offset=31")
    assert (update["new_logs"], update["log_offset"]) == ("again\n", 6)


async def test_an_update_waits_for_news(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH)
    waiting = asyncio.create_task(get(api, f"jobs_u/getupdate/{job}?running=false&log_offset=0"))
    await worker.take()
    assert (await waiting)["running"] is True


async def test_a_synchronous_run_answers_with_the_result(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    payload = base64.urlsafe_b64encode(b'{"x": 5}').decode().rstrip("=")
    for request in (
        api.alice.post(in_workspace(f"jobs/run_wait_result/p/{PATH}"), json={"x": 5}),
        api.alice.get(in_workspace(f"jobs/run_wait_result/p/{PATH}"), params={"payload": payload}),
    ):
        waiting = asyncio.create_task(request)
        await queued(api)
        taken = await worker.take()
        assert json.loads(taken.args) == {"x": 5}
        await worker.end(taken, b'{"y": 1.10}')
        answer = await waiting
        assert (answer.status_code, answer.content) == (200, b'{"y": 1.10}')


async def test_a_failed_synchronous_run_answers_with_the_error(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    waiting = asyncio.create_task(api.alice.post(in_workspace(f"jobs/run_wait_result/p/{PATH}")))
    await queued(api)
    await worker.end(await worker.take(), b'{"error": {"name": "E", "message": "m"}}', Status.FAILURE)
    answer = await waiting
    assert (answer.status_code, answer.json()["error"]["name"]) == (200, "E")


async def test_a_synchronous_run_that_takes_too_long_goes_on(api: Api):
    await deploy(api.alice, PATH)
    answer = await api.alice.post(in_workspace(f"jobs/run_wait_result/p/{PATH}"))
    assert answer.status_code == 504
    [job] = await get(api, "jobs/list")
    assert job["id"] in answer.text
    assert job["type"] == "QueuedJob"


async def test_dependencies_are_locked_while_the_caller_waits(api: Api, worker: PlayedWorker):
    body = {
        "raw_scripts": [{"raw_code": "import x", "language": "python3", "script_path": PATH}],
        "entrypoint": PATH,
    }
    waiting = asyncio.create_task(api.alice.post(in_workspace("jobs/run/dependencies"), json=body))
    await queued(api)
    await worker.end(await worker.take(), b'{"lock": "x==1"}')
    answer = await waiting
    assert (answer.status_code, answer.json()) == (201, {"lock": "x==1"})
    asynchronous = await api.alice.post(in_workspace("jobs/run/dependencies_async"), json=body)
    assert asynchronous.status_code == 201
    assert (await get(api, f"jobs_u/get/{asynchronous.text}"))["job_kind"] == "dependencies"


async def test_a_waiting_job_is_cancelled_at_once(api: Api):
    await deploy(api.alice, PATH)
    for deed in ("cancel", "force_cancel"):
        job = await run(api.alice, PATH)
        answer = await api.alice.post(in_workspace(f"jobs_u/queue/{deed}/{job}"), json={"reason": "enough"})
        assert (answer.status_code, answer.text) == (200, job)
        shown = await get(api, f"jobs_u/completed/get/{job}")
        assert (shown["canceled"], shown["canceled_by"], shown["canceled_reason"]) == (
            True,
            "alice",
            "enough",
        )
        assert shown["success"] is False
        assert shown["result"]["error"]["name"] == "Canceled"
        again = await api.alice.post(in_workspace(f"jobs_u/queue/{deed}/{job}"), json={})
        assert again.status_code == 404


async def test_a_running_job_is_told_to_stop_or_ended_by_force(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH)
    await worker.take()
    assert (await api.alice.post(in_workspace(f"jobs_u/queue/cancel/{job}"))).status_code == 200
    shown = await get(api, f"jobs_u/get/{job}")
    assert (shown["type"], shown["canceled"], shown["canceled_by"]) == ("QueuedJob", True, "alice")
    assert (await api.alice.post(in_workspace(f"jobs_u/queue/force_cancel/{job}"))).status_code == 200
    assert (await get(api, f"jobs_u/get/{job}"))["status"] == "canceled"


async def test_the_root_of_a_tree_is_its_outermost_job(api: Api):
    await deploy(api.alice, PATH)
    root = await run(api.alice, PATH)
    child = await run(api.alice, PATH, parent_job=root)
    grandchild = await run(api.alice, PATH, parent_job=child)
    answer = await api.alice.get(in_workspace(f"jobs_u/get_root_job_id/{grandchild}"))
    assert answer.json() == root
    assert (await get(api, f"jobs_u/get/{grandchild}"))["parent_job"] == child


async def test_a_script_runs_only_when_its_dependencies_are_locked(api: Api, worker: PlayedWorker):
    version = (
        await api.alice.post(
            in_workspace("scripts/create"), json={"path": PATH, "content": MAIN, "language": "python3"}
        )
    ).text
    status = await get(api, f"scripts/deployment_status/h/{version}")
    assert set(status) == {"job_id"}
    job = await run(api.alice, PATH)
    assert (await get(api, f"jobs_u/get/{job}"))["held"] == "lock"
    locking = await worker.take()
    assert str(locking.lease.job) == status["job_id"]
    await worker.end(locking, b'{"lock": "# none"}')
    assert (await get(api, f"scripts/deployment_status/h/{version}"))["lock"] == "# none"
    assert str((await worker.take()).lease.job) == job


async def test_a_script_whose_dependencies_fail_says_so(api: Api, worker: PlayedWorker):
    answer = await api.alice.post(
        in_workspace("scripts/create"), json={"path": PATH, "content": MAIN, "language": "python3"}
    )
    error = b'{"error": {"name": "DependenciesErr", "message": "no such package"}}'
    await worker.end(await worker.take(), error, Status.FAILURE)
    status = await get(api, f"scripts/deployment_status/h/{answer.text}")
    assert status["lock_error_logs"] == "no such package"
    refused = await api.alice.post(in_workspace(f"jobs/run/p/{PATH}"))
    assert refused.status_code == 400
    assert "no such package" in refused.text
