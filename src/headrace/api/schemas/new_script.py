"""The body that deploys a script version: the contract's ``NewScript``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from headrace.api.tags import Tag
from headrace.errors import InvalidInput
from headrace.model.ids import parse_script_hash
from headrace.model.script import NewScript

MOST = 2**31 - 1
"""Largest count or number of seconds."""

Count = Annotated[int, Field(ge=0, le=MOST)]
Environment = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*=")]
"""``NAME=value``."""


class ScriptSettings(BaseModel):
    """Settings of a version that are kept, and shown again, as they were given."""

    tag: Tag | None = None
    timeout: Annotated[int, Field(ge=1, le=10**9)] | None = None
    priority: Annotated[int, Field(ge=0, le=100)] | None = None
    envs: list[Environment] | None = None
    visible_to_runner_only: bool | None = None
    restart_if_lost: bool | None = None
    is_template: bool | None = None
    labels: list[str] | None = None
    concurrent_limit: Count | None = None
    concurrency_time_window_s: Count | None = None
    concurrency_key: str | None = None
    debounce_key: str | None = None
    debounce_delay_s: Count | None = None
    debounce_args_to_accumulate: list[str] | None = None
    max_total_debouncing_time: Count | None = None
    max_total_debounces_amount: Count | None = None
    cache_ttl: Count | None = None
    cache_ignore_s3_path: bool | None = None
    dedicated_worker: bool | None = None
    ws_error_handler_muted: bool | None = None
    restart_unless_cancelled: bool | None = None
    delete_after_secs: Count | None = None

    def given(self) -> dict[str, Any]:
        """Those that were given; null counts as not given."""
        return self.model_dump(include=set(ScriptSettings.model_fields), exclude_none=True)


class NewScriptBody(ScriptSettings):
    """A version, with its settings."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "path": "f/reports/spells",
                    "content": "def main(kind: str = 'dry'):\n    return kind\n",
                    "language": "python3",
                    "summary": "Dry and wet spells",
                    "deployment_message": "The first one",
                }
            ]
        }
    )

    path: str
    content: str
    language: str
    summary: str | None = None
    description: str | None = None
    kind: Literal["script", "failure", "trigger", "command", "approval", "preprocessor"] | None = None
    parent_hash: str | None = None
    auto_parent: bool | None = None
    # `schema` is a method of every pydantic model.
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    lock: str | None = None
    deployment_message: str | None = None
    skip_draft_deletion: bool | None = None
    on_behalf_of: str | None = None
    on_behalf_of_email: str | None = None
    job_token_scopes: list[str] | None = None
    codebase: str | None = None
    modules: dict[str, Any] | None = None

    def script(self) -> NewScript:
        """The same in our own words; raises InvalidInput for what would be run otherwise than asked for."""
        for name in ("on_behalf_of", "on_behalf_of_email", "job_token_scopes", "codebase", "modules"):
            if getattr(self, name):
                raise InvalidInput(name, "is not supported; leave it out")
        return NewScript(
            path=self.path,
            content=self.content,
            language=self.language,
            summary=self.summary or "",
            description=self.description or "",
            kind=self.kind or "script",
            parent_hash=parse_script_hash(self.parent_hash, "parent_hash") if self.parent_hash else None,
            schema=self.schema_,
            lock=self.lock,
            deployment_message=self.deployment_message,
            settings=self.given(),
        )
