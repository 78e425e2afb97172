"""Folders in an archive."""

from __future__ import annotations

from collections.abc import AsyncIterator

from headrace.api.export.archive import Entry
from headrace.api.export.order import Order
from headrace.api.schemas.answers import encode
from headrace.store import folders


async def export(order: Order) -> AsyncIterator[Entry]:
    """An entry for each folder, whatever the options say."""
    for folder in await folders.list_all(order.connection, order.workspace, order.owners, limit=None):
        fields = {
            "summary": folder.summary,
            "display_name": folder.display_name,
            "owners": list(folder.owners),
            "extra_perms": folder.extra_perms,
        }
        if folder.labels:
            fields["labels"] = list(folder.labels)
        yield Entry(f"f/{folder.name}/folder.meta.json", encode(fields))
