"""Filters of a list of jobs, as a query string says them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from headrace.api.instants import Instant
from headrace.errors import InvalidInput
from headrace.model.ids import parse_job_id
from headrace.model.job import JobKind
from headrace.model.outcome import Status
from headrace.model.run import RunFilter

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

REFUSED = frozenset(
    [
        "all_workspaces",
        "allow_wildcards",
        "args",
        "broad_filter",
        "completed_after",
        "completed_before",
        "created_after_queue",
        "created_before_queue",
        "is_not_schedule",
        "is_skipped",
        "resolved",
        "result",
        "schedule_path",
        "started_after",
        "started_before",
        "suspended",
        "trigger_kind",
        "worker",
    ]
)
"""Filters of the contract that we don't have. To ignore one would give, and perhaps cancel, too much."""


class JobFilters(BaseModel):
    """What a list of jobs is narrowed to."""

    model_config = ConfigDict(extra="allow")

    job_kinds: str | None = None
    running: bool | None = None
    success: bool | None = None
    status: Status | None = None
    script_path_exact: str | None = None
    script_path_start: str | None = None
    script_hash: str | None = None
    created_by: str | None = None
    tag: str | None = None
    parent_job: str | None = None
    has_null_parent: bool | None = None
    is_flow_step: bool | None = None
    created_after: Instant | None = None
    created_before: Instant | None = None
    scheduled_for_before_now: bool | None = None
    label: str | None = None
    excludes_entrypoint_override: bool = False
    order_desc: bool = True

    def wanted(self) -> RunFilter | None:
        """The same in our own words, or None where nothing can match; raises InvalidInput."""
        _require_known(self.model_extra or {})
        kinds = _kinds(self.job_kinds)
        labels, labels_unwanted = _labels(self.label)
        if kinds is not None and not kinds:
            return None
        return RunFilter(
            kinds=kinds or (),
            statuses=(self.status,) if self.status else (),
            is_running=self.running,
            is_success=self.success,
            path_exact=self.script_path_exact,
            path_start=self.script_path_start,
            script_hash=self.script_hash,
            created_by=self.created_by,
            tag=self.tag,
            parent_job=parse_job_id(self.parent_job, "parent_job") if self.parent_job else None,
            has_no_parent=self.has_null_parent,
            is_flow_step=self.is_flow_step,
            created_after=self.created_after,
            created_before=self.created_before,
            is_due=self.scheduled_for_before_now,
            newest_first=self.order_desc,
            calls_main=self.excludes_entrypoint_override or None,
            labels=labels,
            labels_unwanted=labels_unwanted,
        )


def _require_known(others: dict[str, Any]) -> None:
    for name, value in others.items():
        if name in REFUSED and value not in ("", "false"):
            raise InvalidInput(name, "jobs can't be filtered by this")


def _kinds(text: str | None) -> tuple[JobKind, ...] | None:
    """Kinds from a comma list, as far as there are jobs of them; None where any will do."""
    if not text:
        return None
    ours = {kind.value for kind in JobKind}
    names = text.split(",")
    if odd := sorted(set(names) - ours - OTHER_KINDS):
        raise InvalidInput("job_kinds", f"there is no kind {odd[0]!r}; known: {', '.join(sorted(ours))}")
    return tuple(JobKind(name) for name in names if name in ours)


def _labels(text: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """From a comma list: labels of which a job has to have one, and, after a ``!``, those it may not have."""
    names = [name.strip() for name in (text or "").split(",")]
    wanted = tuple(name for name in names if name and not name.startswith("!"))
    return wanted, tuple(name[1:].strip() for name in names if name.startswith("!"))
