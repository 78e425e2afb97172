"""Resources in an archive; what scripts keep between their runs is none of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from headrace.api.export.archive import Entry
from headrace.api.export.order import Order
from headrace.api.schemas.answers import with_raw
from headrace.store import exports


async def export(order: Order) -> AsyncIterator[Entry]:
    """An entry for each resource, its value as the text that it came as."""
    if order.options.skip_resources:
        return
    async for resource in exports.resources(order.connection, order.workspace, order.owners):
        fields = {
            "description": resource.description,
            "resource_type": resource.resource_type,
            **order.extras(resource.labels, resource.extra_perms),
        }
        value = resource.value.encode() if resource.value else None
        yield Entry(f"{resource.path}.resource.json", with_raw(fields, {"value": value}))
