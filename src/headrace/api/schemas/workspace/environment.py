"""The environment of jobs in the shape of the public contract."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from headrace.model.contextual_variables import CONTEXTUAL


class ContextualVariable(BaseModel):
    """A variable of the environment of every job, with a value it might have."""

    name: str
    value: str
    description: str
    is_custom: bool


class NewEnvironmentVariable(BaseModel):
    """A variable for the environment of all jobs of a workspace; without a value it is taken away."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "REGION", "value": "eu-west-1"}, {"name": "REGION"}]}
    )

    name: str
    value: str | None = None


def show_contextual(values: dict[str, str], custom: dict[str, str]) -> list[dict[str, str | bool]]:
    """What Headrace sets, with values as far as they are known outside a job, then the workspace's own."""
    return [
        {"name": name, "value": values.get(name, ""), "description": description, "is_custom": False}
        for name, description in CONTEXTUAL.items()
    ] + [
        {"name": name, "value": value, "description": "Set for all jobs of the workspace", "is_custom": True}
        for name, value in custom.items()
    ]
