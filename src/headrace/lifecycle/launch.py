"""What may be run becomes a job: a version by hash, the newest of a path, raw code, dependencies."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from headrace.db.listen import JOBS_CHANGED, JOBS_DUE, JOBS_LATER
from headrace.errors import InvalidInput, NotAuthenticated, TooMany
from headrace.lifecycle.blobs.files import NewFile, keep_file
from headrace.lifecycle.find_run import find_run, sees
from headrace.lifecycle.find_script import find_head, find_version
from headrace.lifecycle.keep_result import find_kept, with_cache
from headrace.model.ids import WorkspaceId
from headrace.model.job import (
    DEFAULT_TAGS,
    DEPENDENCY_FILES_ARGUMENT,
    DEPENDENCY_TAG,
    HIGHEST_PRIORITY,
    Held,
    JobKind,
    NewJob,
    dedicated_tag,
)
from headrace.model.json_text import to_json
from headrace.model.result_keys import good_labels
from headrace.model.retry import Retry
from headrace.permissions import check
from headrace.permissions.identity import rights_of
from headrace.queue.enqueue import enqueue, enqueue_finished, is_queue_longer, read_reserved, reserve
from headrace.runtimes.python_source.functions import require_function
from headrace.store import runs

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.db.listen import Switchboard
    from headrace.model.ids import JobId, ScriptHash
    from headrace.model.job import Idempotency
    from headrace.model.principal import Principal
    from headrace.model.script import Script


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller may say about how a job is run; None leaves it to the script or the default.

    ``entry`` is the function to call. ``event`` tells of the call from outside that this is, as JSON: a
    script that has a preprocessor is given that instead of ``args``. ``queue_limit`` refuses the job where
    more than so many of its workspace and tag wait already. ``cache_seconds`` takes the place of the script's
    own. ``files`` are kept together with the job that has them as arguments.
    """

    args: bytes = b"{}"
    scheduled_for: datetime | None = None
    scheduled_in_seconds: float | None = None
    parent_job: JobId | None = None
    root_job: JobId | None = None
    job_id: JobId | None = None
    tag: str | None = None
    timeout_seconds: int | None = None
    priority: int | None = None
    invisible_to_owner: bool = False
    permissioned_as: str | None = None
    entry: str | None = None
    event: Callable[[], bytes] | None = None
    queue_limit: int | None = None
    retry: Retry | None = None
    cache_seconds: int | None = None
    files: tuple[NewFile, ...] = ()


@dataclass(frozen=True, slots=True)
class RawCode:
    """Code that is run as it is, or whose dependencies are locked, without being deployed.

    ``dependency_files`` stand in for the workspace's files of dependencies, by the names that scripts have
    for them; None where those of the workspace count.
    """

    content: str
    language: str
    path: str | None = None
    lock: str | None = None
    dependency_files: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Launched:
    """The job that a launch gave, and whether it is new (not an earlier one by Idempotency-Key).

    ``is_over`` where a result that was kept is its result.
    """

    job: JobId
    tag: str
    is_new: bool
    is_later: bool
    is_over: bool = False

    def announce(self, switchboard: Switchboard) -> None:
        """Wake those who wait for such a job; called after the transaction has committed."""
        if self.is_new and not self.is_over:
            # A time that was asked for may have come already.
            switchboard.notify(JOBS_DUE, {self.tag})
            if self.is_later:
                switchboard.notify(JOBS_LATER, {str(self.job)})
        else:
            # It may have ended long ago: to those who begin to wait for it that is news.
            switchboard.notify(JOBS_CHANGED, {str(self.job)})


async def find_earlier(
    connection: Connection, principal: Principal, idempotency: Idempotency
) -> Launched | None:
    """The job that an earlier request with this Idempotency-Key started, whatever has become of its script.

    Raises Conflict where the key stands for another request.
    """
    job = await read_reserved(connection, _workspace(principal), principal.username, idempotency)
    return None if job is None else Launched(job, "", is_new=False, is_later=False)


async def run_path(
    connection: Connection,
    principal: Principal,
    path: str,
    wish: Wish,
    idempotency: Idempotency | None = None,
) -> Launched:
    """Run the newest version of a script. Raises NotFound, or InvalidInput where it can't be run."""
    head = await find_head(connection, principal, path, for_run=True)
    return await _run_script(connection, principal, head, wish, idempotency)


async def run_hash(
    connection: Connection,
    principal: Principal,
    version: ScriptHash,
    wish: Wish,
    idempotency: Idempotency | None = None,
) -> Launched:
    """Run one version of a script, also one that has been superseded."""
    script = await find_version(connection, principal, version, for_run=True)
    return await _run_script(connection, principal, script, wish, idempotency)


async def run_preview(
    connection: Connection,
    principal: Principal,
    code: RawCode,
    wish: Wish,
    idempotency: Idempotency | None = None,
) -> Launched:
    """Run raw code, as the caller. Raises InvalidInput where it has not the function that is asked for."""
    check.require_developer(principal)
    for option, value in (("retry", wish.retry), ("cache_ttl", wish.cache_seconds)):
        if value is not None:
            raise InvalidInput(option, "is for deployed scripts only; leave it out")
    if code.language == "python3":
        await asyncio.to_thread(require_function, code.content, wish.entry or "main")
    job = _raw_job(principal, JobKind.PREVIEW, code, _default_tag(code.language))
    return await _enqueue(connection, await _with_wish(connection, job, principal, wish), idempotency)


async def run_function(
    connection: Connection,
    principal: Principal,
    job: JobId,
    wish: Wish,
    idempotency: Idempotency | None = None,
) -> Launched:
    """Run another function of the code that a job runs, as a child of that job.

    Raises NotFound where there is no such job to be seen.
    """
    run = await find_run(connection, principal, job)
    wish = dataclasses.replace(wish, parent_job=run.id)
    if run.script_hash is not None:
        return await run_hash(connection, principal, run.script_hash, wish, idempotency)
    code = RawCode(run.raw_code or "", run.language or "", run.path, run.raw_lock)
    return await run_preview(connection, principal, code, wish, idempotency)


async def run_dependencies(
    connection: Connection, principal: Principal, code: RawCode, idempotency: Idempotency | None = None
) -> Launched:
    """Lock the dependencies of raw code; the job's result is ``{"lock": text}``."""
    check.require_developer(principal)
    _default_tag(code.language)
    job = _raw_job(principal, JobKind.DEPENDENCIES, code, DEPENDENCY_TAG)
    if code.dependency_files is not None:
        job = dataclasses.replace(job, args=to_json({DEPENDENCY_FILES_ARGUMENT: code.dependency_files}))
    return await _enqueue(connection, job, idempotency)


async def run_script_dependencies(
    connection: Connection, principal: Principal, version: ScriptHash, path: str, language: str
) -> Launched:
    """Lock the dependencies of a version just stored; its end stores the lock."""
    job = NewJob(
        workspace=_workspace(principal),
        kind=JobKind.DEPENDENCIES,
        created_by=principal.username,
        permissioned_as=principal.permissioned_as,
        email=principal.email,
        tag=DEPENDENCY_TAG,
        path=path,
        script_hash=version,
        language=language,
    )
    return await _enqueue(connection, job, None)


async def _run_script(
    connection: Connection, principal: Principal, script: Script, wish: Wish, idempotency: Idempotency | None
) -> Launched:
    await _refuse_unrunnable(script, wish.entry)
    job = await _with_wish(connection, _script_job(principal, script), principal, wish)
    # What another job starts comes from inside, with the arguments of main.
    if script.has_preprocessor and wish.entry is None and wish.event is not None and principal.job is None:
        job = dataclasses.replace(job, args=b'{"event": ' + wish.event() + b"}", preprocessed=False)
    job = with_cache(job, wish.cache_seconds or script.settings.get("cache_ttl"))
    launched = await _enqueue(connection, job, idempotency)
    if launched.is_new:
        for file in wish.files:
            await keep_file(connection, principal, file)
    return launched


def _script_job(principal: Principal, script: Script) -> NewJob:
    settings = script.settings
    return NewJob(
        workspace=_workspace(principal),
        kind=JobKind.SCRIPT,
        created_by=principal.username,
        permissioned_as=principal.permissioned_as,
        email=principal.email,
        tag=_script_tag(principal, script),
        path=script.path,
        script_hash=script.hash,
        language=script.language,
        priority=settings.get("priority") or 0,
        timeout_seconds=settings.get("timeout"),
        restart_if_lost=settings.get("restart_if_lost", True),
        visible_to_runner_only=bool(settings.get("visible_to_runner_only")),
        held=Held.LOCK if script.lock is None else None,
        labels=good_labels(settings.get("labels") or []),
    )


def _script_tag(principal: Principal, script: Script) -> str:
    if script.settings.get("dedicated_worker"):
        return dedicated_tag(_workspace(principal), script.path)
    return script.settings.get("tag") or _default_tag(script.language)


def _raw_job(principal: Principal, kind: JobKind, code: RawCode, tag: str) -> NewJob:
    return NewJob(
        workspace=_workspace(principal),
        kind=kind,
        created_by=principal.username,
        permissioned_as=principal.permissioned_as,
        email=principal.email,
        tag=tag,
        path=code.path,
        language=code.language,
        raw_code=code.content,
        raw_lock=code.lock,
    )


async def _with_wish(connection: Connection, job: NewJob, principal: Principal, wish: Wish) -> NewJob:
    if wish.permissioned_as is not None and wish.permissioned_as != job.permissioned_as:
        job = await _as_another(connection, job, principal, wish.permissioned_as)
    if wish.priority is not None and not 0 <= wish.priority <= HIGHEST_PRIORITY:
        raise InvalidInput("priority", f"must lie between 0 and {HIGHEST_PRIORITY}")
    tag = wish.tag or job.tag
    if wish.queue_limit is not None and await is_queue_longer(connection, tag, wish.queue_limit):
        raise TooMany(
            f"queue_limit: more than {wish.queue_limit} jobs tagged {tag} wait already", again_in_seconds=1
        )
    parent_job, root_job = await _family(connection, principal, wish)
    return dataclasses.replace(
        job,
        args=wish.args,
        scheduled_for=wish.scheduled_for,
        scheduled_in_seconds=wish.scheduled_in_seconds,
        parent_job=parent_job,
        root_job=root_job,
        job_id=wish.job_id,
        tag=tag,
        timeout_seconds=wish.timeout_seconds if wish.timeout_seconds is not None else job.timeout_seconds,
        priority=wish.priority if wish.priority is not None else job.priority,
        visible_to_runner_only=job.visible_to_runner_only or wish.invisible_to_owner,
        entry=None if wish.entry == "main" else wish.entry,
        retry=wish.retry.as_text() if wish.retry else None,
    )


async def _as_another(connection: Connection, job: NewJob, principal: Principal, identity: str) -> NewJob:
    """The job as somebody else's: a group of the caller's, or, for admins, any user or group there is."""
    check.require_identity(principal, identity)
    rights = None
    if identity.startswith(("u/", "g/")):
        with suppress(NotAuthenticated):
            rights = await rights_of(connection, job.workspace, identity, job.email)
    if rights is None:
        raise InvalidInput("permissioned_as", f"there is no user or group {identity} in this workspace")
    return dataclasses.replace(job, permissioned_as=identity, email=rights.email)


async def _family(
    connection: Connection, principal: Principal, wish: Wish
) -> tuple[JobId | None, JobId | None]:
    """Parent and root of the new job. One can only be linked under a job that one can see."""
    for field, job in (("parent_job", wish.parent_job), ("root_job", wish.root_job)):
        if job is None:
            continue
        relative = await runs.read(connection, _workspace(principal), job)
        if relative is None or not sees(principal, job, relative):
            raise InvalidInput(field, f"job {job} does not exist, or you may not see it")
        return (relative.id if field == "parent_job" else None), relative.root_job
    return None, None


async def _enqueue(connection: Connection, job: NewJob, idempotency: Idempotency | None) -> Launched:
    is_later = job.scheduled_for is not None or bool(job.scheduled_in_seconds)
    if idempotency is not None:
        if job.job_id is not None:
            raise InvalidInput("job_id", "can't be chosen together with an Idempotency-Key")
        job_id, is_new = await reserve(connection, job.workspace, job.created_by, idempotency)
        if not is_new:
            return Launched(job_id, job.tag, is_new=False, is_later=is_later)
        job = dataclasses.replace(job, job_id=job_id)
    if (result := await find_kept(connection, job)) is not None:
        job_id = await enqueue_finished(connection, job, result)
        return Launched(job_id, job.tag, is_new=True, is_later=False, is_over=True)
    return Launched(await enqueue(connection, job), job.tag, is_new=True, is_later=is_later)


async def _refuse_unrunnable(script: Script, entry: str | None) -> None:
    if entry is not None:
        await asyncio.to_thread(require_function, script.content, entry, "path")
    elif script.is_library:
        raise InvalidInput("path", f"{script.path} has no main function: it is a library for other scripts")
    if script.lock_error is not None:
        raise InvalidInput(
            "path", f"the dependencies of {script.path} could not be locked: {json.dumps(script.lock_error)}"
        )


def _default_tag(language: str) -> str:
    try:
        return DEFAULT_TAGS[language]
    except KeyError:
        known = ", ".join(sorted(DEFAULT_TAGS))
        raise InvalidInput("language", f"{language!r} can't be run here; known: {known}") from None


def _workspace(principal: Principal) -> WorkspaceId:
    if principal.workspace is None:
        raise AssertionError("a job is launched in a workspace")
    return WorkspaceId(principal.workspace)
