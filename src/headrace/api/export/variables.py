"""Variables in an archive; secrets as ciphertexts, unless their texts are asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator

from headrace.api.export.archive import Entry
from headrace.api.export.order import Order
from headrace.api.schemas.answers import encode
from headrace.lifecycle.values.reveal import reveal
from headrace.permissions.check import may_read_variables
from headrace.store import exports


async def export(order: Order) -> AsyncIterator[Entry]:
    """An entry for each variable. Each secret that is revealed is in the audit log."""
    options = order.options
    if options.skip_variables or not may_read_variables(order.principal):
        return
    async for variable in exports.variables(order.connection, order.workspace, order.owners):
        if variable.is_secret and options.skip_secrets:
            continue
        value = variable.value
        if options.plain_secret:
            value = await reveal(order.connection, order.vault, order.principal, variable)
        fields = {
            "value": value,
            "is_secret": variable.is_secret,
            "description": variable.description,
            **order.extras(variable.labels, variable.extra_perms),
        }
        yield Entry(f"{variable.path}.variable.json", encode(fields))
