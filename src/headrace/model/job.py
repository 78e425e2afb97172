"""Jobs: what is asked for, what a worker is handed, what can be seen of one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from headrace.model.blob import Blob
from headrace.model.ids import JobId, ScriptHash, WorkspaceId


class JobKind(StrEnum):
    """The five kinds of jobs, by the names of the public contract."""

    SCRIPT = "script"
    PREVIEW = "preview"
    DEPENDENCIES = "dependencies"
    FLOW = "flow"
    PREVIEW_FLOW = "flowpreview"


class State(StrEnum):
    """States of a live job; the final ones are in ``model/outcome.py``."""

    QUEUED = "queued"
    RUNNING = "running"
    SUSPENDED = "suspended"


class Held(StrEnum):
    """What keeps a queued job from being claimed."""

    FUTURE = "future"
    LOCK = "lock"
    LIMIT = "limit"
    QUARANTINE = "quarantine"


HIGHEST_PRIORITY = 100

DEFAULT_TAGS = {"python3": "python3"}
"""Tag of a job whose script names none, by language."""

DEPENDENCY_TAG = "dependency"


def dedicated_tag(workspace: str, path: str) -> str:
    """Tag of the jobs of a script that workers keep processes for."""
    return f"{workspace}:{path}"


DEPENDENCY_FILES_ARGUMENT = "raw_workspace_dependencies"
"""Argument of a dependencies job: files that stand in for those of the workspace."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job as it is asked for. ``args`` is a JSON object in UTF-8, checked at the door.

    At most one of ``scheduled_for`` and ``scheduled_in_seconds`` counts, the first one first; without
    both it is due now, by the database's clock. ``job_id`` is the caller's own choice of id. ``entry`` is
    the function that is called, None for ``main``. ``preprocessed`` is False where the arguments are an
    event of which a preprocessor has yet to make those of ``main``, None where no preprocessor is asked for.
    ``retry`` is a policy as its own text (``model/retry.py``). Where there is a ``cache_key`` its result is
    kept for ``cache_seconds``.
    """

    workspace: WorkspaceId
    kind: JobKind
    created_by: str
    permissioned_as: str
    email: str
    tag: str
    args: bytes = b"{}"
    path: str | None = None
    script_hash: ScriptHash | None = None
    language: str | None = None
    raw_code: str | None = None
    raw_lock: str | None = None
    parent_job: JobId | None = None
    root_job: JobId | None = None
    job_id: JobId | None = None
    scheduled_for: datetime | None = None
    scheduled_in_seconds: float | None = None
    priority: int = 0
    timeout_seconds: int | None = None
    restart_if_lost: bool = True
    visible_to_runner_only: bool = False
    trigger_kind: str | None = None
    held: Held | None = None
    labels: tuple[str, ...] = ()
    entry: str | None = None
    preprocessed: bool | None = None
    retry: str | None = None
    cache_seconds: int | None = None
    cache_key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Idempotency:
    """An ``Idempotency-Key`` and what it stands for: unique per workspace, caller and route, for a day."""

    route: str
    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class Lease:
    """One attempt's hold on its job: every write of the attempt names all three."""

    job: JobId
    attempt: int
    worker_session: int


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job as the worker that claimed it sees it.

    ``has_retry`` says that a failure is to be run again, ``is_cached`` that a success is kept for other
    calls.
    """

    lease: Lease
    token: str
    workspace: WorkspaceId
    kind: JobKind
    path: str | None
    script_hash: ScriptHash | None
    language: str | None
    raw_code: str | None
    raw_lock: str | None
    args: bytes
    parent_job: JobId | None
    root_job: JobId
    created_by: str
    permissioned_as: str
    email: str
    scheduled_for: datetime
    tag: str
    timeout_seconds: int | None
    losses: int
    flow_step_id: str | None = None
    schedule_path: str | None = None
    entry: str | None = None
    preprocessed: bool | None = None
    has_retry: bool = False
    is_cached: bool = False


@dataclass(frozen=True, slots=True)
class LogChunk:
    """Some output of an attempt. ``start`` counts UTF-16 code units from where its log or stream begins."""

    start: int
    text: str


@dataclass(frozen=True, slots=True)
class LogBlock:
    """A longer part of an attempt's log, from ``start`` on, that lies in the blob store."""

    start: int
    blob: Blob


@dataclass(frozen=True, slots=True)
class FinishedJob:
    """What the terminal write tells about a job that just ended.

    ``retry`` is None where nobody wants it to be run again.
    """

    id: JobId
    workspace: WorkspaceId
    kind: JobKind
    path: str | None
    script_hash: ScriptHash | None
    parent_job: JobId | None
    root_job: UUID
    retry: str | None = None
    retry_number: int = 0
    restart_if_lost: bool = True
    cache_seconds: int | None = None
    cache_key: bytes | None = None


_JOB_TOKEN = re.compile(r"job_([0-9a-f]{32})_([0-9]{1,9})_([0-9a-f]{64})")


def job_token(job: JobId, attempt: int, secret: bytes) -> str:
    """The text of a job's own token: which job and attempt it belongs to, and its secret."""
    return f"job_{job.hex}_{attempt}_{secret.hex()}"


@dataclass(frozen=True, slots=True)
class JobToken:
    """A job's token, taken apart."""

    job: JobId
    attempt: int
    secret: bytes = field(repr=False)


def read_job_token(text: str) -> JobToken | None:
    """Take a job's token apart; None for anything else."""
    found = _JOB_TOKEN.fullmatch(text)
    if found is None:
        return None
    return JobToken(JobId(UUID(hex=found[1])), int(found[2]), bytes.fromhex(found[3]))
