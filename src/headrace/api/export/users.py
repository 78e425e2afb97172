"""The members of the workspace in an archive."""

from __future__ import annotations

from collections.abc import AsyncIterator

from headrace.api.export.archive import Entry
from headrace.api.export.order import Order
from headrace.api.schemas.answers import encode
from headrace.store.people import members


async def export(order: Order) -> AsyncIterator[Entry]:
    """An entry for each member, where they are asked for."""
    if not order.options.include_users:
        return
    for member in await members.list_all(order.connection):
        role = "admin" if member.is_admin else "operator" if member.operator else "developer"
        fields = {"role": role, "username": member.username, "disabled": member.disabled}
        yield Entry(f"users/{member.email}.user.json", encode(fields))
