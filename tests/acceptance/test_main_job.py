"""The main job: a function becomes a job, runs in a process of its own, and everything about it is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from textwrap import dedent
from typing import Any

import httpx
import pytest
import pytest_asyncio

from headrace.runtimes.isolation import find_isolation
from tests.acceptance.commands import Up
from tests.acceptance.jobs import (
    canceled_afterwards,
    deploy,
    ended,
    error_of,
    log_of,
    preview,
    result_of,
    says,
    text_of,
)
from tests.ground.alive import pid_here
from tests.ground.witness import until_gone

pytestmark = pytest.mark.asyncio(loop_scope="session")

FOREVER = dedent(
    """
    import os, signal

    def main():
        print(f"running as {os.getpid()}@{os.stat('/proc/self/ns/pid').st_ino}", flush=True)
        while True:
            signal.pause()
    """
)
STUBBORN = FOREVER.replace("def main():", "def main():\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)")
VARIABLES = [
    "WM_WORKSPACE", "WM_TOKEN", "WM_EMAIL", "WM_USERNAME", "WM_END_USER_EMAIL", "WM_BASE_URL",
    "BASE_INTERNAL_URL", "WM_JOB_ID", "WM_JOB_PATH", "WM_FLOW_JOB_ID", "WM_ROOT_FLOW_JOB_ID",
    "WM_FLOW_PATH", "WM_FLOW_STEP_ID", "WM_SCHEDULE_PATH", "WM_SCHEDULED_FOR", "WM_PERMISSIONED_AS",
    "WM_STATE_PATH", "WM_STATE_PATH_NEW", "WM_OBJECT_PATH", "WM_OIDC_JWT", "WM_WORKER_GROUP",
    "WM_RUNNABLE_ID", "PATH", "HOME",
]  # fmt: skip
VALUES: list[Any] = [
    "text", "", "ünïcödé 🐎", 1, -7, 2**80, 1.5, True, False, None, [], {}, [1, [None]], {"a": {"b": [2.5]}},
]  # fmt: skip


@pytest_asyncio.fixture(loop_scope="session")
async def api(server: Up) -> AsyncIterator[httpx.AsyncClient]:
    async with server.in_workspace() as client:
        yield client


async def test_a_function_is_run_with_arguments_and_its_result_comes_back(api: httpx.AsyncClient):
    code = "def main(name: str, times: int = 2):\n    return [name] * times\n"
    assert await result_of(api, await preview(api, code, name="ada", times=3)) == ["ada"] * 3
    assert await result_of(api, await preview(api, code, name="ada")) == ["ada"] * 2


async def test_results_of_every_type_come_back_as_they_were(api: httpx.AsyncClient):
    code = "def main(value):\n    return value\n"
    jobs = [await preview(api, code, value=value) for value in VALUES]
    results = [await result_of(api, job) for job in jobs]
    assert json.dumps(results) == json.dumps(VALUES)  # which tells 1 from true
    text = (await api.get(f"/jobs_u/completed/get_result/{jobs[VALUES.index(2**80)]}")).text
    assert text == str(2**80)


async def test_nan_becomes_null_and_the_log_says_so(api: httpx.AsyncClient):
    job = await preview(api, "def main():\n    return {'a': float('nan'), 'b': [float('inf')]}\n")
    assert await result_of(api, job) == {"a": None, "b": [None]}
    assert "null" in await log_of(api, job)


async def test_a_script_is_deployed_locked_and_run_by_path_and_by_hash(api: httpx.AsyncClient):
    code = "import six\n\ndef main(n: int):\n    return [six.__version__, n]\n"
    version = await deploy(api, "u/admin/needs_six", code)
    status = (await api.get(f"/scripts/deployment_status/h/{version}")).json()
    pinned = next(line for line in status["lock"].splitlines() if line.startswith("six=="))
    assert "--hash=sha256:" in status["lock"]
    locking = (await api.get(f"/jobs_u/get/{status['job_id']}")).json()
    assert (locking["job_kind"], locking["script_path"]) == ("dependencies", "u/admin/needs_six")
    by_path = text_of(await api.post("/jobs/run/p/u/admin/needs_six", json={"n": 1}), 201)
    by_hash = text_of(await api.post(f"/jobs/run/h/{version}", json={"n": 2}), 201)
    six = pinned.split()[0].removeprefix("six==")
    assert await result_of(api, by_path) == [six, 1]
    assert await result_of(api, by_hash) == [six, 2]
    waited = await api.post("/jobs/run_wait_result/p/u/admin/needs_six", json={"n": 3})
    assert waited.json() == [six, 3]


async def test_the_same_hash_runs_the_same_code_after_a_new_version(api: httpx.AsyncClient):
    first = await deploy(api, "u/admin/grows", "def main():\n    return 1\n")
    second = await deploy(api, "u/admin/grows", "def main():\n    return 2\n", parent_hash=first)
    assert await result_of(api, text_of(await api.post(f"/jobs/run/h/{first}", json={}), 201)) == 1
    assert await result_of(api, text_of(await api.post("/jobs/run/p/u/admin/grows", json={}), 201)) == 2
    body = {"path": "u/admin/grows", "content": "def main():\n    return 3\n", "language": "python3"}
    stale = await api.post("/scripts/create", json=body | {"parent_hash": first})
    assert stale.status_code == 409, stale.text
    fresh = await api.post("/scripts/create", json=body | {"parent_hash": second})
    assert fresh.status_code == 201, fresh.text


async def test_a_script_imports_another_one(api: httpx.AsyncClient):
    await deploy(api, "u/admin/greetings", "def greet(name):\n    return f'hello {name}'\n")
    code = "from u.admin.greetings import greet\n\ndef main(name: str):\n    return greet(name)\n"
    await deploy(api, "u/admin/greeter", code)
    job = text_of(await api.post("/jobs/run/p/u/admin/greeter", json={"name": "ada"}), 201)
    assert await result_of(api, job) == "hello ada"


async def test_dependencies_that_do_not_exist_leave_a_reason(api: httpx.AsyncClient):
    code = "# requirements:\n# six==0.0.999\n\ndef main():\n    pass\n"
    body = {"path": "u/admin/broken", "content": code, "language": "python3"}
    version = text_of(await api.post("/scripts/create", json=body), 201)
    status = (await api.get(f"/scripts/deployment_status/h/{version}")).json()
    assert "six" in (await error_of(api, status["job_id"]))["message"]
    status = (await api.get(f"/scripts/deployment_status/h/{version}")).json()
    assert "six" in status["lock_error_logs"]
    refused = await api.post("/jobs/run/p/u/admin/broken", json={})
    assert refused.status_code == 400
    assert "six" in refused.text


async def test_logs_are_live_while_a_job_runs(api: httpx.AsyncClient):
    job = await preview(api, FOREVER)
    async with canceled_afterwards(api, job):
        await says(api, job, "running as")
        record = (await api.get(f"/jobs_u/get/{job}")).json()
        assert (record["type"], record["running"]) == ("QueuedJob", True)


async def test_everything_about_a_job_is_kept_and_nothing_of_it_is_left(server: Up, api: httpx.AsyncClient):
    facts = "os.getpid(), os.stat('/proc/self/ns/pid').st_ino, os.getcwd()"
    job = await preview(api, f"import os\n\ndef main():\n    return [{facts}]\n")
    record = await ended(api, job)
    pid, namespace, folder = record["result"]
    assert pid_here(f"{pid}@{namespace}") is None
    assert job in folder
    assert not list((server.data_dir / "jobs").rglob(f"*{job}*"))
    assert record["type"] == "CompletedJob"
    assert record["worker"].startswith("default-")
    level = await find_isolation("auto")
    assert (record["isolation"], record["exit_code"], record["attempt"]) == (level, 0, 1)
    assert record["mem_peak"] > 1000
    assert (record["created_by"], record["permissioned_as"]) == ("admin", "u/admin")
    instants = [record[name] for name in ("created_at", "started_at", "completed_at")]
    assert instants == sorted(instants)
    teardown = record["teardown"]
    assert instants[1] <= teardown["processes_gone_at"] <= teardown["folder_gone_at"] <= instants[2]
    assert teardown.get("mounts_gone_at") == (teardown["folder_gone_at"] if level == "sandbox" else None)
    assert teardown["token_gone_at"][:19] == instants[2][:19]


async def test_an_error_shows_the_frames_of_the_script_and_no_others(api: httpx.AsyncClient):
    code = "def deep(n):\n    return 1 // n\n\ndef main():\n    print('before')\n    return deep(0)\n"
    job = await preview(api, code)
    error = await error_of(api, job)
    assert error["name"] == "ZeroDivisionError"
    assert "in main" in error["stack"]
    assert "in deep" in error["stack"]
    assert "headrace_runner" not in error["stack"]
    record = (await api.get(f"/jobs_u/get/{job}")).json()
    assert (record["success"], record["status"]) == (False, "failure")
    assert "before" in record["logs"]


async def test_a_running_job_that_is_canceled_may_clean_up(api: httpx.AsyncClient):
    code = FOREVER.replace(
        "    while True:\n        signal.pause()",
        "    try:\n        signal.pause()\n    finally:\n        print('cleaned up', flush=True)",
    ).replace(
        "def main():",
        "def end(*_):\n    raise SystemExit\n\nsignal.signal(signal.SIGTERM, end)\n\ndef main():",
    )
    job = await preview(api, code)
    pid = (await says(api, job, "running as")).rpartition("running as")[2].split()[0]
    text_of(await api.post(f"/jobs_u/queue/cancel/{job}", json={"reason": "enough"}), 200)
    record = await ended(api, job)
    await until_gone(pid)
    assert (record["success"], record["canceled"], record["status"]) == (False, True, "canceled")
    assert (record["canceled_by"], record["canceled_reason"]) == ("admin", "enough")
    assert "cleaned up" in await log_of(api, job)


async def test_a_job_that_ignores_sigterm_is_canceled_all_the_same(api: httpx.AsyncClient):
    job = await preview(api, STUBBORN)
    pid = (await says(api, job, "running as")).rpartition("running as")[2].split()[0]
    text_of(await api.post(f"/jobs_u/queue/cancel/{job}", json={}), 200)
    assert (await ended(api, job))["status"] == "canceled"
    await until_gone(pid)


async def test_a_forced_cancel_ends_a_job_before_its_process_does(api: httpx.AsyncClient):
    job = await preview(api, STUBBORN)
    pid = (await says(api, job, "running as")).rpartition("running as")[2].split()[0]
    text_of(await api.post(f"/jobs_u/queue/force_cancel/{job}", json={"reason": "now"}), 200)
    record = (await api.get(f"/jobs_u/get/{job}")).json()
    assert (record["type"], record["status"]) == ("CompletedJob", "canceled")
    await until_gone(pid)
    again = await api.post(f"/jobs_u/queue/cancel/{job}", json={})
    assert again.status_code == 404, again.text


async def test_a_job_that_takes_too_long_is_stopped(api: httpx.AsyncClient):
    job = await preview(api, FOREVER, "?timeout=1")
    error = await error_of(api, job)
    assert error["name"] == "Timeout"
    log = await log_of(api, job)
    await until_gone(log.rpartition("running as")[2].split()[0])


async def test_a_job_for_later_waits_until_its_time(api: httpx.AsyncClient):
    job = await preview(api, "def main():\n    return 'later'\n", "?scheduled_in_secs=2")
    record = (await api.get(f"/jobs_u/get/{job}")).json()
    assert (record["type"], record["running"]) == ("QueuedJob", False)
    record = await ended(api, job)
    assert record["result"] == "later"
    assert record["created_at"] < record["scheduled_for"] <= record["started_at"]


async def test_a_job_knows_its_parent_and_its_root(api: httpx.AsyncClient):
    code = "def main():\n    pass\n"
    root = await preview(api, code)
    child = await preview(api, code, f"?parent_job={root}")
    grandchild = await preview(api, code, f"?parent_job={child}")
    record = await ended(api, grandchild)
    assert (record["parent_job"], record["root_job"]) == (child, root)
    assert (await api.get(f"/jobs_u/get_root_job_id/{grandchild}")).json() == root


async def test_the_most_important_job_that_waits_runs_first(api: httpx.AsyncClient):
    """Two jobs fill both slots; what comes then runs through the place of one of them."""
    fillers = [await preview(api, FOREVER) for _ in range(2)]
    async with canceled_afterwards(api, *fillers):
        for filler in fillers:
            await says(api, filler, "running as")
        code = "def main():\n    pass\n"
        waiting = {n: await preview(api, code, f"?priority={n}") for n in (0, 50, 10)}
        text_of(await api.post(f"/jobs_u/queue/cancel/{fillers[0]}", json={}), 200)
        records = {n: await ended(api, job) for n, job in waiting.items()}
    assert sorted(records, key=lambda n: records[n]["started_at"]) == [50, 10, 0]


async def test_a_token_of_a_job_works_while_the_job_runs_and_never_after(server: Up, api: httpx.AsyncClient):
    code = dedent(
        """
        import json, os, urllib.request

        def ask(path):
            headers = {"Authorization": "Bearer " + os.environ["WM_TOKEN"]}
            request = urllib.request.Request(os.environ["BASE_INTERNAL_URL"] + "/api" + path, headers=headers)
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(request) as answer:
                return json.load(answer)

        def main():
            workspace, job = os.environ["WM_WORKSPACE"], os.environ["WM_JOB_ID"]
            return {
                "whoami": ask(f"/w/{workspace}/users/whoami"),
                "job": ask(f"/w/{workspace}/jobs_u/get/{job}"),
                "token": os.environ["WM_TOKEN"],
            }
        """
    )
    job = await preview(api, code)
    result = await result_of(api, job)
    assert result["whoami"]["username"] == "admin"
    assert (result["job"]["id"], result["job"]["running"]) == (job, True)
    async with server.client(result["token"]) as late:
        assert (await late.get(f"/w/{server.workspace}/users/whoami")).status_code == 401


async def test_a_job_is_told_who_and_where_it_is(server: Up, api: httpx.AsyncClient):
    code = "import os\n\ndef main():\n    return dict(os.environ)\n"
    version = await deploy(api, "u/admin/looks_around", code)
    job = text_of(await api.post("/jobs/run/p/u/admin/looks_around", json={}), 201)
    environ = await result_of(api, job)
    assert not [name for name in VARIABLES if name not in environ]
    assert environ["WM_JOB_ID"] == job
    assert environ["WM_JOB_PATH"] == "u/admin/looks_around"
    assert environ["WM_RUNNABLE_ID"] == version
    assert environ["WM_WORKSPACE"] == server.workspace
    assert environ["WM_BASE_URL"] == environ["BASE_INTERNAL_URL"] == server.url
    assert (environ["WM_USERNAME"], environ["WM_PERMISSIONED_AS"]) == ("admin", "u/admin")
    assert not [name for name in environ if name.startswith("HEADRACE_")]
    assert server.token not in environ.values()


async def test_logs_take_what_is_long_or_not_text(api: httpx.AsyncClient):
    code = dedent(
        r"""
        import os

        def main():
            os.write(1, b"x" * 1_000_000 + b"\n")
            os.write(2, b"caf\xff\xe9 \xf0\x9f\x90\x8e\x00 end\n")
        """
    )
    job = await preview(api, code)
    await result_of(api, job)
    log = await log_of(api, job)
    assert "x" * 1_000_000 in log
    assert "caf" in log
    assert "🐎" in log
    assert " end" in log
    assert "\0" not in log


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("def helper():\n    pass\n", "main"),
        ("def main():\n    return (1,\n", "line 2, column 12"),
        ("def main(:\n    pass\n", "line 1, column 10"),
    ],
    ids=["no main", "open bracket", "no parameter"],
)
async def test_what_cannot_be_run_is_refused_with_the_place(api: httpx.AsyncClient, content: str, told: str):
    body = {"content": content, "language": "python3", "args": {}}
    refused = await api.post("/jobs/run/preview", json=body)
    assert refused.status_code == 400
    assert told in refused.text
    assert "Traceback" not in refused.text


async def test_a_library_is_deployed_but_not_run(api: httpx.AsyncClient):
    await deploy(api, "u/admin/library", "def helper():\n    pass\n")
    refused = await api.post("/jobs/run/p/u/admin/library", json={})
    assert refused.status_code == 400
    assert "main" in refused.text


async def test_a_missing_argument_is_named(api: httpx.AsyncClient):
    error = await error_of(api, await preview(api, "def main(needed: int):\n    return needed\n"))
    assert "needed" in error["message"]


async def test_many_jobs_at_once_all_end_with_their_own_result(api: httpx.AsyncClient):
    code = "def main(n: int):\n    return n\n"
    jobs = await asyncio.gather(*(preview(api, code, n=n) for n in range(30)))
    results = await asyncio.gather(*(result_of(api, job) for job in jobs))
    assert results == list(range(30))


async def test_arguments_keep_what_javascript_would_lose(api: httpx.AsyncClient):
    code = json.dumps("def main(x):\n    return x\n")
    body = f'{{"content": {code}, "language": "python3", "args": {{"x": 9007199254740993}}}}'
    answer = await api.post("/jobs/run/preview", content=body, headers={"Content-Type": "application/json"})
    job = text_of(answer, 201)
    assert json.dumps(await result_of(api, job)) == "9007199254740993"
