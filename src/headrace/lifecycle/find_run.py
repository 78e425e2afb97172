"""Finds a job for whoever asks: what is not there, and what is not theirs to see, is answered alike.

This is the first wall before everything that is read of a job. The second is in the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.errors import NotFound
from headrace.permissions.check import may_see_run
from headrace.store import runs

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId
    from headrace.model.principal import Principal
    from headrace.model.run import Progress, Run


def sees(principal: Principal, job: JobId, run: Run | Progress) -> bool:
    """Whether a principal may see a job; a job sees itself."""
    return job == principal.job or may_see_run(
        principal,
        path=run.path,
        permissioned_as=run.permissioned_as,
        created_by=run.created_by,
        runner_only=run.visible_to_runner_only,
    )


async def find_run(connection: Connection, principal: Principal, job: JobId) -> Run:
    """Everything about a job. Raises NotFound where there is none, or none for this principal."""
    run = await runs.read(connection, principal.workspace or "", job)
    if run is None or not sees(principal, job, run):
        raise _not_there(job)
    return run


async def find_progress(connection: Connection, principal: Principal, job: JobId) -> Progress:
    """How far a job is. Raises NotFound where there is none, or none for this principal."""
    progress = await runs.read_progress(connection, principal.workspace or "", job)
    if progress is None or not sees(principal, job, progress):
        raise _not_there(job)
    return progress


def _not_there(job: JobId) -> NotFound:
    return NotFound(f"job {job} does not exist, or you may not see it")
