"""The workspace's files of dependencies in an archive."""

from __future__ import annotations

from collections.abc import AsyncIterator

from headrace.api.export.archive import Entry
from headrace.api.export.order import Order
from headrace.runtimes.python_dependencies.lock_inputs import file_path
from headrace.store import dependency_files


async def export(order: Order) -> AsyncIterator[Entry]:
    """An entry for each file, where they are asked for."""
    if order.options.include_workspace_dependencies:
        for file in await dependency_files.list_all(order.connection, order.workspace):
            yield Entry(file_path(file.name), file.content.encode())
