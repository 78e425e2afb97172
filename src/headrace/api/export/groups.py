"""Groups in an archive: members, and apart from them those who manage the group."""

from __future__ import annotations

from collections.abc import AsyncIterator

from headrace.api.export.archive import Entry
from headrace.api.export.order import Order
from headrace.api.schemas.answers import encode
from headrace.store.people import groups

_PAGE = 1000


async def export(order: Order) -> AsyncIterator[Entry]:
    """An entry for each group but the one of everybody, where they are asked for."""
    if not order.options.include_groups:
        return
    offset = 0
    while page := await groups.list_all(order.connection, order.workspace, limit=_PAGE, offset=offset):
        offset += len(page)
        for group in page:
            if group.name == groups.ALL:
                continue
            members = [f"u/{name}" for name in group.members]
            admins = [name for name, manages in group.extra_perms.items() if manages and name in members]
            fields = {
                "summary": group.summary,
                "admins": admins,
                "members": [name for name in members if name not in admins],
            }
            yield Entry(f"groups/{group.name}.group.json", encode(fields))
