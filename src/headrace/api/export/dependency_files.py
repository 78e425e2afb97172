"""The workspace's files of dependencies in an archive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from headrace.api.export.archive import Entry
from headrace.api.export.options import ExportOptions
from headrace.model.principal import Principal
from headrace.runtimes.python_dependencies.lock_inputs import file_path
from headrace.store import dependency_files

if TYPE_CHECKING:
    from headrace.db.connection import Connection


async def export(
    connection: Connection, principal: Principal, options: ExportOptions
) -> AsyncIterator[Entry]:
    """An entry for each file, where they are asked for."""
    if options.include_workspace_dependencies:
        for file in await dependency_files.list_all(connection, principal.workspace or ""):
            yield Entry(file_path(file.name), file.content.encode())
