"""Resources in the shape of the public contract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from headrace.api.schemas.workspace.draft_overlay import DraftOverlay
from headrace.api.schemas.workspace.labels import Labels
from headrace.errors import InvalidInput
from headrace.lifecycle.values.save_resource import NewContent
from headrace.store.values.resources import STATE, ResourceFilter

if TYPE_CHECKING:
    from headrace.store.values.resources import Resource

TypeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]
Description = Annotated[str, StringConstraints(max_length=10_000)]


class ListableResource(BaseModel):
    """A resource without its value."""

    workspace_id: str
    path: str
    resource_type: str
    description: str
    labels: list[str]
    extra_perms: dict[str, bool]
    created_by: str
    edited_at: datetime
    is_oauth: bool
    is_linked: bool
    is_refreshed: bool


class ResourceWithDraft(ListableResource, DraftOverlay):
    """One resource, its value as it is stored: references in it are not followed."""

    value: Any = None


class NamedResource(BaseModel):
    """A resource by the name that its value gives it, else the last part of its path."""

    name: str
    path: str


class SearchableResource(BaseModel):
    """The beginning of a resource's value as JSON text, and whether it goes on."""

    path: str
    value: str
    truncated: bool


class _Unsupported(BaseModel):
    """What the contract knows of resources and isn't here: refused unless it says nothing."""

    ws_specific: bool | None = None
    preserve_on_behalf_of: bool | None = None

    def refuse_unsupported(self) -> None:
        """Raise InvalidInput for what isn't here."""
        for name in ("ws_specific", "preserve_on_behalf_of"):
            if getattr(self, name):
                raise InvalidInput(name, "is not supported; leave it out")


class NewResource(_Unsupported):
    """A new resource."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "path": "f/reports/warehouse",
                    "resource_type": "postgresql",
                    "value": {"host": "db.example.org", "password": "$var:f/reports/warehouse_password"},
                }
            ]
        }
    )

    path: str
    value: Any = None
    resource_type: TypeName
    description: Description | None = None
    labels: Labels | None = None

    def wanted(self, value: str | None) -> NewContent:
        """The same in our own words, with the value as the text it came as; raises InvalidInput."""
        self.refuse_unsupported()
        return NewContent(
            value=value, resource_type=self.resource_type, description=self.description, labels=self.labels
        )


class EditResource(_Unsupported):
    """What is to change of a resource; what is left out stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"description": "The warehouse, read only", "labels": ["daily"]}]}
    )

    path: str | None = None
    value: Any = None
    resource_type: TypeName | None = None
    description: Description | None = None
    labels: Labels | None = None

    def wanted(self, value: str | None) -> NewContent:
        """The same in our own words, with the value as the text it came as; raises InvalidInput."""
        self.refuse_unsupported()
        return NewContent(
            path=self.path,
            value=value,
            resource_type=self.resource_type,
            description=self.description,
            labels=self.labels,
        )


class NewValue(BaseModel):
    """A new value."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"value": {"last_seen": 42}}]})

    value: Any = None


@dataclass(frozen=True, slots=True)
class ResourceQuery:
    """Filters as they are given; what is empty narrows nothing.

    ``resource_type`` and ``resource_type_exclude`` may be several with commas between them. States are
    shown where their type, or the path of one, is asked for.
    """

    resource_type: str | None = None
    resource_type_exclude: str | None = None
    path_start: str | None = None
    path: str | None = None
    description: str | None = None
    value: str | None = None
    broad_filter: str | None = None
    label: str | None = None
    include_draft_only: bool = False
    starred_only: bool = False

    def filter(self, owners: list[str] | None) -> ResourceFilter:
        """The same in our own words, for whoever reads paths of these owners; raises InvalidInput."""
        if self.include_draft_only:
            raise InvalidInput("include_draft_only", "lists show resources, not mere drafts; leave it out")
        excluded = _words(self.resource_type_exclude)
        if not self.resource_type and not self.path:
            excluded.append(STATE)
        return ResourceFilter(
            owners=owners,
            types=_words(self.resource_type) or None,
            types_exclude=excluded or None,
            path=self.path or None,
            path_start=self.path_start or None,
            label=self.label or None,
            description=self.description or None,
            value=self.value or None,
            anywhere=self.broad_filter or None,
        )


def show_resource(resource: Resource, workspace: str) -> dict[str, Any]:
    """A resource without its value."""
    return {
        "workspace_id": workspace,
        "path": resource.path,
        "resource_type": resource.resource_type,
        "description": resource.description,
        "labels": resource.labels,
        "extra_perms": resource.extra_perms,
        "created_by": resource.created_by,
        "edited_at": resource.edited_at,
        "is_oauth": False,
        "is_linked": resource.is_linked,
        "is_refreshed": False,
    }


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]
