"""Filters of a list of jobs, as a query string says them.

Lists of texts are separated by commas; after a ``!`` comes what is not wanted. Of instants ``after`` is
exclusive and ``before`` inclusive.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from headrace.api.instants import Instant
from headrace.errors import InvalidInput
from headrace.model.ids import parse_job_id, parse_script_hash
from headrace.model.job import JobKind
from headrace.model.json_text import parse_json, parse_object
from headrace.model.outcome import Status
from headrace.model.run import ANY, Choice, Part, RunFilter, Span

OTHER_KINDS = frozenset(
    [
        "aiagent",
        "appdependencies",
        "appscript",
        "deploymentcallback",
        "flowdependencies",
        "flownode",
        "flowscript",
        "identity",
        "script_hub",
        "singlestepflow",
        "unassigned_flow",
        "unassigned_script",
        "unassigned_singlestepflow",
    ]
)
"""Kinds of the contract that no job of ours has."""

TRIGGER_KINDS = frozenset(
    [
        "amqp",
        "app",
        "asset",
        "azure",
        "default_email",
        "email",
        "freshness",
        "gcp",
        "github",
        "google",
        "http",
        "kafka",
        "mqtt",
        "nats",
        "postgres",
        "schedule",
        "sqs",
        "ui",
        "webhook",
        "websocket",
    ]
)
MOST_CHOICES = 50
MOST_PATH_STARTS = 20
_Text = Annotated[str | None, Field(max_length=10_000)]


class JobFilters(BaseModel):
    """What a list of jobs is narrowed to."""

    job_kinds: _Text = None
    running: bool | None = None
    suspended: bool | None = None
    success: bool | None = None
    status: Status | None = None
    is_skipped: bool | None = None
    resolved: bool | None = None
    script_path_exact: _Text = None
    script_path_start: _Text = None
    script_hash: _Text = None
    created_by: _Text = None
    tag: _Text = None
    worker: _Text = None
    label: _Text = None
    allow_wildcards: Annotated[
        bool, Field(description="Whether `*` in tag, worker and label stands for any characters.")
    ] = False
    schedule_path: _Text = None
    trigger_path: Annotated[_Text, Field(description="The schedule's path: there are no other triggers.")] = (
        None
    )
    trigger_kind: _Text = None
    is_not_schedule: Annotated[bool, Field(description="Leaves out what a schedule started.")] = False
    concurrency_key: _Text = None
    parent_job: _Text = None
    has_null_parent: bool | None = None
    is_flow_step: bool | None = None
    created_after: Instant | None = None
    created_before: Instant | None = None
    created_after_queue: Annotated[
        Instant | None, Field(description="The same, for those that have not ended.")
    ] = None
    created_before_queue: Instant | None = None
    started_after: Instant | None = None
    started_before: Instant | None = None
    created_or_started_after: Instant | None = None
    created_or_started_before: Instant | None = None
    completed_after: Instant | None = None
    completed_before: Instant | None = None
    scheduled_for_before_now: bool | None = None
    args: Annotated[_Text, Field(description="JSON object that the arguments contain.")] = None
    result: Annotated[_Text, Field(description="JSON that the result contains.")] = None
    broad_filter: Annotated[
        str | None,
        Field(max_length=200, description="Text in path, tag, schedule, trigger kind or a label."),
    ] = None
    excludes_entrypoint_override: bool = False
    order_desc: bool = True
    all_workspaces: Annotated[
        bool, Field(description="For superadmins, in the workspace `admins`: of all workspaces.")
    ] = False

    def wanted(self, part: Part = Part.ALL, *, may_span: bool = False) -> RunFilter | None:
        """The same in our own words, or None where nothing can match; raises InvalidInput.

        ``may_span`` says that the caller of this heeds ``all_workspaces``.
        """
        if self.all_workspaces and not may_span:
            raise InvalidInput("all_workspaces", "is not for this route; leave it out")
        kinds = _choice(self.job_kinds, "job_kinds")
        wanted_kinds = _kinds(kinds.any_of)
        if kinds.any_of and not wanted_kinds:
            return None
        return RunFilter(
            part=part,
            kinds=wanted_kinds,
            kinds_unwanted=_kinds(kinds.none_of),
            statuses=(self.status,) if self.status else (),
            is_running=self.running,
            is_suspended=self.suspended,
            is_success=self.success,
            is_skipped=self.is_skipped,
            is_resolved=self.resolved,
            path_exact=_choice(self.script_path_exact, "script_path_exact"),
            path_start=_choice(self.script_path_start, "script_path_start", most=MOST_PATH_STARTS),
            script_hash=self._versions(),
            created_by=_choice(self.created_by, "created_by"),
            tag=self._patterns(self.tag, "tag"),
            worker=self._patterns(self.worker, "worker"),
            labels=self._patterns(self.label, "label"),
            schedule_path=self._schedules(),
            trigger_kind=self._trigger_kinds(),
            concurrency_key=self.concurrency_key or None,
            parent_jobs=tuple(parse_job_id(text, "parent_job") for text in _texts(self.parent_job)),
            has_no_parent=self.has_null_parent,
            is_flow_step=self.is_flow_step,
            has_no_schedule=self.is_not_schedule or None,
            created=Span(self.created_after, self.created_before),
            created_if_live=Span(self.created_after_queue, self.created_before_queue),
            started=Span(self.started_after, self.started_before),
            begun=Span(self.created_or_started_after, self.created_or_started_before),
            completed=Span(self.completed_after, self.completed_before),
            is_due=self.scheduled_for_before_now,
            calls_main=self.excludes_entrypoint_override or None,
            args=_object(self.args),
            result=_json(self.result),
            text=(self.broad_filter or "").strip() or None,
            newest_first=self.order_desc,
        )

    def _patterns(self, text: str | None, field: str) -> Choice:
        choice = _choice(text, field)
        has_pattern = any("*" in item for item in choice.any_of + choice.none_of)
        return Choice(choice.any_of, choice.none_of, self.allow_wildcards and has_pattern)

    def _versions(self) -> Choice:
        choice = _choice(self.script_hash, "script_hash")
        for version in choice.any_of + choice.none_of:
            parse_script_hash(version, "script_hash")
        return choice

    def _schedules(self) -> Choice:
        if self.schedule_path and self.trigger_path:
            raise InvalidInput("trigger_path", "can't go together with schedule_path")
        return _choice(self.schedule_path or self.trigger_path, "schedule_path")

    def _trigger_kinds(self) -> Choice:
        choice = _choice(self.trigger_kind, "trigger_kind")
        if odd := sorted(set(choice.any_of + choice.none_of) - TRIGGER_KINDS):
            known = ", ".join(sorted(TRIGGER_KINDS))
            raise InvalidInput("trigger_kind", f"there is no kind {odd[0]!r}; known: {known}")
        return choice


def _choice(text: str | None, field: str, most: int = MOST_CHOICES) -> Choice:
    """From a comma list: texts of which one is wanted, and, after a ``!``, those that are not."""
    names = _texts(text)
    if not names:
        return ANY
    if len(names) > most:
        raise InvalidInput(field, f"has {len(names)} items; the most is {most}")
    wanted = tuple(name for name in names if not name.startswith("!"))
    unwanted = tuple(name[1:].strip() for name in names if name.startswith("!"))
    return Choice(wanted, unwanted)


def _texts(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _kinds(names: tuple[str, ...]) -> tuple[JobKind, ...]:
    """Kinds by their names, as far as there are jobs of them."""
    ours = {kind.value for kind in JobKind}
    if odd := sorted(set(names) - ours - OTHER_KINDS):
        raise InvalidInput("job_kinds", f"there is no kind {odd[0]!r}; known: {', '.join(sorted(ours))}")
    return tuple(JobKind(name) for name in names if name in ours)


def _object(text: str | None) -> str | None:
    if not text:
        return None
    parse_object(text.encode(), "args")
    return text


def _json(text: str | None) -> str | None:
    if not text:
        return None
    parse_json(text.encode(), "result")
    return text
