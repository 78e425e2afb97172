"""Scripts in an archive: the source, and beside it what else makes the version."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from headrace.api.export.archive import Entry
from headrace.api.export.order import Order
from headrace.api.schemas.answers import encode
from headrace.api.schemas.scripts import show_script
from headrace.store import exports

if TYPE_CHECKING:
    from headrace.model.script import Script

SUFFIXES = {"python3": ".py"}
_OF_THE_SERVER = frozenset({
    "hash", "path", "workspace_id", "content", "language", "created_by", "created_at", "archived", "deleted",
    "starred", "is_draft", "parent_hashes", "lock_error_logs", "auto_kind",
})  # fmt: skip
_LEFT_OUT_WHERE_FALSE = ("is_template", "ws_error_handler_muted", "has_preprocessor", "extra_perms")


async def export(order: Order) -> AsyncIterator[Entry]:
    """Two entries for each script."""
    async for script in exports.scripts(order.connection, order.workspace, order.owners):
        yield Entry(script.path + SUFFIXES[script.language], script.content.encode())
        yield Entry(f"{script.path}.script.json", encode(_metadata(script, order)))


def _metadata(script: Script, order: Order) -> dict[str, Any]:
    shown = show_script(script, order.workspace, [])
    left_out = set(_OF_THE_SERVER)
    left_out |= {name for name in _LEFT_OUT_WHERE_FALSE if not shown[name]}
    if not order.options.preserve_extra_perms:
        left_out.add("extra_perms")
    return {name: value for name, value in shown.items() if name not in left_out}
