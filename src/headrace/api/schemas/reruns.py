"""Jobs that are run once more: what is asked for, and what is told before."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from headrace.api.schemas.job_ids import MOST_JOBS
from headrace.errors import InvalidInput
from headrace.lifecycle.rerun import Rerun
from headrace.model.path import check_path
from headrace.model.plain_path import PlainPath, find, parse_plain_path


class Static(BaseModel):
    """A value."""

    type: Literal["static"]
    value: Any = None


class Javascript(BaseModel):
    """An expression, of which plain paths only can be used."""

    type: Literal["javascript"]
    expr: str


class Ai(BaseModel):
    """A value that an agent would give."""

    type: Literal["ai"]


InputTransform = Annotated[Static | Javascript | Ai, Field(discriminator="type")]


class RerunOptions(BaseModel):
    """How jobs of one path are run."""

    input_transforms: dict[str, InputTransform] | None = None
    use_latest_version: bool = False


class BatchRerun(BaseModel):
    """Body of a batch."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_ids": ["01890a5d-ac96-774b-bcce-b302099a8057"],
                    "script_options_by_path": {
                        "f/reports/spells": {
                            "use_latest_version": True,
                            "input_transforms": {"kind": {"type": "static", "value": "dry"}},
                        }
                    },
                    "flow_options_by_path": {},
                }
            ]
        }
    )

    job_ids: Annotated[list[str], Field(max_length=MOST_JOBS)]
    script_options_by_path: dict[str, RerunOptions] = Field(default_factory=dict[str, RerunOptions])
    flow_options_by_path: dict[str, RerunOptions] = Field(default_factory=dict[str, RerunOptions])

    def options(self, body: bytes) -> dict[str, Rerun]:
        """How each script is run, by path; ``body`` is what this was parsed from, for values as they came.

        Raises InvalidInput for paths that are none, and for what can't be worked out.
        """
        by_kind = {
            "script_options_by_path": self.script_options_by_path,
            "flow_options_by_path": self.flow_options_by_path,
        }
        asked = {
            (kind, check_path(path, kind)): Rerun(
                use_latest_version=options.use_latest_version,
                inputs={
                    name: _input(transform, body, (kind, path, "input_transforms", name))
                    for name, transform in (options.input_transforms or {}).items()
                },
            )
            for kind, by_path in by_kind.items()
            for path, options in by_path.items()
        }
        return {path: how for (kind, path), how in asked.items() if kind == "script_options_by_path"}


class VersionOfJobs(BaseModel):
    """Jobs that ran one version; the schema is empty where it has none or can't be seen."""

    schema_: dict[str, Any] = Field(alias="schema")
    script_hash: str
    job_ids: list[UUID]


class SelectedJobGroup(BaseModel):
    """Jobs of one script."""

    kind: Literal["script", "flow"]
    script_path: str
    latest_schema: dict[str, Any]
    schemas: list[VersionOfJobs]


def _input(transform: InputTransform, body: bytes, place: PlainPath) -> bytes | PlainPath:
    field = f"{place[0]}.{place[1]}.input_transforms.{str(place[3])[:100]!r}"
    match transform:
        case Static():
            return find(body, (*place, "value")) or b"null"
        case Javascript(expr=expr):
            path = parse_plain_path(expr)
            if path is None or path[0] not in ("job", "flow_input"):
                raise InvalidInput(
                    field, "must be a plain path, such as job.input.x; nothing else is worked out"
                )
            return path
        case Ai():
            raise InvalidInput(field, "is for agents only; give a value")
