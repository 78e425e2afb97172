"""Runs old jobs once more, each as whoever asks."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headrace.errors import Conflict, InvalidInput
from headrace.lifecycle.find_run import find_run
from headrace.lifecycle.launch import RawCode, Wish, run_hash, run_path, run_preview
from headrace.model.job import JobKind
from headrace.model.json_text import parse_object, raw_member, raw_members
from headrace.model.plain_path import PlainPath, find, join_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from headrace.db.connection import Connection
    from headrace.lifecycle.launch import Launched
    from headrace.model.ids import JobId
    from headrace.model.principal import Principal
    from headrace.model.run import Run


@dataclass(frozen=True, slots=True)
class Rerun:
    """How jobs of one script are run once more.

    ``inputs`` are arguments that take the place of old ones: JSON texts, or where in the old job they are.
    """

    use_latest_version: bool = False
    inputs: Mapping[str, bytes | PlainPath] = field(default_factory=dict[str, "bytes | PlainPath"])


async def rerun(
    connection: Connection, principal: Principal, job: JobId, options: Mapping[str, Rerun]
) -> Launched:
    """Run a job once more, within the caller's transaction: the version that it ran, with its arguments.

    ``options`` are by the path of the script. Raises NotFound where there is no such job to be seen, Conflict
    where its data were erased, InvalidInput where its kind is not run again, and what launches raise.
    """
    run = await _read(connection, principal, job)
    how = options.get(run.path or "", Rerun())
    wish = Wish(
        args=_arguments(run, how),
        tag=None if how.use_latest_version else run.tag,
        invisible_to_owner=run.visible_to_runner_only,
        entry=run.entry,
    )
    match run.kind:
        case JobKind.SCRIPT if run.script_hash is not None and run.path is not None:
            if run.preprocessed is False:
                wish = _from_outside(run, wish, how, principal)
            if how.use_latest_version:
                return await run_path(connection, principal, run.path, wish)
            return await run_hash(connection, principal, run.script_hash, wish)
        case JobKind.PREVIEW:
            code = RawCode(run.raw_code or "", run.language or "", run.path, run.raw_lock)
            return await run_preview(connection, principal, code, wish)
        case _:
            raise InvalidInput("job_ids", f"job {job} is of the kind {run.kind.value}, none to run again")


async def _read(connection: Connection, principal: Principal, job: JobId) -> Run:
    run = await find_run(connection, principal, job)
    if run.deleted:
        raise Conflict(f"the data of job {job} were erased")
    return run


def _arguments(run: Run, how: Rerun) -> bytes:
    args = run.args or b"{}"
    if not how.inputs:
        return args
    places = {"job": join_object(_about(run) | {"input": args}), "flow_input": args}
    asked = {
        name: wanted if isinstance(wanted, bytes) else find(places[str(wanted[0])], wanted[1:]) or b"null"
        for name, wanted in how.inputs.items()
    }
    made = join_object(raw_members(args) | asked)
    parse_object(made, "input_transforms")
    return made


def _about(run: Run) -> dict[str, bytes]:
    """What an expression may ask of a job besides its input."""
    instants = {
        "created_at": run.created_at,
        "scheduled_for": run.scheduled_for,
        "started_at": run.started_at,
    }
    texts = {
        "id": str(run.id),
        "script_hash": run.script_hash,
        "script_path": run.path,
        "tag": run.tag,
        "created_by": run.created_by,
    } | {name: instant.isoformat() if instant else None for name, instant in instants.items()}
    return {name: json.dumps(text).encode() for name, text in texts.items()}


def _from_outside(run: Run, wish: Wish, how: Rerun, principal: Principal) -> Wish:
    """A call of which a preprocessor has not yet made arguments is made once more, as it came."""
    if how.inputs or principal.job is not None:
        raise Conflict(f"what job {run.id} was given is no arguments yet: call the script again")
    event = raw_member(run.args or b"{}", "event") or b"null"
    return dataclasses.replace(wish, event=lambda: event)
