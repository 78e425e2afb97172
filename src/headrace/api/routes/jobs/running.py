"""Routes that start jobs. Each answers 201 with the job's bare id."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from headrace.api.body import TAKES_ARGUMENTS, Arguments, CheckedRoute
from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.instants import Instant
from headrace.api.routes.jobs.waiting_for import wait_for_result
from headrace.api.tags import Tag
from headrace.api.webhook import Call, Webhook
from headrace.db.failures import retried
from headrace.errors import InvalidInput
from headrace.lifecycle import launch
from headrace.lifecycle.launch import Launched, RawCode, Wish
from headrace.model.ids import JobId, parse_job_id, parse_script_hash
from headrace.model.job import Idempotency
from headrace.model.json_text import parse_object, raw_member
from headrace.model.path import check_identity, check_path

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import ScriptHash

router = APIRouter(prefix="/w/{workspace}/jobs", tags=["job"], route_class=CheckedRoute)

_MOST_SECONDS_AHEAD = 10 * 366 * 86400
_ENTRY_ARGUMENT = "_ENTRYPOINT_OVERRIDE"


_REFUSED = frozenset({"include_header", "include_query", "queue_limit", "raw", "retry", "wrap_body"})
"""Options of the contract that we don't have. To ignore one would run something else than was asked for."""


class RunOptions(BaseModel):
    """What the query of a run route may say."""

    model_config = ConfigDict(extra="allow")

    scheduled_for: Instant | None = None
    scheduled_in_secs: Annotated[int | None, Query(ge=0, le=_MOST_SECONDS_AHEAD)] = None
    parent_job: str | None = None
    root_job: str | None = None
    job_id: str | None = None
    tag: Tag | None = None
    timeout: Annotated[int | None, Query(ge=1, le=10**9)] = None
    priority: Annotated[int | None, Query(ge=0, le=100)] = None
    invisible_to_owner: bool = False
    permissioned_as: str | None = None
    skip_preprocessor: bool = False

    def wish(self, args: bytes, call: Webhook | None = None) -> Wish:
        """The same in the words of ``lifecycle``; raises InvalidInput for ids that are none.

        ``call`` is given where a preprocessor may make the arguments of it.
        """
        if refused := sorted(_REFUSED & (self.model_extra or {}).keys()):
            raise InvalidInput(refused[0], "is not supported; leave it out")
        if self.permissioned_as is not None:
            check_identity(self.permissioned_as, "permissioned_as")
        return Wish(
            args=args,
            scheduled_for=self.scheduled_for,
            scheduled_in_seconds=self.scheduled_in_secs,
            parent_job=_id(self.parent_job, "parent_job"),
            root_job=_id(self.root_job, "root_job"),
            job_id=_id(self.job_id, "job_id"),
            tag=self.tag,
            timeout_seconds=self.timeout,
            priority=self.priority,
            invisible_to_owner=self.invisible_to_owner,
            permissioned_as=self.permissioned_as,
            entry=_entry(args),
            event=call.event if call and call.is_external and not self.skip_preprocessor else None,
        )


Options = Annotated[RunOptions, Query()]


class Preview(BaseModel):
    """Body of a preview."""

    content: str
    language: str = "python3"
    args: dict[str, Any] | None = None
    path: str | None = None
    lock: str | None = None
    tag: Tag | None = None
    entrypoint_function: str | None = None


class DeployedRunnable(BaseModel):
    """A script in the workspace."""

    source: Literal["deployed"]
    path: str
    runnable_kind: Literal["script", "flow"] = "script"


class InlineRunnable(BaseModel):
    """Raw code."""

    source: Literal["inline"]
    code: str
    language: str = "python3"


class DynamicSelect(BaseModel):
    """Which function gives the choices of an argument, and the other arguments so far."""

    entrypoint_function: str
    runnable_ref: Annotated[DeployedRunnable | InlineRunnable, Field(discriminator="source")]
    args: dict[str, Any] | None = None


class Task(BaseModel):
    """Body of a call of another function of a job's code."""

    args: dict[str, Any] | None = None


class RawScript(BaseModel):
    """One script whose dependencies are asked for."""

    raw_code: str
    language: str = "python3"
    path: str | None = None
    script_path: str | None = None


class RawDependencies(BaseModel):
    """Body of a dependencies job."""

    raw_scripts: list[RawScript]
    entrypoint: str = ""


async def _idempotency(
    request: Request, key: Annotated[str | None, Header(alias="Idempotency-Key")] = None
) -> Idempotency | None:
    if key is None:
        return None
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise InvalidInput("Idempotency-Key", "must be 1 to 255 printable characters")
    query = b"&".join(sorted(request.scope["query_string"].split(b"&")))
    content = b"\n".join((request.scope["path"].encode(), query, await request.body()))
    return Idempotency(request.scope["route"].path, key, hashlib.sha256(content).digest())


IdempotencyKey = Annotated[Idempotency | None, Depends(_idempotency)]


@router.post(
    "/run/p/{path:path}", status_code=201, response_class=PlainTextResponse, openapi_extra=TAKES_ARGUMENTS
)
async def run_script_by_path(
    path: str,
    args: Arguments,
    call: Call,
    options: Options,
    caller: WorkspaceCaller,
    idempotency: IdempotencyKey,
) -> str:
    """Run the newest version of a script."""
    return str((await launch_path(caller, path, options.wish(args, call), idempotency)).job)


@router.post(
    "/run/h/{hash}", status_code=201, response_class=PlainTextResponse, openapi_extra=TAKES_ARGUMENTS
)
async def run_script_by_hash(
    hash: str,
    args: Arguments,
    call: Call,
    options: Options,
    caller: WorkspaceCaller,
    idempotency: IdempotencyKey,
) -> str:
    """Run one version of a script, also one that has been superseded."""
    version = parse_script_hash(hash)
    wish = options.wish(args, call)
    return str((await launch_version(caller, version, wish, idempotency)).job)


@router.post("/run/preview", status_code=201, response_class=PlainTextResponse)
async def run_script_preview(
    body: Preview, request: Request, options: Options, caller: WorkspaceCaller, idempotency: IdempotencyKey
) -> str:
    """Run raw code, as the caller."""
    args = raw_member(await request.body(), "args") if body.args else b"{}"
    code = RawCode(body.content, body.language, _path(body.path), body.lock)
    wish = options.model_copy(update={"tag": options.tag or body.tag}).wish(args or b"{}")
    return await _run_code(caller, code, _calling(wish, body.entrypoint_function), idempotency)


@router.post("/run/dynamic_select", status_code=201, response_class=PlainTextResponse)
async def run_dynamic_select(
    body: DynamicSelect,
    request: Request,
    options: Options,
    caller: WorkspaceCaller,
    idempotency: IdempotencyKey,
) -> str:
    """Run the function of a script that gives the choices of one of its arguments."""
    args = raw_member(await request.body(), "args") if body.args else b"{}"
    wish = _calling(options.wish(args or b"{}"), body.entrypoint_function)
    match body.runnable_ref:
        case InlineRunnable() as inline:
            return await _run_code(caller, RawCode(inline.code, inline.language), wish, idempotency)
        case DeployedRunnable(runnable_kind="flow"):
            raise InvalidInput("runnable_ref.runnable_kind", "flows can't be run yet")
        case DeployedRunnable() as deployed:
            return str((await launch_path(caller, deployed.path, wish, idempotency)).job)


@router.post("/run/workflow_as_code/{job}/{entrypoint}", status_code=201, response_class=PlainTextResponse)
@router.post(
    "/workflow_as_code/{job}/{entrypoint}",
    status_code=201,
    response_class=PlainTextResponse,
    include_in_schema=False,  # the same by the path that the public description has
)
async def run_code_workflow_task(
    job: str,
    entrypoint: str,
    body: Task,
    request: Request,
    options: Options,
    caller: WorkspaceCaller,
    idempotency: IdempotencyKey,
) -> str:
    """Run another function of the code that a job runs, as a child of that job."""
    args = raw_member(await request.body(), "args") if body.args else b"{}"
    parent = parse_job_id(job)
    wish = _calling(options.wish(args or b"{}"), entrypoint)
    launched = await launch_by(
        caller,
        lambda connection: launch.run_function(connection, caller.principal, parent, wish, idempotency),
    )
    return str(launched.job)


@router.post("/run/dependencies_async", status_code=201, response_class=PlainTextResponse)
async def run_raw_script_dependencies_async(
    body: RawDependencies, caller: WorkspaceCaller, idempotency: IdempotencyKey
) -> str:
    """Start a job that locks the dependencies of a script; its result is ``{"lock": text}``."""
    return str((await _run_dependencies(caller, body, idempotency)).job)


@router.post("/run/dependencies", status_code=201)
async def run_raw_script_dependencies(
    body: RawDependencies, request: Request, caller: WorkspaceCaller, idempotency: IdempotencyKey
) -> Response:
    """Lock the dependencies of a script and wait for the lock."""
    launched = await _run_dependencies(caller, body, idempotency)
    return await wait_for_result(caller, request, launched.job, status_code=201)


@router.post("/run_wait_result/p/{path:path}", openapi_extra=TAKES_ARGUMENTS)
async def run_wait_result_script_by_path(
    path: str,
    args: Arguments,
    call: Call,
    request: Request,
    options: Options,
    caller: WorkspaceCaller,
    idempotency: IdempotencyKey,
) -> Response:
    """Run the newest version of a script and answer with its result."""
    launched = await launch_path(caller, path, options.wish(args, call), idempotency)
    return await wait_for_result(caller, request, launched.job)


@router.get("/run_wait_result/p/{path:path}")
async def run_wait_result_script_by_path_get(
    path: str,
    call: Call,
    request: Request,
    options: Options,
    caller: WorkspaceCaller,
    idempotency: IdempotencyKey,
    payload: str | None = None,
) -> Response:
    """The same by GET, with the arguments as base64url of a JSON object in ``payload``."""
    args = read_payload(payload)
    wish = options.wish(args, call.with_body(args if payload else b""))
    launched = await launch_path(caller, path, wish, idempotency)
    return await wait_for_result(caller, request, launched.job)


async def launch_path(caller: Caller, path: str, wish: Wish, idempotency: Idempotency | None) -> Launched:
    """Start the newest version of a script."""
    check_path(path)
    return await launch_by(
        caller, lambda connection: launch.run_path(connection, caller.principal, path, wish, idempotency)
    )


async def launch_version(
    caller: Caller, version: ScriptHash, wish: Wish, idempotency: Idempotency | None
) -> Launched:
    """Start one version of a script, also one that has been superseded."""
    return await launch_by(
        caller,
        lambda connection: launch.run_hash(connection, caller.principal, version, wish, idempotency),
    )


async def _run_code(caller: Caller, code: RawCode, wish: Wish, idempotency: Idempotency | None) -> str:
    launched = await launch_by(
        caller,
        lambda connection: launch.run_preview(connection, caller.principal, code, wish, idempotency),
    )
    return str(launched.job)


async def _run_dependencies(
    caller: Caller, body: RawDependencies, idempotency: Idempotency | None
) -> Launched:
    if len(body.raw_scripts) != 1:
        raise InvalidInput("raw_scripts", "must hold exactly one script")
    script = body.raw_scripts[0]
    path = script.script_path or script.path or body.entrypoint or None
    code = RawCode(script.raw_code, script.language, _path(path, "script_path"))
    return await launch_by(
        caller,
        lambda connection: launch.run_dependencies(connection, caller.principal, code, idempotency),
    )


async def launch_by(caller: Caller, deed: Callable[[Connection], Awaitable[Launched]]) -> Launched:
    """Start a job by a deed, and wake who waits for such a job."""

    async def transaction() -> Launched:
        async with caller.transaction() as connection:
            return await deed(connection)

    launched = await retried(transaction)
    launched.announce(caller.context.switchboard)
    return launched


def read_payload(payload: str | None) -> bytes:
    """The arguments in the ``payload`` of a GET; raises InvalidInput for what is no object in base64url."""
    if not payload:
        return b"{}"
    try:
        data = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    except (binascii.Error, ValueError):
        raise InvalidInput("payload", "must be base64url of a JSON object") from None
    parse_object(data, "payload")
    return data


def _entry(args: bytes) -> str | None:
    """The function that the reserved argument asks for (features J25); the argument itself is kept."""
    if _ENTRY_ARGUMENT.encode() not in args or (raw := raw_member(args, _ENTRY_ARGUMENT)) is None:
        return None
    entry = json.loads(raw)
    if not isinstance(entry, str) or not entry.isidentifier():
        raise InvalidInput(_ENTRY_ARGUMENT, "must be the name of a function")
    return entry


def _calling(wish: Wish, entry: str | None) -> Wish:
    if entry is not None and not entry.isidentifier():
        raise InvalidInput("entrypoint_function", "must be the name of a function")
    return dataclasses.replace(wish, entry=entry or wish.entry)


def _path(path: str | None, field: str = "path") -> str | None:
    return check_path(path, field) if path else None


def _id(text: str | None, field: str) -> JobId | None:
    return parse_job_id(text, field) if text else None
