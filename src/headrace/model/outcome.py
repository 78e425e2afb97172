"""What became of one attempt at a job: a value, produced by runtimes and settled by the worker."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """Final states of a job, as stored and as the API shows them."""

    SUCCESS = "success"
    FAILURE = "failure"
    CANCELED = "canceled"
    SKIPPED = "skipped"


class ErrorName(StrEnum):
    """Names of the errors the platform itself gives to a job, in ``result.error.name``."""

    EXECUTION = "ExecutionErr"
    CANCELED = "Canceled"
    TIMEOUT = "Timeout"
    OUT_OF_MEMORY = "OutOfMemory"
    WORKER_LOST = "WorkerLost"
    INVALID_RESULT = "InvalidResult"
    RESULT_TOO_LARGE = "ResultTooLarge"
    DEPENDENCIES = "DependenciesErr"
    REFERENCE = "ReferenceErr"
    INTERNAL = "InternalErr"


# An escaped NUL, and no backslash that is followed by the letters of one.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured of an attempt's processes; None where nothing was."""

    duration_ms: int | None = None
    peak_memory_kb: int | None = None
    exit_code: int | None = None
    """Exit status as a shell shows it: 128 + n when signal n ended the process."""


@dataclass(frozen=True, slots=True)
class Teardown:
    """When nothing of an attempt was left: instants by the worker's clock.

    None where it is not known, or, for mounts, where it had none. ``process_kept`` says that its process is a
    resident one, which stayed for other jobs: then all three are None.
    """

    processes_gone_at: datetime | None = None
    folder_gone_at: datetime | None = None
    mounts_gone_at: datetime | None = None
    process_kept: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one attempt.

    ``result`` is a JSON text in UTF-8: the value returned, or ``{"error": {...}}`` with
    ``name``, ``message`` and, where there is one, ``stack``.
    """

    status: Status
    result: bytes
    measures: Measures = field(default_factory=Measures)
    canceled_by: str | None = None
    canceled_reason: str | None = None
    teardown: Teardown = field(default_factory=Teardown)


def failure(
    name: str,
    message: str,
    *,
    stack: str | None = None,
    status: Status = Status.FAILURE,
    measures: Measures | None = None,
    **details: object,
) -> Outcome:
    """Build an outcome whose result is an error object; ``details`` become keys beside ``message``."""
    error: dict[str, object] = {"name": str(name), "message": message}
    if stack:
        error["stack"] = stack
    error.update(details)
    text = json.dumps({"error": error}, ensure_ascii=False, allow_nan=False)
    # A lone surrogate or a NUL may stand in user text; neither can be stored.
    result = _NUL.sub(rb"\1\\ufffd", text.encode("utf-8", "replace"))
    return Outcome(status, result, measures or Measures())


def timed_out(seconds: float, measures: Measures | None = None) -> Outcome:
    """The outcome of an attempt that took longer than it may."""
    return failure(
        ErrorName.TIMEOUT, f"the job ran longer than its timeout of {seconds:g} s", measures=measures
    )
