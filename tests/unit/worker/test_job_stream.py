from __future__ import annotations

import asyncio

from headrace.model.job import LogChunk
from headrace.model.outcome import Outcome, Status
from headrace.sandbox.cage import Stop
from headrace.sandbox.frames import ARGUMENTS, STREAMED, Frame
from headrace.worker.final_result import finish_result
from headrace.worker.job_notes import JobNotes
from headrace.worker.job_stream import JobStream


class Kept:
    """Where log and stream of one attempt go."""

    def __init__(self, most_bytes: int = 1000) -> None:
        self.log = b""
        self.chunks: list[LogChunk] = []
        self.has_stored = asyncio.Event()
        self.stop = Stop()
        self.stream = JobStream(self, self.store, self.stop.set_at_once, most_bytes, self.stop.set)

    async def write(self, data: bytes) -> None:
        self.log += data

    async def store(self, chunks: list[LogChunk]) -> bool:
        self.chunks += chunks
        self.has_stored.set()
        return True


def success(result: bytes) -> Outcome:
    return Outcome(Status.SUCCESS, result)


async def test_what_is_told_and_what_is_printed_are_one_stream():
    kept = Kept()
    await kept.stream.write("one\nWM_STREAM: ä".encode()[:-1])
    await kept.stream.write("ä".encode()[-1:] + b"\\nb\ntwo\n")
    await kept.stream.take(b"c\x00")
    await kept.has_stored.wait()
    await kept.stream.close()
    assert (kept.log, kept.stream.text) == (b"one\ntwo\n", "ä\nbc\ufffd")
    assert "".join(chunk.text for chunk in kept.chunks) == "ä\nbc\ufffd"


async def test_a_job_that_streams_nothing_has_no_stream():
    kept = Kept()
    await kept.stream.write(b"one\nWM_")
    await kept.stream.close()
    assert (kept.log, kept.stream.text, kept.stream.size) == (b"one\nWM_", None, 0)
    outcome = success(b"x" * 2000)
    assert finish_result(outcome, kept.stream, 1000).outcome is outcome


async def test_a_stream_beyond_the_limit_stops_its_job_and_fails_it():
    kept = Kept(most_bytes=10)
    await kept.stream.take(b"x" * 10)
    assert not kept.stop.is_set()
    await kept.stream.write(b"WM_STREAM: y\nlog\n")
    assert kept.stop.is_set()
    await kept.stream.close()
    final = finish_result(Outcome(Status.CANCELED, b"{}"), kept.stream, 10)
    assert final.outcome.status is Status.FAILURE
    assert b"ResultTooLarge" in final.outcome.result
    assert kept.log == b"log\n"


async def test_stream_and_result_together_have_the_limit_of_a_result():
    kept = Kept(most_bytes=10)
    await kept.stream.take(b"12345")
    await kept.stream.close()
    assert finish_result(success(b"null"), kept.stream, 10).outcome.result == b'"12345"'
    assert b"ResultTooLarge" in finish_result(success(b'{"a": 1}'), kept.stream, 10).outcome.result


async def test_a_failed_job_keeps_its_error_and_no_stream():
    kept = Kept()
    await kept.stream.take(b"12345")
    await kept.stream.close()
    failed = Outcome(Status.FAILURE, b'{"error": {"wm_labels": ["x"]}}')
    final = finish_result(failed, kept.stream, 1000)
    assert (final.outcome, final.labels, final.remarks) == (failed, (), [])


async def test_labels_and_what_is_left_out_come_with_the_result():
    kept = Kept()
    await kept.stream.close()
    final = finish_result(success(b'{"wm_labels": ["a", 1]}'), kept.stream, 1000)
    assert final.labels == ("a",)
    assert "wm_labels" in final.remarks[0]


async def test_arguments_are_kept_only_where_a_preprocessor_was_asked_for():
    kept, arguments = Kept(), list[bytes]()

    async def keep(args: bytes) -> None:
        arguments.append(args)

    outcome = success(b"1")
    for asked in (None, keep):
        notes = JobNotes(kept.stream, asked, kept.stop)
        await notes.take(Frame(ARGUMENTS, b'{"n": 1}', 0))
        await notes.take(Frame(STREAMED, b"x", 0))
        assert notes.judge(outcome) is outcome
    assert (arguments, kept.stream.text) == ([b'{"n": 1}'], "xx")
    await kept.stream.close()


async def test_arguments_that_cannot_be_stored_stop_the_job_and_are_its_failure():
    async def keep(_: bytes) -> None:
        raise AssertionError("nothing is to be kept")

    for payload in (b'{"n": "\\u0000"}', b"[1]", b"no JSON"):
        kept = Kept()
        notes = JobNotes(kept.stream, keep, kept.stop)
        await notes.take(Frame(ARGUMENTS, payload, 0))
        assert kept.stop.is_set()
        assert b"preprocessor" in notes.judge(success(b"1")).result
        await kept.stream.close()
