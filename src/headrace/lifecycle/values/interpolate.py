"""Puts values in the places of references (features §7.4), with the rights of who asks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from headrace.errors import InvalidInput, NotFound, TooLarge
from headrace.lifecycle.values.reveal import find_variable, reveal
from headrace.model.references import Reference, find_references, replace_references
from headrace.permissions import check
from headrace.store.values import resources

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.principal import Principal
    from headrace.store.values.resources import Resource
    from headrace.vault.vault import Vault

MOST_DEPTH = 20
MOST_REFERENCES = 1000
MOST_CHARACTERS = 10_000_000


async def find_resource(connection: Connection, principal: Principal, path: str) -> Resource:
    """A resource as it is stored; raises NotFound."""
    check.require_read(principal, path, "resource")
    resource = await resources.read(connection, principal.workspace or "", path)
    if resource is None:
        raise NotFound(f"resource {path} does not exist, or you may not see it")
    return resource


async def interpolate(connection: Connection, vault: Vault, principal: Principal, path: str) -> str:
    """The value of a resource as a JSON text with nothing left to look up.

    What it leads to has to be in the token's scopes, too: else whoever may write a resource could read any
    secret by referring to it. Raises NotFound and PermissionDenied for what it leads to, InvalidInput for a
    circle, more than MOST_DEPTH resources within one another or MOST_REFERENCES in all, TooLarge beyond
    MOST_CHARACTERS.
    """
    interpolation = _Interpolation(connection, vault, principal)
    return await interpolation.value_of(Reference("resource", path), ())


class _Interpolation:
    def __init__(self, connection: Connection, vault: Vault, principal: Principal) -> None:
        self._connection = connection
        self._vault = vault
        self._principal = principal
        self._references = 0
        self._known: dict[Reference, str] = {}

    async def value_of(self, reference: Reference, trail: tuple[str, ...]) -> str:
        """The JSON text that stands for a reference, to which a trail of resources has led."""
        self._count(reference, trail)
        if reference not in self._known:
            path = reference.check()
            check.require_in_scope(self._principal, f"{reference.kind}s", "read", path)
            if reference.kind == "variable":
                variable = await find_variable(self._connection, self._principal, path)
                value = await reveal(self._connection, self._vault, self._principal, variable)
                self._known[reference] = json.dumps(value, ensure_ascii=False)
            else:
                self._known[reference] = await self._resource(path, (*trail, path))
        return self._known[reference]

    async def _resource(self, path: str, trail: tuple[str, ...]) -> str:
        resource = await find_resource(self._connection, self._principal, path)
        text = resource.value or "null"
        spans = find_references(text)
        values: dict[Reference, str] = {}
        size = len(text)
        for span in spans:
            values[span.reference] = await self.value_of(span.reference, trail)
            size += len(values[span.reference])
            if size > MOST_CHARACTERS:
                raise TooLarge(
                    f"resource {trail[0]} has more than {MOST_CHARACTERS} characters with what it refers to"
                )
        return replace_references(text, spans, values)

    def _count(self, reference: Reference, trail: tuple[str, ...]) -> None:
        if reference.kind == "resource" and reference.path in trail:
            shown = " → ".join((*trail, reference.path))
            raise InvalidInput("path", f"resources refer to one another in a circle: {shown}")
        if len(trail) > MOST_DEPTH:
            raise InvalidInput("path", f"leads through more than {MOST_DEPTH} resources, to {trail[-1]}")
        self._references += 1
        if self._references > MOST_REFERENCES:
            raise InvalidInput("path", f"leads to more than {MOST_REFERENCES} references")
