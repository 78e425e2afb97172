"""Folders in an archive."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from headrace.api.export.archive import Entry
from headrace.api.export.options import ExportOptions
from headrace.api.schemas.answers import encode
from headrace.model.principal import Principal
from headrace.permissions.check import readable_owners
from headrace.store import exports

if TYPE_CHECKING:
    from headrace.db.connection import Connection


async def export(
    connection: Connection, principal: Principal, options: ExportOptions
) -> AsyncIterator[Entry]:
    """An entry for each folder, whatever the options say."""
    del options
    async for row in exports.folders(connection, principal.workspace or "", readable_owners(principal)):
        fields = {
            "summary": row["summary"],
            "display_name": row["display_name"],
            "owners": row["owners"],
            "extra_perms": json.loads(row["extra_perms"]),
        }
        yield Entry(f"f/{row['name']}/folder.meta.json", encode(fields))
