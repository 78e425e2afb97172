"""Builds the query of a list of runs from its filters.

One of the two places where SQL is put together (the other is the list of scripts): from literal
conditions, with every value a parameter.
Live and finished jobs are two ordered halves, each cut to the page's end, merged by time of creation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from headrace.model.job import JobKind, State
from headrace.model.outcome import Status
from headrace.model.run import Part

if TYPE_CHECKING:
    from headrace.model.run import Choice, Position, RunFilter, Span

_COMMON: LiteralString = """
  r.id, r.workspace_id, r.kind, r.path, r.script_hash, r.language, null::text as raw_code,
  null::text as raw_lock, null::bytea as args, r.parent_job, r.root_job, r.created_by, r.created_at,
  r.scheduled_for, r.permissioned_as, r.email, r.tag, r.priority, r.timeout_seconds,
  r.visible_to_runner_only, r.is_flow_step, r.flow_step_id, r.trigger_kind, r.schedule_path,
  r.labels, r.entry, r.preprocessed, r.retry_number > 0 as is_retry"""
_LIVE: LiteralString = (
    "select"
    + _COMMON
    + """,
  q.state as status, q.held, q.attempt, q.started_at, q.peak_memory_kb, q.canceled_by, q.canceled_reason,
  s.worker, s.isolation, s.renewed_at, null::bytea as result, null::timestamptz as completed_at,
  null::bigint as duration_ms, null::integer as exit_code, null::jsonb as teardown, false as deleted,
  null::timestamptz as resolved_at, null::text as resolved_by, null::text as resolution_note
from job r join job_queue q on q.id = r.id left join worker_session s on s.id = q.worker_session"""
)
_FINISHED: LiteralString = (
    "select"
    + _COMMON
    + """,
  r.status, null::text as held, r.attempt, r.started_at, r.peak_memory_kb, r.canceled_by, r.canceled_reason,
  r.worker, r.isolation, null::timestamptz as renewed_at, null::bytea as result, r.completed_at,
  r.duration_ms, r.exit_code, r.teardown, r.deleted, r.resolved_at, r.resolved_by, r.resolution_note
from job_history r"""
)
# Columns that both halves have, by the field of the filter.
_COLUMNS: dict[str, LiteralString] = {
    "path_exact": "r.path",
    "script_hash": "r.script_hash",
    "created_by": "r.created_by",
    "tag": "r.tag",
    "schedule_path": "r.schedule_path",
    "trigger_kind": "r.trigger_kind",
}
_FLAGS: dict[str, tuple[LiteralString, LiteralString]] = {
    "has_no_parent": ("r.parent_job is null", "r.parent_job is not null"),
    "has_no_schedule": ("r.schedule_path is null", "r.schedule_path is not null"),
    "is_flow_step": ("r.is_flow_step", "not r.is_flow_step"),
    "calls_main": ("r.entry is null", "r.entry is not null"),
}
_LIVE_FLAGS: dict[str, tuple[LiteralString, LiteralString]] = {
    "is_running": (f"q.state = '{State.RUNNING.value}'", f"q.state <> '{State.RUNNING.value}'"),
    "is_suspended": (f"q.state = '{State.SUSPENDED.value}'", f"q.state <> '{State.SUSPENDED.value}'"),
    "is_due": ("q.scheduled_for <= now()", "q.scheduled_for > now()"),
}
_TEXT: LiteralString = (
    "(position({} in lower(concat_ws(' ', r.path, r.tag, r.schedule_path, r.trigger_kind))) > 0"
    " or exists (select from unnest(r.labels) as label where position({} in lower(label)) > 0))"
)
# Arguments and results that were erased, or lie elsewhere, are empty.
_ARGS: LiteralString = "convert_from(nullif(r.args, ''), 'UTF8')::jsonb @> {}::jsonb"
_RESULT: LiteralString = "convert_from(nullif(r.result, ''), 'UTF8')::jsonb @> {}::jsonb"
_LIVE_LABELS: LiteralString = "exists (select from unnest(r.labels) as label where label = any ({}::text[]))"
_LABEL_PATTERNS: LiteralString = (
    "exists (select from unnest(r.labels) as label where label like any ({}::text[]))"
)
# The planner chooses the way: from the label to its jobs, or from job to job asking for the label.
_FINISHED_LABELS: LiteralString = (
    "exists (select from job_label l where l.workspace_id = r.workspace_id and l.label = any ({}::text[])"
    " and l.completed_at = r.completed_at and l.job_id = r.id)"
)

_FROM_EACH: LiteralString = " from unnest($1::text[]) as w (id) cross join lateral "
# As they are, not as parameters: of those that are rare there are indexes, and the planner has to see it.
_STATUSES: dict[Status, LiteralString] = {
    Status.SUCCESS: "'success'",
    Status.FAILURE: "'failure'",
    Status.CANCELED: "'canceled'",
    Status.SKIPPED: "'skipped'",
}
_KINDS: dict[JobKind, LiteralString] = {
    JobKind.SCRIPT: "'script'",
    JobKind.PREVIEW: "'preview'",
    JobKind.DEPENDENCIES: "'dependencies'",
    JobKind.FLOW: "'flow'",
    JobKind.PREVIEW_FLOW: "'flowpreview'",
}


def select_runs(
    workspaces: list[str],
    wanted: RunFilter,
    limit: int,
    *,
    offset: int = 0,
    after: Position | None = None,
    last: Position | None = None,
) -> tuple[LiteralString, list[Any]]:
    """The statement and its values; rows have the columns of ``read_run``.

    ``after`` is the place in the list that the page comes after, ``last`` the last one that it may reach.
    """
    statement = _Statement(workspaces, wanted, limit + offset, after, last)
    rows: LiteralString = "select * from (" + statement.halves() + ") r"  # noqa: S608 - literals
    return rows + statement.order + statement.slice(limit, offset), statement.values


def select_position(
    workspaces: list[str], wanted: RunFilter, number: int, after: Position | None
) -> tuple[LiteralString, list[Any]]:
    """The same for the place of the run that is the so-manyeth in a list: ``created_at`` and ``id``."""
    statement = _Statement(workspaces, wanted, number, after)
    rows: LiteralString = "select created_at, id from (" + statement.halves() + ") r"  # noqa: S608 - literals
    return rows + statement.order + statement.slice(1, number - 1), statement.values


class _Statement:
    """A statement in the making: ``$1`` are the workspaces, ``$2`` is where each half is cut."""

    def __init__(
        self,
        workspaces: list[str],
        wanted: RunFilter,
        most: int,
        after: Position | None,
        last: Position | None = None,
    ) -> None:
        self.values: list[Any] = [workspaces if len(workspaces) != 1 else workspaces[0], most]
        self.order: LiteralString = (
            " order by created_at desc, id desc" if wanted.newest_first else " order by created_at, id"
        )
        self._ahead: LiteralString = "<" if wanted.newest_first else ">"
        self._behind: LiteralString = ">=" if wanted.newest_first else "<="
        self._is_one = len(workspaces) == 1
        self._wanted = wanted
        self._after = after
        self._last = last

    def halves(self) -> LiteralString:
        """Those of the two halves in which something can match."""
        common = self._common()
        halves: list[LiteralString] = []
        if _wants_live(self._wanted):
            halves.append(self._half(_LIVE, common + self._live()))
        if _wants_finished(self._wanted):
            halves.append(self._half(_FINISHED, common + self._finished()))
        if not halves:
            halves.append(self._half(_FINISHED, common + " and false"))  # a value that is placed must be used
        return " union all ".join(halves)

    def slice(self, limit: int, offset: int) -> LiteralString:
        """The part of all rows that is the page."""
        return " limit " + self._place(limit) + " offset " + self._place(offset)

    def _half(self, select: LiteralString, conditions: LiteralString) -> LiteralString:
        if self._is_one:
            return "(" + select + " where r.workspace_id = $1" + conditions + self.order + " limit $2)"
        # From each workspace its first rows, because no index has the order of all.
        each = select + " where r.workspace_id = w.id" + conditions + self.order + " limit $2"
        return "(select half.*" + _FROM_EACH + "(" + each + ") as half)"

    def _common(self) -> LiteralString:
        wanted = self._wanted
        sql = self._span("r.created_at", wanted.created)
        for name, column in _COLUMNS.items():
            sql += self._choice(column, getattr(wanted, name))
        for name, conditions in _FLAGS.items():
            sql += _flag(conditions, getattr(wanted, name))
        kinds = set(wanted.kinds or JobKind) - set(wanted.kinds_unwanted)
        sql += _one_of("r.kind", [_KINDS[kind] for kind in JobKind if kind in kinds], len(JobKind))
        if len(wanted.parent_jobs) == 1:
            sql += " and r.parent_job = " + self._place(wanted.parent_jobs[0])
        elif wanted.parent_jobs:
            sql += " and r.parent_job = any (" + self._place(list(wanted.parent_jobs)) + "::uuid[])"
        sql += self._starts() + self._label_conditions() + self._contents()
        return sql + self._beside(self._ahead, self._after) + self._beside(self._behind, self._last)

    def _starts(self) -> LiteralString:
        sql: LiteralString = ""
        starts: LiteralString = ""
        for start in self._wanted.path_start.none_of:
            sql += " and starts_with(r.path, " + self._place(start) + ") is not true"
        for start in self._wanted.path_start.any_of:
            starts += (" or " if starts else "") + "starts_with(r.path, " + self._place(start) + ")"
        return sql + (" and (" + starts + ")" if starts else "")

    def _label_conditions(self) -> LiteralString:
        labels = self._wanted.labels
        among = _LABEL_PATTERNS if labels.are_patterns else _LIVE_LABELS
        sql: LiteralString = ""
        if labels.none_of:
            sql += " and not " + among.replace("{}", self._texts(labels, labels.none_of))
        if labels.any_of and labels.are_patterns:
            sql += " and " + among.replace("{}", self._texts(labels, labels.any_of))
        return sql

    def _contents(self) -> LiteralString:
        sql: LiteralString = ""
        if self._wanted.text is not None:
            sql += " and " + _TEXT.replace("{}", self._place(self._wanted.text.lower()))
        if self._wanted.args is not None:
            sql += " and " + _ARGS.replace("{}", self._place(self._wanted.args))
        return sql

    def _live(self) -> LiteralString:
        wanted = self._wanted
        sql = self._span("r.created_at", wanted.created_if_live) + self._span("q.started_at", wanted.started)
        sql += self._span("coalesce(q.started_at, r.created_at)", wanted.begun)
        for name, conditions in _LIVE_FLAGS.items():
            sql += _flag(conditions, getattr(wanted, name))
        sql += self._choice("s.worker", wanted.worker)
        if wanted.concurrency_key is not None:
            sql += " and q.limit_key = " + self._place(wanted.concurrency_key)
        if wanted.labels.any_of and not wanted.labels.are_patterns:
            sql += " and " + _LIVE_LABELS.replace("{}", self._place(list(wanted.labels.any_of)))
        return sql

    def _finished(self) -> LiteralString:
        wanted = self._wanted
        sql = self._span("r.completed_at", wanted.completed) + self._span("r.started_at", wanted.started)
        sql += self._span("coalesce(r.started_at, r.created_at)", wanted.begun)
        sql += self._choice("r.worker", wanted.worker)
        sql += _flag(("r.resolved_at is not null", "r.resolved_at is null"), wanted.is_resolved)
        sql += _one_of("r.status", [_STATUSES[status] for status in _final_statuses(wanted)], len(Status))
        if wanted.labels.any_of and not wanted.labels.are_patterns:
            sql += " and " + _FINISHED_LABELS.replace("{}", self._place(list(wanted.labels.any_of)))
        if wanted.result is not None:
            sql += (
                " and convert_from(nullif(r.result, ''), 'UTF8')::jsonb @> "
                + self._place(wanted.result)
                + "::jsonb"
            )
        return sql

    def _choice(self, column: LiteralString, choice: Choice) -> LiteralString:
        sql: LiteralString = ""
        if choice.are_patterns:
            if choice.any_of:
                sql += " and " + column + " like any (" + self._texts(choice, choice.any_of) + "::text[])"
            if choice.none_of:
                unwanted = self._texts(choice, choice.none_of)
                sql += " and (" + column + " like any (" + unwanted + "::text[])) is not true"
            return sql
        if len(choice.any_of) == 1:
            sql += " and " + column + " = " + self._place(choice.any_of[0])
        elif choice.any_of:
            sql += " and " + column + " = any (" + self._place(list(choice.any_of)) + "::text[])"
        if choice.none_of:
            sql += (
                " and (" + column + " = any (" + self._place(list(choice.none_of)) + "::text[])) is not true"
            )
        return sql

    def _span(self, column: LiteralString, span: Span) -> LiteralString:
        sql: LiteralString = ""
        if span.after is not None:
            sql += " and " + column + " > " + self._place(span.after)
        if span.until is not None:
            until = self._place(span.until)
            sql += " and " + column + " <= " + until
            if column != "r.created_at":
                # Whatever happens to a job happens after it was made, and by that time lists are ordered.
                sql += " and r.created_at <= " + until
        return sql

    def _beside(self, sign: LiteralString, place: Position | None) -> LiteralString:
        if place is None:
            return ""
        created_at, job = self._place(place.created_at), self._place(place.id)
        return " and (r.created_at, r.id) " + sign + " (" + created_at + ", " + job + ")"

    def _texts(self, choice: Choice, texts: tuple[str, ...]) -> LiteralString:
        return self._place([_like(text) for text in texts] if choice.are_patterns else list(texts))

    def _place(self, value: Any) -> LiteralString:
        self.values.append(value)
        return _PLACEHOLDERS[len(self.values) - 1]


def _wants_live(wanted: RunFilter) -> bool:
    asks_end = (wanted.is_success, wanted.is_resolved, wanted.result, wanted.completed.after) != (None,) * 4
    is_out = bool(wanted.statuses) or wanted.is_skipped is True or wanted.completed.until is not None
    return wanted.part is not Part.FINISHED and not asks_end and not is_out


def _wants_finished(wanted: RunFilter) -> bool:
    asks_queue = (wanted.is_running, wanted.is_due, wanted.concurrency_key) != (None,) * 3
    return wanted.part is not Part.LIVE and not asks_queue and wanted.is_suspended is not True


def _final_statuses(wanted: RunFilter) -> list[Status]:
    statuses = set(wanted.statuses or Status)
    if wanted.is_success is not None:
        # success=true includes skipped ones; the exact status does not (features J1).
        good = {Status.SUCCESS, Status.SKIPPED}
        statuses &= good if wanted.is_success else set(Status) - good
    if wanted.is_skipped is not None:
        skipped = {Status.SKIPPED}
        statuses &= skipped if wanted.is_skipped else set(Status) - skipped
    return sorted(statuses)


def _one_of(column: LiteralString, values: list[LiteralString], all_there_are: int) -> LiteralString:
    if len(values) == all_there_are:
        return ""
    if not values:
        return " and false"
    return " and " + column + " in (" + ", ".join(values) + ")"


def _flag(conditions: tuple[LiteralString, LiteralString], wanted: object) -> LiteralString:
    if wanted is None:
        return ""
    return " and " + conditions[0 if wanted else 1]


def _like(pattern: str) -> str:
    """A pattern with ``*`` as one of SQL's ``like``, in which other characters mean themselves."""
    for character in ("\\", "%", "_"):
        pattern = pattern.replace(character, "\\" + character)
    return pattern.replace("*", "%")


_PLACEHOLDERS: tuple[LiteralString, ...] = (
    "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$16",
    "$17", "$18", "$19", "$20", "$21", "$22", "$23", "$24", "$25", "$26", "$27", "$28", "$29", "$30", "$31",
    "$32", "$33", "$34", "$35", "$36", "$37", "$38", "$39", "$40", "$41", "$42", "$43", "$44", "$45", "$46",
    "$47", "$48", "$49", "$50", "$51", "$52", "$53", "$54", "$55", "$56", "$57", "$58", "$59", "$60", "$61",
    "$62", "$63", "$64", "$65", "$66", "$67", "$68", "$69", "$70", "$71", "$72", "$73", "$74", "$75", "$76",
    "$77", "$78", "$79", "$80", "$81", "$82", "$83", "$84", "$85", "$86", "$87", "$88", "$89", "$90", "$91",
    "$92", "$93", "$94", "$95", "$96", "$97", "$98", "$99", "$100",
)  # fmt: skip
