"""Resources in an archive."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from headrace.api.export.archive import Entry
from headrace.api.export.options import ExportOptions
from headrace.api.schemas.answers import with_raw
from headrace.model.principal import Principal
from headrace.permissions.check import readable_owners
from headrace.store import exports

if TYPE_CHECKING:
    from headrace.db.connection import Connection


async def export(
    connection: Connection, principal: Principal, options: ExportOptions
) -> AsyncIterator[Entry]:
    """An entry for each resource, its value as the text that it came as."""
    if options.skip_resources:
        return
    async for row in exports.resources(connection, principal.workspace or "", readable_owners(principal)):
        fields = {"description": row["description"], "resource_type": row["resource_type"]}
        extra_perms = json.loads(row["extra_perms"])
        if options.preserve_extra_perms and extra_perms:
            fields["extra_perms"] = extra_perms
        value = row["value"].encode() if row["value"] else None
        yield Entry(f"{row['path']}.resource.json", with_raw(fields, {"value": value}))
