"""What the answers about scripts look like: members that may be absent are left out, never null."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

Kind = Literal["script", "failure", "trigger", "command", "approval", "preprocessor"]


class Script(BaseModel):
    """A version of a script. Settings that were not given are absent."""

    hash: str
    path: str
    workspace_id: str
    summary: str
    description: str
    content: str
    created_by: str
    created_at: datetime
    archived: bool
    deleted: bool
    is_template: bool
    extra_perms: dict[str, bool]
    language: str
    kind: Kind
    starred: bool
    has_preprocessor: bool
    is_draft: bool
    ws_error_handler_muted: bool
    parent_hashes: list[str] | None = None
    # `schema` is a method of every pydantic model.
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    lock: str | None = None
    lock_error_logs: str | None = None
    auto_kind: Literal["lib"] | None = None
    tag: str | None = None
    timeout: int | None = None
    priority: int | None = None
    envs: list[str] | None = None
    visible_to_runner_only: bool | None = None
    restart_if_lost: bool | None = None
    labels: list[str] | None = None
    concurrent_limit: int | None = None
    concurrency_time_window_s: int | None = None
    concurrency_key: str | None = None
    debounce_key: str | None = None
    debounce_delay_s: int | None = None
    debounce_args_to_accumulate: list[str] | None = None
    max_total_debouncing_time: int | None = None
    max_total_debounces_amount: int | None = None
    cache_ttl: int | None = None
    cache_ignore_s3_path: bool | None = None
    dedicated_worker: bool | None = None
    restart_unless_cancelled: bool | None = None
    delete_after_secs: int | None = None


class OtherDraft(BaseModel):
    """Who else is writing at an item."""

    username: str
    draft_saved_at: datetime | None = None


class ScriptWithDraft(Script):
    """The newest version of a script, and what is being written at it."""

    draft: dict[str, Any] | None = None
    draft_saved_at: datetime | None = None
    draft_base: str | None = None
    draft_only: bool | None = None
    no_deployed: bool | None = None
    other_drafts_users: list[OtherDraft] | None = None


class ListedScript(Script):
    """A script in a list, or what one has only drafted."""

    deployment_msg: str | None = None
    draft_only: bool | None = None
    draft_path: str | None = None
    draft_users: list[OtherDraft] | None = None


class ScriptHistory(BaseModel):
    """One version in a history."""

    script_hash: str
    created_by: str
    created_at: datetime
    number: int
    path: str
    archived: bool
    deployment_msg: str | None = None


class ScriptSource(BaseModel):
    """A script's path and source."""

    path: str
    content: str


class Relock(BaseModel):
    """What became of a lock that was to be made again."""

    state: Literal["wanted", "running", "changed", "unchanged", "failed", "left"] | None = None
    because: str | None = None
    caused_by: str | None = None
    wanted_at: datetime | None = None
    ended_at: datetime | None = None
    job_id: UUID | None = None
    hash: str | None = None
    message: str | None = None


class DeploymentStatus(BaseModel):
    """A version's lock, or why there is none (yet)."""

    lock: str | None = None
    lock_error_logs: str | None = None
    job_id: UUID | None = None
    relock: Relock | None = None


class ImportOfScript(BaseModel):
    """One row of the map of who imports what."""

    workspace_id: str
    importer_path: str
    importer_kind: str
    imported_path: str
    importer_node_id: str


class Dependent(BaseModel):
    """Who imports a path."""

    importer_path: str
    importer_kind: str


class DependentsAmount(BaseModel):
    """How many import a path."""

    imported_path: str
    count: int


class TrashItem(BaseModel):
    """Something in the trash bin."""

    id: int
    workspace_id: str
    item_kind: str
    item_path: str
    deleted_by: str
    deleted_at: datetime
    expires_at: datetime


class TrashItemWithData(TrashItem):
    """The same, with what it was."""

    item_data: dict[str, Any]
