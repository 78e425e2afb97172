"""What an archive of a workspace is made of: one exporter for each kind of item, in this order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from headrace.api.export import dependency_files, folders, resources, scripts
from headrace.api.export.archive import Entry
from headrace.api.export.options import ExportOptions
from headrace.model.principal import Principal

if TYPE_CHECKING:
    from headrace.db.connection import Connection

Exporter = Callable[["Connection", Principal, ExportOptions], AsyncIterator[Entry]]

EXPORTERS: tuple[Exporter, ...] = (
    folders.export,
    resources.export,
    dependency_files.export,
    scripts.export,
)


async def export_items(
    connection: Connection, principal: Principal, options: ExportOptions
) -> AsyncIterator[Entry]:
    """All entries that the options ask for, of what the principal may see.

    Every member of an item's JSON equals the member of that name in the answer of the item's own route:
    clients compare the two to find out what has changed.
    """
    for export in EXPORTERS:
        async for entry in export(connection, principal, options):
            yield entry
