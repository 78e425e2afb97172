"""The settings of the workspace itself in an archive."""

from __future__ import annotations

from collections.abc import AsyncIterator

from headrace.api.export.archive import Entry
from headrace.api.export.order import Order
from headrace.api.schemas.answers import encode, without_none
from headrace.store import workspaces


async def export(order: Order) -> AsyncIterator[Entry]:
    """One entry, where it is asked for: name and color. Both versions of settings have them alike."""
    if order.options.include_settings:
        workspace = await workspaces.read(order.connection, order.workspace)
        yield Entry("settings.json", encode(without_none(name=workspace.name, color=workspace.color)))
