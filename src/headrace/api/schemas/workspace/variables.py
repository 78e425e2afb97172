"""Variables in the shape of the public contract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from headrace.api.instants import Instant
from headrace.api.schemas.workspace.draft_overlay import DraftOverlay
from headrace.api.schemas.workspace.labels import Labels
from headrace.errors import InvalidInput
from headrace.lifecycle.values.save_variable import NewValues
from headrace.store.values.variables import VariableFilter

if TYPE_CHECKING:
    from headrace.store.values.variables import Variable

Description = Annotated[str, StringConstraints(max_length=10_000)]


class ListableVariable(BaseModel):
    """A variable; the value of a secret is left out of lists."""

    workspace_id: str
    path: str
    value: str | None = None
    is_secret: bool
    description: str
    labels: list[str]
    extra_perms: dict[str, bool]
    is_oauth: bool
    is_linked: bool
    edited_by: str
    edited_at: datetime


class VariableWithDraft(ListableVariable, DraftOverlay):
    """One variable."""


class _Unsupported(BaseModel):
    """What the contract knows of variables and isn't here: refused unless it says nothing."""

    account: int | None = None
    is_oauth: bool | None = None
    expires_at: Instant | None = None
    value_valid_until: Instant | None = None
    ws_specific: bool | None = None

    def refuse_unsupported(self) -> None:
        """Raise InvalidInput for what isn't here."""
        if self.account is not None or self.is_oauth:
            raise InvalidInput("account", "variables that OAuth renews are not supported")
        for name in ("expires_at", "value_valid_until"):
            if getattr(self, name) is not None:
                raise InvalidInput(name, "variables do not expire here; leave it out")
        if self.ws_specific:
            raise InvalidInput("ws_specific", "is not supported; leave it out")


class NewVariable(_Unsupported):
    """A new variable. With ``already_encrypted`` the value of a secret is a ciphertext."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "path": "f/reports/api_token",
                    "value": "s3cret",
                    "is_secret": True,
                    "description": "Token of the weather service",
                }
            ]
        }
    )

    path: str
    value: str
    is_secret: bool
    description: Description = ""
    labels: Labels | None = None

    def wanted(self, *, already_encrypted: bool) -> NewValues:
        """The same in our own words; raises InvalidInput for what isn't here."""
        self.refuse_unsupported()
        return NewValues(
            value=self.value,
            is_secret=self.is_secret,
            description=self.description,
            labels=self.labels,
            is_ciphertext=already_encrypted,
        )


class EditVariable(_Unsupported):
    """What is to change of a variable; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"value": "another s3cret"}]})

    path: str | None = None
    value: str | None = None
    is_secret: bool | None = None
    description: Description | None = None
    labels: Labels | None = None

    def wanted(self, *, already_encrypted: bool) -> NewValues:
        """The same in our own words; raises InvalidInput for what isn't here."""
        self.refuse_unsupported()
        return NewValues(
            path=self.path,
            value=self.value,
            is_secret=self.is_secret,
            description=self.description,
            labels=self.labels,
            is_ciphertext=already_encrypted,
        )


@dataclass(frozen=True, slots=True)
class VariableQuery:
    """Filters as they are given; what is empty narrows nothing."""

    path_start: str | None = None
    path: str | None = None
    description: str | None = None
    value: str | None = None
    broad_filter: str | None = None
    label: str | None = None
    include_draft_only: bool = False

    def filter(self, owners: list[str] | None) -> VariableFilter:
        """The same in our own words, for whoever reads paths of these owners; raises InvalidInput."""
        if self.include_draft_only:
            raise InvalidInput("include_draft_only", "lists show variables, not mere drafts; leave it out")
        return VariableFilter(
            owners=owners,
            path=self.path or None,
            path_start=self.path_start or None,
            label=self.label or None,
            description=self.description or None,
            value=self.value or None,
            anywhere=self.broad_filter or None,
        )


def show_variable(variable: Variable, workspace: str) -> dict[str, Any]:
    """A variable without the value of a secret."""
    value = {} if variable.is_secret else {"value": variable.value}
    return {
        "workspace_id": workspace,
        "path": variable.path,
        **value,
        "is_secret": variable.is_secret,
        "description": variable.description,
        "labels": variable.labels,
        "extra_perms": variable.extra_perms,
        "is_oauth": False,
        "is_linked": variable.is_linked,
        "edited_by": variable.edited_by,
        "edited_at": variable.edited_at,
    }
