"""What becomes of a result when its job is over: its stream is added, its labels are read."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headrace.model.outcome import ErrorName, Outcome, Status, failure
from headrace.model.result_keys import add_stream, read_labels

if TYPE_CHECKING:
    from headrace.worker.job_stream import JobStream


@dataclass(frozen=True, slots=True)
class FinalResult:
    """The outcome to be stored, with its labels; ``remarks`` are lines for the log."""

    outcome: Outcome
    labels: tuple[str, ...] = ()
    remarks: list[str] = field(default_factory=list[str])


def finish_result(outcome: Outcome, stream: JobStream, most_bytes: int) -> FinalResult:
    """The end of an attempt whose stream is closed. Too large a stream fails it, whatever it returned."""
    is_success = outcome.status is Status.SUCCESS
    size = stream.size + len(outcome.result)
    if stream.is_too_large or (is_success and stream.size and size > most_bytes):
        return FinalResult(_too_large(outcome, size, most_bytes))
    if not is_success:
        return FinalResult(outcome)
    remarks: list[str] = []
    if (text := stream.text) is not None:
        result = add_stream(outcome.result, text)
        if result is None:
            remarks.append("headrace: the stream is not kept: the result is neither null nor an object")
        else:
            outcome = dataclasses.replace(outcome, result=result)
    labels, problem = read_labels(outcome.result)
    if problem is not None:
        remarks.append(f"headrace: {problem}")
    return FinalResult(outcome, labels, remarks)


def _too_large(outcome: Outcome, size: int, most_bytes: int) -> Outcome:
    message = (
        f"the stream and the result have {size} bytes or more; the limit is {most_bytes}"
        " (setting result_limit_mb)"
    )
    too_large = failure(ErrorName.RESULT_TOO_LARGE, message, measures=outcome.measures)
    return dataclasses.replace(too_large, teardown=outcome.teardown)
