"""A job enters the queue. Once the caller's transaction has committed it is never lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.errors import Conflict, InvalidInput
from headrace.model.ids import JobId
from headrace.model.result_keys import read_labels
from headrace.queue.statements import SQL

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.job import Idempotency, NewJob


async def enqueue(connection: Connection, job: NewJob) -> JobId:
    """Put a job into the queue, within the caller's transaction, and return its id.

    Raises InvalidInput where the caller's own id is taken.
    """
    job_id = await SQL.enqueue_job.value(
        connection,
        job_id=job.job_id,
        workspace=job.workspace,
        kind=job.kind.value,
        path=job.path,
        script_hash=job.script_hash,
        language=job.language,
        raw_code=job.raw_code,
        raw_lock=job.raw_lock,
        args=job.args,
        parent_job=job.parent_job,
        root_job=job.root_job,
        created_by=job.created_by,
        scheduled_for=job.scheduled_for,
        scheduled_in_seconds=job.scheduled_in_seconds,
        permissioned_as=job.permissioned_as,
        email=job.email,
        tag=job.tag,
        priority=job.priority,
        timeout_seconds=job.timeout_seconds,
        restart_if_lost=job.restart_if_lost,
        visible_to_runner_only=job.visible_to_runner_only,
        trigger_kind=job.trigger_kind,
        labels=list(job.labels),
        entry=job.entry,
        preprocessed=job.preprocessed,
        held=job.held.value if job.held else None,
        retry=job.retry,
        cache_seconds=job.cache_seconds,
        cache_key=job.cache_key,
    )
    if job_id is None:
        raise _taken(job)
    return job_id


async def enqueue_finished(connection: Connection, job: NewJob, result: bytes) -> JobId:
    """Put a job whose result is known already into history, and return its id.

    Raises InvalidInput where the caller's own id is taken.
    """
    job_id = await SQL.enqueue_finished.value(
        connection,
        job_id=job.job_id,
        workspace=job.workspace,
        kind=job.kind.value,
        path=job.path,
        script_hash=job.script_hash,
        language=job.language,
        args=job.args,
        parent_job=job.parent_job,
        root_job=job.root_job,
        created_by=job.created_by,
        permissioned_as=job.permissioned_as,
        email=job.email,
        tag=job.tag,
        priority=job.priority,
        timeout_seconds=job.timeout_seconds,
        visible_to_runner_only=job.visible_to_runner_only,
        trigger_kind=job.trigger_kind,
        labels=list(dict.fromkeys((*job.labels, *read_labels(result)[0]))),
        entry=job.entry,
        preprocessed=job.preprocessed,
        result=result,
    )
    if job_id is None:
        raise _taken(job)
    return job_id


def _taken(job: NewJob) -> InvalidInput:
    return InvalidInput("job_id", f"a job with the id {job.job_id} exists already")


async def hold_waiting(connection: Connection, job: JobId) -> bool:
    """Whether a job still waits for a worker; if so no worker takes it until the transaction ends."""
    return await SQL.hold_waiting.value(connection, id=job) is not None


async def reserve(
    connection: Connection, workspace: str, caller: str, idempotency: Idempotency
) -> tuple[JobId, bool]:
    """Take an Idempotency-Key: the id its job has or will have, and whether it is new.

    The key belongs to the caller's transaction: where that fails, the key is free again. Raises
    Conflict where the key stands for another request.
    """
    key = {
        "workspace": workspace,
        "caller": caller,
        "route": idempotency.route,
        "key": idempotency.key,
    }
    job_id = await SQL.new_job_id.value(connection)
    taken = await SQL.reserve_idempotency_key.value(
        connection, **key, request_hash=idempotency.request_hash, job_id=job_id
    )
    if taken is not None:
        return JobId(job_id), True
    earlier = await read_reserved(connection, workspace, caller, idempotency)
    if earlier is None:
        raise _used_otherwise(idempotency)
    return earlier, False


async def read_reserved(
    connection: Connection, workspace: str, caller: str, idempotency: Idempotency
) -> JobId | None:
    """The job that an Idempotency-Key stands for; None where it is free.

    Raises Conflict where the key stands for another request.
    """
    earlier = await SQL.read_idempotency_key.row(
        connection, workspace=workspace, caller=caller, route=idempotency.route, key=idempotency.key
    )
    if earlier is None:
        return None
    if earlier["request_hash"] != idempotency.request_hash:
        raise _used_otherwise(idempotency)
    return JobId(earlier["job_id"])


async def is_queue_longer(connection: Connection, tag: str, most: int) -> bool:
    """Whether more jobs of a tag than that wait for a worker, in the caller's workspace."""
    return await SQL.is_queue_longer.value(connection, tag=tag, most=most)


def _used_otherwise(idempotency: Idempotency) -> Conflict:
    return Conflict(
        f"Idempotency-Key: {idempotency.key!r} was used for another request; a key stands for one"
        " request for 24 hours"
    )
