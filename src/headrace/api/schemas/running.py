"""Bodies of the routes that run code which is not deployed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from headrace.api.tags import Tag
from headrace.errors import InvalidInput
from headrace.lifecycle.launch import RawCode
from headrace.model.path import check_path

_CODE = "def main(name: str):\n    return name\n"

_UNSUPPORTED = (
    "dedicated_worker",
    "flow_path",
    "modules",
    "on_behalf_of",
    "script_hash",
    "viewer_data_access",
)
"""Fields of a preview that would change what is run, and that we don't have."""


class Preview(BaseModel):
    """Code to run as it is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"content": _CODE, "language": "python3", "args": {"name": "Ada"}}]}
    )

    content: str
    language: str = "python3"
    args: dict[str, Any] | None = None
    path: str | None = None
    lock: str | None = None
    tag: Tag | None = None
    entrypoint_function: str | None = None
    kind: str | None = None
    dedicated_worker: bool | None = None
    flow_path: str | None = None
    modules: dict[str, Any] | None = None
    on_behalf_of: str | None = None
    script_hash: str | None = None
    temp_script_refs: dict[str, str] | None = None
    viewer_data_access: bool | None = None

    def code(self, kind: str = "code") -> RawCode:
        """What is to be run; ``kind`` is the one that the route takes. Raises InvalidInput."""
        if self.kind not in (None, kind):
            raise InvalidInput("kind", f"must be {kind!r} here; no other is supported")
        for field in _UNSUPPORTED:
            if getattr(self, field):
                raise InvalidInput(field, "is not supported; leave it out")
        return RawCode(self.content, self.language, checked_path(self.path), self.lock)


class BundlePreview(Preview):
    """The same, where the code comes as a file beside it."""

    content: str = ""


class InlinePreview(BaseModel):
    """Code to run and wait for."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"content": _CODE, "language": "python3", "args": {"name": "Ada"}}]}
    )

    content: str
    language: str = "python3"
    args: dict[str, Any] | None = None


class InlineArguments(BaseModel):
    """Arguments of a script to run and wait for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"args": {"name": "Ada"}}]})

    args: dict[str, Any] | None = None


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

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "entrypoint_function": "choices",
                    "runnable_ref": {
                        "source": "deployed",
                        "path": "f/reports/spells",
                        "runnable_kind": "script",
                    },
                    "args": {"kind": "dry"},
                }
            ]
        }
    )

    entrypoint_function: str
    runnable_ref: Annotated[DeployedRunnable | InlineRunnable, Field(discriminator="source")]
    args: dict[str, Any] | None = None


class Task(BaseModel):
    """A call of another function of a job's code."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"args": {"name": "Ada"}}]})

    args: dict[str, Any] | None = None


def checked_path(path: str | None, field: str = "path") -> str | None:
    """A path that may be missing. Raises InvalidInput for one that is none."""
    return check_path(path, field) if path else None
