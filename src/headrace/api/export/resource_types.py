"""The workspace's own types of resources in an archive."""

from __future__ import annotations

from collections.abc import AsyncIterator

from headrace.api.export.archive import Entry
from headrace.api.export.order import Order
from headrace.api.schemas.answers import with_raw, without_none
from headrace.store.values import resource_types


async def export(order: Order) -> AsyncIterator[Entry]:
    """An entry for each type, its schema as the text that it was given as."""
    if order.options.skip_resource_types:
        return
    for found in await resource_types.list_all(order.connection, order.workspace):
        if found.workspace != order.workspace:  # one that all workspaces have
            continue
        fields = without_none(
            description=found.description,
            display_name=found.display_name,
            format_extension=found.format_extension,
            is_fileset=found.is_fileset or None,
        )
        schema = None if found.schema is None else found.schema.encode()
        yield Entry(f"{found.name}.resource-type.json", with_raw(fields, {"schema": schema}))
