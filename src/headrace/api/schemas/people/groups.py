"""Groups and rights on single things in the shape of the public contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

if TYPE_CHECKING:
    from headrace.store.people.groups import Group as StoredGroup

Text = Annotated[str, StringConstraints(max_length=1000)]


class NewGroup(BaseModel):
    """Body of a new group."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "devs", "summary": "Who write code"}]})

    name: str
    summary: Text | None = None


class GroupChange(BaseModel):
    """Body of a change of a group."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"summary": "Who write code"}]})

    summary: Text | None = None


class GroupMember(BaseModel):
    """Body that names a member of the workspace."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"username": "alice"}]})

    username: str


class Group(BaseModel):
    """A group; ``extra_perms`` maps those who manage it to true."""

    name: str
    summary: str
    members: list[str]
    extra_perms: dict[str, bool]


class Grant(BaseModel):
    """Body that gives somebody a right: to write, or only to read."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owner": "u/alice", "write": True}]})

    owner: str
    write: bool | None = None


class Withdrawal(BaseModel):
    """Body that takes somebody's right away."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owner": "u/alice"}]})

    owner: str


def show_group(group: StoredGroup) -> Group:
    """A group as the contract's ``Group``."""
    return Group(
        name=group.name,
        summary=group.summary,
        members=list(group.members),
        extra_perms=group.extra_perms,
    )
