"""Locks scripts again when something they import has changed.

A lock holds what a script needs and what the scripts it imports need. So when one of those changes, each
script that imports it, directly or not, gets one dependencies job; where the lock comes out another way it
gets a version with the new lock, and the same source. As that changes nothing for others, a wave ends by
itself. The job runs as whoever deployed the script, and the version is made only while they may still write
there: nobody's rights are used for what they did not deploy themselves.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from headrace.errors import NotAuthenticated
from headrace.model.job import DEPENDENCY_TAG, JobKind, NewJob
from headrace.model.outcome import Outcome, Status
from headrace.model.path import owner_of
from headrace.model.principal import Principal
from headrace.model.script import NewScript, script_hash
from headrace.permissions.check import may_write
from headrace.permissions.identity import rights_of
from headrace.queue.enqueue import enqueue, hold_waiting
from headrace.store import relocks, scripts

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import ScriptHash
    from headrace.model.job import FinishedJob
    from headrace.model.script import Script
    from headrace.store.relocks import Relocking

_ANEW = "it was deployed anew in the meantime"
_HELP = "deploy it again to lock it with what it imports now"


async def start_relocks(connection: Connection) -> set[str]:
    """Start the jobs that all changes since the last time call for, within the caller's transaction.

    Each script has at most one job that waits: one that has not begun sees all changes. At most a hundred
    scripts at once. Returns the tags of the jobs.
    """
    await relocks.spread_causes(connection)
    tags: set[str] = set()
    for relocking in await relocks.take_wanted(connection):
        rights = await _rights(connection, relocking)
        if isinstance(rights, str):
            await relocks.mark_left(connection, relocking, rights)
            continue
        job = relocking.job
        if job is None or not await hold_waiting(connection, job):
            job = await enqueue(connection, _job(relocking, rights))
            tags.add(DEPENDENCY_TAG)
        await relocks.mark_running(connection, relocking, job)
    return tags


async def settle_relock(connection: Connection, job: FinishedJob, outcome: Outcome) -> bool:
    """What the end of a job that locked a script again means for it; False for any other job.

    The job has ended in this very transaction. Where it failed the script keeps the lock it has.
    """
    if outcome.status is not Status.SUCCESS:
        reason = json.loads(outcome.result)["error"]["message"]
        return await relocks.end(connection, job.id, "failed", reason)
    relocking = await relocks.read_relocking(connection, job.id)
    if relocking is None or job.script_hash is None:
        return await relocks.end(connection, job.id, "left", "the script is not there any more")
    rights = await _rights(connection, relocking)
    if isinstance(rights, str):
        return await relocks.end(connection, job.id, "left", rights)
    script = await scripts.read(connection, job.workspace, job.script_hash)
    lock = json.loads(outcome.result)["lock"]
    if script is None or script.lock == lock:
        return await relocks.end(connection, job.id, "unchanged", None)
    version = _successor(job.workspace, script)
    message = f"locked again, because {relocking.because} changed (by {relocking.caused_by})"
    if not await relocks.add_version(connection, job.id, version, lock, message):
        return await relocks.end(connection, job.id, "unchanged", _ANEW)
    return True


async def _rights(connection: Connection, relocking: Relocking) -> Principal | str:
    """What the one who deployed the script may do now; or why it can't be locked as them."""
    identity = relocking.permissioned_as
    if identity is None:
        return f"it is not known who deployed it: {_HELP}"
    gone = f"{identity}, who deployed it, is no longer here: {_HELP}"
    try:
        rights = await rights_of(connection, relocking.workspace, identity, relocking.email or "")
    except NotAuthenticated:
        return gone
    if (rights.is_operator and not rights.is_admin) or not may_write(rights, relocking.path):
        return f"{identity}, who deployed it, may no longer write to {owner_of(relocking.path)}: {_HELP}"
    return rights


def _job(relocking: Relocking, rights: Principal) -> NewJob:
    because = {"because": relocking.because, "caused_by": relocking.caused_by}
    return NewJob(
        workspace=relocking.workspace,
        kind=JobKind.DEPENDENCIES,
        created_by=rights.username,
        permissioned_as=rights.permissioned_as,
        email=rights.email,
        tag=DEPENDENCY_TAG,
        args=json.dumps({"relock": because}).encode(),
        path=relocking.path,
        script_hash=relocking.version,
        language=relocking.language,
    )


def _successor(workspace: str, script: Script) -> ScriptHash:
    """The hash of the version that has nothing new but its lock."""
    return script_hash(
        workspace,
        NewScript(
            path=script.path,
            content=script.content,
            language=script.language,
            summary=script.summary,
            description=script.description,
            kind=script.kind,
            parent_hash=script.hash,
            schema=script.schema,
            settings=script.settings,
        ),
    )
