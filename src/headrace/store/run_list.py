"""Builds the query of a list of runs from its filters.

One of the two places where SQL is put together (the other is the list of scripts): from literal
conditions, with every value a parameter.
Live and finished jobs are two ordered halves, each cut to the page's end, merged by time of creation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from headrace.model.job import State
from headrace.model.outcome import Status

if TYPE_CHECKING:
    from headrace.model.run import RunFilter

_COMMON: LiteralString = """
  r.id, r.workspace_id, r.kind, r.path, r.script_hash, r.language, null as raw_code, null as raw_lock,
  null::bytea as args, r.parent_job, r.root_job, r.created_by, r.created_at, r.scheduled_for,
  r.permissioned_as, r.email, r.tag, r.priority, r.timeout_seconds, r.visible_to_runner_only, r.is_flow_step,
  r.flow_step_id, r.trigger_kind, r.schedule_path, r.labels, r.entry, r.preprocessed,
  r.retry_number > 0 as is_retry"""
_LIVE: LiteralString = (
    "select"
    + _COMMON
    + """,
  q.state as status, q.held, q.attempt, q.started_at, q.peak_memory_kb, q.canceled_by, q.canceled_reason,
  s.worker, s.isolation, s.renewed_at, null::bytea as result, null::timestamptz as completed_at,
  null::bigint as duration_ms, null::integer as exit_code, null::jsonb as teardown, false as deleted
from job r join job_queue q on q.id = r.id left join worker_session s on s.id = q.worker_session"""
)
_FINISHED: LiteralString = (
    "select"
    + _COMMON
    + """,
  r.status, null as held, r.attempt, r.started_at, r.peak_memory_kb, r.canceled_by, r.canceled_reason,
  r.worker, r.isolation, null as renewed_at, null::bytea as result, r.completed_at, r.duration_ms,
  r.exit_code, r.teardown, r.deleted
from job_history r"""
)
# Filter by equality or range on a column that both halves have.
_CONDITIONS: dict[str, LiteralString] = {
    "kinds": "r.kind = any ({})",
    "path_exact": "r.path = {}",
    "path_start": "starts_with(r.path, {})",
    "script_hash": "r.script_hash = {}",
    "created_by": "r.created_by = {}",
    "tag": "r.tag = {}",
    "parent_job": "r.parent_job = {}",
    "is_flow_step": "r.is_flow_step = {}",
    "created_after": "r.created_at > {}",
    "created_before": "r.created_at <= {}",
    "calls_main": "(r.entry is null) = {}",
    "labels_unwanted": "not exists (select from unnest(r.labels) as label where label = any ({}))",
}
_LIVE_LABELS: LiteralString = " and exists (select from unnest(r.labels) as label where label = any ({}))"
_FINISHED_LABELS: LiteralString = (
    " and exists (select from job_label l where l.workspace_id = $1 and l.label = any ({})"
    " and l.completed_at = r.completed_at and l.job_id = r.id)"
)


def select_runs(
    workspace: str, wanted: RunFilter, limit: int, offset: int
) -> tuple[LiteralString, list[Any]]:
    """The statement and its values; rows have the columns of ``read_run``."""
    values: list[Any] = [workspace, limit + offset, limit, offset]
    conditions: LiteralString = "r.workspace_id = $1"
    given: dict[str, Any] = {name: getattr(wanted, name) for name in _CONDITIONS}
    given["kinds"] = [kind.value for kind in wanted.kinds] or None
    given["labels_unwanted"] = list(wanted.labels_unwanted) or None
    for name, value in given.items():
        if value is not None:
            values.append(value)
            conditions += " and " + _CONDITIONS[name].replace("{}", _placeholder(len(values)))
    if wanted.has_no_parent is not None:
        conditions += " and r.parent_job is null" if wanted.has_no_parent else " and r.parent_job is not null"
    order: LiteralString = (
        " order by created_at desc, id desc" if wanted.newest_first else " order by created_at, id"
    )
    live, finished = conditions + _live_conditions(wanted), conditions
    if wanted.labels:
        values.append(list(wanted.labels))
        live += _LIVE_LABELS.replace("{}", _placeholder(len(values)))
        finished += _FINISHED_LABELS.replace("{}", _placeholder(len(values)))
    halves: list[LiteralString] = []
    if _wants_live(wanted):
        halves.append(_half(_LIVE, live, order))
    if _wants_finished(wanted):
        values.append(_final_statuses(wanted))
        finished += " and r.status = any (" + _placeholder(len(values)) + ")"
        halves.append(_half(_FINISHED, finished, order))
    if not halves:
        return "select $1::text, $2::bigint, $3::bigint, $4::bigint where false", values[:4]
    pages: LiteralString = " union all ".join(halves)
    return "select * from (" + pages + ") r" + order + " limit $3 offset $4", values  # noqa: S608 - literals


def _half(select: LiteralString, conditions: LiteralString, order: LiteralString) -> LiteralString:
    return "(" + select + " where " + conditions + order + " limit $2)"


def _wants_live(wanted: RunFilter) -> bool:
    return wanted.is_success is None and not wanted.statuses


def _wants_finished(wanted: RunFilter) -> bool:
    return wanted.is_running is None and wanted.is_due is None


def _live_conditions(wanted: RunFilter) -> LiteralString:
    running: dict[bool | None, LiteralString] = {
        None: "",
        True: f" and q.state = '{State.RUNNING.value}'",
        False: f" and q.state <> '{State.RUNNING.value}'",
    }
    due: dict[bool | None, LiteralString] = {
        None: "",
        True: " and q.scheduled_for <= now()",
        False: " and q.scheduled_for > now()",
    }
    return running[wanted.is_running] + due[wanted.is_due]


def _final_statuses(wanted: RunFilter) -> list[str]:
    statuses = set(wanted.statuses or Status)
    if wanted.is_success is not None:
        # success=true includes skipped ones; the exact status does not (features J1).
        good = {Status.SUCCESS, Status.SKIPPED}
        statuses &= good if wanted.is_success else set(Status) - good
    return sorted(status.value for status in statuses)


_PLACEHOLDERS: tuple[LiteralString, ...] = (
    "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10",
    "$11", "$12", "$13", "$14", "$15", "$16", "$17", "$18", "$19", "$20",
)  # fmt: skip


def _placeholder(number: int) -> LiteralString:
    return _PLACEHOLDERS[number - 1]
