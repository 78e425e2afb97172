"""A job is followed by server-sent events: from any place on, over cuts, until it ends."""

from __future__ import annotations

from contextlib import AsyncExitStack

import asyncpg
import pytest

from headrace.api.context import Context
from headrace.model.outcome import Status
from tests.integration.api.callers import NOBODYS_JOB, Api, PlayedWorker, deploy, in_workspace, run
from tests.integration.api.streams import reading

PATH = "u/alice/script"


@pytest.fixture
async def job(api: Api) -> str:
    await deploy(api.alice, PATH)
    return await run(api.alice, PATH, {"x": 2})


def following(job: str) -> str:
    return f"jobs_u/getupdate_sse/{job}"


async def announce(api: Api, job: str) -> None:
    """Say that there is news, as a worker does when it has written some."""
    context: Context = api.app.state.context
    context.switchboard.notify("headrace_jobs_changed", {job})


async def test_a_job_is_told_from_the_queue_to_its_end(api: Api, worker: PlayedWorker, job: str):
    async with reading(api, "alice", following(job)) as reader:
        first = (await reader.event()).data
        assert reader.status == 200
        assert reader.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert reader.headers["cache-control"] == "no-store"
        assert reader.headers["x-accel-buffering"] == "no"
        assert (first["type"], first["running"], first["completed"]) == ("update", False, False)
        taken = await worker.take()
        assert (await reader.event()).data["running"] is True
        await worker.write(taken, 0, "one 🐎\n")
        await announce(api, job)
        told = (await reader.event()).data
        assert (told["new_logs"], told["log_offset"]) == ("one 🐎\n", 7)
        await worker.stream(taken, 0, "a piece")
        await announce(api, job)
        told = (await reader.event()).data
        assert (told["new_result_stream"], told["stream_offset"]) == ("a piece", 7)
        await worker.end(taken, b'{"a":\n 1.10}')
        last = (await reader.event()).data
        assert (last["type"], last["completed"], last["only_result"]) == ("update", True, {"a": 1.1})
        assert (last["job"]["id"], last["job"]["success"], last["job"]["args"]) == (job, True, {"x": 2})
        await reader.ended.wait()


async def test_the_end_tells_only_the_result_where_no_more_is_asked_for(
    api: Api, worker: PlayedWorker, job: str
):
    taken = await worker.take()
    await worker.write(taken, 0, "a line\n")
    await worker.end(taken, b'{"error": {"name": "E"}}', Status.FAILURE)
    async with reading(api, "alice", following(job), query="only_result=true&no_logs=true") as reader:
        [told] = await reader.events()
    assert told.data["only_result"] == {"error": {"name": "E"}}
    assert told.data["new_logs"] == ""
    assert "job" not in told.data


async def test_after_a_cut_no_line_is_lost_or_told_twice(api: Api, worker: PlayedWorker, job: str):
    taken = await worker.take()
    lines = [f"line {number} 🐎\n" for number in range(8)]
    heard, place, offset = "", None, 0
    for line in lines:
        await worker.write(taken, offset, line)
        offset += len(line) + 1
        async with reading(api, "alice", following(job), place) as reader:
            event = await reader.event()
            place, heard = event.id, heard + event.data["new_logs"]
    assert heard == "".join(lines)
    await worker.end(taken)
    async with reading(api, "alice", following(job), place) as reader:
        [last] = await reader.events()
    assert (last.data["new_logs"], last.data["completed"]) == ("", True)
    async with reading(api, "alice", following(job), last.id) as reader:
        await reader.ended.wait()
        assert reader.status == 204


async def test_a_new_attempt_is_told_from_its_beginning(api: Api, worker: PlayedWorker, job: str):
    first = await worker.take()
    await worker.write(first, 0, "before\n")
    async with reading(api, "alice", following(job)) as reader:
        before = await reader.event()
    await worker.give_back(first)
    second = await worker.take()
    # Longer than what was told of the first attempt: only the place's attempt says that it is another log.
    await worker.write(second, 0, "again from the beginning\n")
    async with reading(api, "alice", following(job), before.id) as reader:
        after = (await reader.event()).data
    assert (before.data["attempt"], after["attempt"]) == (1, 2)
    assert after["new_logs"] == "again from the beginning\n"


async def test_where_nothing_is_new_nothing_is_told(api: Api, worker: PlayedWorker, job: str):
    taken = await worker.take()
    async with reading(api, "alice", following(job)) as reader:
        await reader.event()
        for _ in range(3):
            await announce(api, job)
        await worker.end(taken, b"1")
        assert [event.data["completed"] for event in await reader.events()] == [True]


async def test_a_log_that_is_larger_than_an_update_is_told_whole_before_the_end(
    api: Api, worker: PlayedWorker, job: str
):
    taken = await worker.take()
    pieces = [f"{number:06}" + "x" * 99_994 for number in range(12)]
    for number, piece in enumerate(pieces):
        await worker.write(taken, number * 100_000, piece)
    await worker.end(taken)
    async with reading(api, "alice", following(job)) as reader:
        told = [event.data for event in await reader.events()]
    assert "".join(update["new_logs"] for update in told) == "".join(pieces)
    assert [update["completed"] for update in told] == [False, False, True]


async def test_a_reader_that_does_not_read_holds_no_connection_and_gets_all_of_it_later(
    api: Api, worker: PlayedWorker, job: str
):
    context: Context = api.app.state.context
    taken = await worker.take()
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(reading(api, "alice", following(job))) for _ in range(30)]
        for reader in readers:
            await reader.event()
            reader.slow.clear()
        for number in range(5):
            await worker.write(taken, number * 2, f"{number}\n")
            await announce(api, job)
        assert (await api.alice.get(in_workspace(f"jobs_u/get/{job}"))).status_code == 200
        assert context.pool.get_size() - context.pool.get_idle_size() == 0
        await worker.end(taken)
        for reader in readers:
            reader.slow.set()
            logs = "".join(event.data["new_logs"] for event in await reader.events())
            assert logs == "0\n1\n2\n3\n4\n"
    assert not context.feeds._feeds


async def test_whoever_loses_the_right_to_a_job_is_told_no_more(
    api: Api, worker: PlayedWorker, job: str, owner: asyncpg.Connection
):
    taken = await worker.take()
    async with (
        reading(api, "admin", following(job)) as other,
        reading(api, "alice", following(job)) as reader,
    ):
        await other.event()
        await reader.event()
        await owner.execute("update workspace_user set is_admin = false where username = 'admin'")
        await owner.execute("delete from token where email = 'alice@acme.test'")
        await worker.write(taken, 0, "a secret\n")
        await announce(api, job)
        assert [event.data for event in await other.events()] == [{"type": "not_found"}]
        [told] = await reader.events()
        assert told.data["type"] == "error"
        assert "token" in told.data["error"]


async def test_what_is_not_theirs_is_answered_like_what_is_not_there(api: Api, job: str):
    answers = [await api.bob.get(in_workspace(following(name))) for name in (job, NOBODYS_JOB)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text.replace(job, NOBODYS_JOB) == answers[1].text


async def test_a_server_that_ends_lets_its_followers_go(api: Api, job: str):
    context: Context = api.app.state.context
    async with reading(api, "alice", following(job)) as reader:
        place = (await reader.event()).id
        context.waiters.close()
        assert await reader.events() == []
    context.waiters.is_closing = False
    async with reading(api, "alice", following(job), place) as reader:
        context.waiters.close()
        assert await reader.events() == []
    assert reader.status == 200


async def test_a_place_that_is_none_is_refused(api: Api, job: str):
    for place in ("x", "1-2-3", "-1-0-0-0", "1-0-0-2", "9" * 100):
        headers = {"Last-Event-ID": place}
        answer = await api.alice.get(in_workspace(following(job)), headers=headers)
        assert (answer.status_code, "Last-Event-ID: " in answer.text) == (400, True)


@pytest.mark.parametrize("body", [None, b'{"x": 5}'])
async def test_a_run_is_started_and_streamed_at_once(api: Api, worker: PlayedWorker, body: bytes | None):
    version = await deploy(api.alice, PATH)
    query = "" if body else "payload=eyJ4IjogNX0"
    for route in (f"p/{PATH}", f"h/{version}"):
        path = f"jobs/run_and_stream/{route}"
        async with reading(api, "alice", path, query=query, body=body) as reader:
            assert (await reader.event()).data["running"] is False
            taken = await worker.take()
            assert taken.args == b'{"x": 5}'
            assert (await reader.event()).data["running"] is True
            await worker.write(taken, 0, "what is logged is not told here\n")
            await worker.stream(taken, 0, "a piece")
            await announce(api, str(taken.lease.job))
            told = (await reader.event()).data
            assert (told["new_result_stream"], told["new_logs"]) == ("a piece", "")
            await worker.end(taken, b"5")
            [last] = await reader.events()
            assert (last.data["completed"], last.data["only_result"]) == (True, 5)
        job = taken.lease.job
        followed = reader.headers["content-location"]
        assert followed == f"/api/w/acme/{following(str(job))}?only_result=true&no_logs=true"


async def test_what_can_not_be_started_is_no_stream(api: Api):
    answers = [
        await api.alice.post(in_workspace(f"jobs/run_and_stream/p/{PATH}")),
        await api.alice.post(in_workspace("jobs/run_and_stream/h/x")),
        await api.alice.get(in_workspace(f"jobs/run_and_stream/p/{PATH}?payload=W10")),
        await api.alice.post(in_workspace(f"jobs/run_and_stream/p/{PATH}?poll_delay_ms=10001")),
    ]
    assert [answer.status_code for answer in answers] == [404, 400, 400, 400]


async def test_who_has_too_many_streams_is_refused_before_a_job_is_started(api: Api, job: str):
    turns = api.app.state.context.feeds.turns
    turns.most_of_one = 1
    started = in_workspace(f"jobs/run_and_stream/p/{PATH}")
    async with reading(api, "alice", following(job)) as reader:
        await reader.event()
        for refused in (await api.alice.get(in_workspace(following(job))), await api.alice.post(started)):
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
            assert refused.text == (
                "1 event streams of yours are open (setting most_streams_of_one); try again"
            )
        async with reading(api, "admin", following(job)) as other:
            await other.event()
            assert turns.count == 2
    assert turns.count == 0
    assert len((await api.alice.get(in_workspace("jobs/list"))).json()) == 1
    assert (await api.alice.get(in_workspace("jobs_u/getupdate_sse/x"))).status_code == 400
    assert turns.count == 0
