"""Scripts in an archive: the source, and beside it what else makes the version."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from headrace.api.export.archive import Entry
from headrace.api.export.options import ExportOptions
from headrace.api.schemas.answers import encode
from headrace.api.schemas.scripts import show_script
from headrace.model.principal import Principal
from headrace.permissions.check import readable_owners
from headrace.store import exports

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.script import Script

SUFFIXES = {"python3": ".py"}
_OF_THE_SERVER = frozenset({
    "hash", "path", "workspace_id", "content", "language", "created_by", "created_at", "archived", "deleted",
    "starred", "is_draft", "parent_hashes", "lock_error_logs", "auto_kind",
})  # fmt: skip
_LEFT_OUT_WHERE_FALSE = ("is_template", "ws_error_handler_muted", "has_preprocessor", "extra_perms")


async def export(
    connection: Connection, principal: Principal, options: ExportOptions
) -> AsyncIterator[Entry]:
    """Two entries for each script."""
    workspace = principal.workspace or ""
    async for script in exports.scripts(connection, workspace, readable_owners(principal)):
        yield Entry(script.path + SUFFIXES[script.language], script.content.encode())
        yield Entry(f"{script.path}.script.json", encode(_metadata(script, workspace, options)))


def _metadata(script: Script, workspace: str, options: ExportOptions) -> dict[str, Any]:
    shown = show_script(script, workspace, [])
    left_out = set(_OF_THE_SERVER)
    left_out |= {name for name in _LEFT_OUT_WHERE_FALSE if not shown[name]}
    if not options.preserve_extra_perms:
        left_out.add("extra_perms")
    return {name: value for name, value in shown.items() if name not in left_out}
