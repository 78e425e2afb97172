"""What an archive of a workspace is made of: one exporter for each kind of item, in this order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from headrace.api.export import (
    dependency_files,
    encryption_key,
    folders,
    groups,
    resource_types,
    resources,
    scripts,
    users,
    variables,
    workspace_settings,
)
from headrace.api.export.archive import Entry
from headrace.api.export.order import Order

EXPORTERS: tuple[Callable[[Order], AsyncIterator[Entry]], ...] = (
    workspace_settings.export,
    encryption_key.export,
    users.export,
    groups.export,
    folders.export,
    resource_types.export,
    variables.export,
    resources.export,
    dependency_files.export,
    scripts.export,
)


async def export_items(order: Order) -> AsyncIterator[Entry]:
    """All entries that the options ask for, of what the principal may see.

    Every member of an item's JSON equals the member of that name in the answer of the item's own route:
    clients compare the two to find out what has changed.
    """
    for export in EXPORTERS:
        async for entry in export(order):
            yield entry
