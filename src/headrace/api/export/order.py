"""What is to be exported, and for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headrace.api.export.options import ExportOptions
from headrace.model.principal import Principal
from headrace.permissions.check import readable_owners

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Order:
    """An export as it was asked for, within a transaction of whoever asked."""

    connection: Connection
    principal: Principal
    vault: Vault
    options: ExportOptions

    @property
    def workspace(self) -> str:
        """The workspace that is exported."""
        return self.principal.workspace or ""

    @property
    def owners(self) -> list[str] | None:
        """First two parts of the paths that are exported; None for all."""
        return readable_owners(self.principal)

    def extras(self, labels: list[str], extra_perms: dict[str, bool]) -> dict[str, Any]:
        """What most items don't have: labels, and rights of their own where these are asked for."""
        wanted = {"labels": labels, "extra_perms": extra_perms if self.options.preserve_extra_perms else None}
        return {name: value for name, value in wanted.items() if value}
