"""The key that secrets of the workspace are encrypted under, in an archive."""

from __future__ import annotations

from collections.abc import AsyncIterator

from headrace.api.export.archive import Entry
from headrace.api.export.order import Order
from headrace.api.schemas.answers import encode
from headrace.lifecycle.values.reveal import reveal_key


async def export(order: Order) -> AsyncIterator[Entry]:
    """One entry, a string, where it is asked for by somebody who may have it. Raises PermissionDenied."""
    if order.options.include_key:
        key = await reveal_key(order.connection, order.vault, order.principal)
        yield Entry("encryption_key.json", encode(key))
