"""Routes about rights that are given by name: ``extra_perms``.

Those of folders and groups count. Those of single scripts, resources and variables are kept and shown, as
clients want it, but give nothing: a script has the rights of its folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.schemas.people.groups import Grant, Withdrawal
from headrace.errors import InvalidInput
from headrace.model.path import check_identity
from headrace.permissions import check
from headrace.store import audit
from headrace.store.people import acls
from headrace.store.people.acls import Kind

if TYPE_CHECKING:
    from headrace.db.connection import Connection

router = APIRouter(prefix="/w/{workspace}/acls", tags=["granular_acl"], route_class=CheckedRoute)

_KINDS: dict[str, Kind] = {
    "script": "script",
    "resource": "resource",
    "variable": "variable",
    "folder": "folder",
    "group_": "group",
}
_PLACES = {"folder": "f/", "group": "g/"}
_OPERATIONS = {
    "script": "scripts.update",
    "resource": "resources.update",
    "variable": "variables.update",
    "folder": "folder.update",
    "group": "group.edit",
}


@router.get("/get/{kind}/{path:path}")
async def get_granular_acls(kind: str, path: str, caller: WorkspaceCaller) -> dict[str, bool]:
    """Who has rights on a thing besides those of its folder: true to write (or manage), false to read."""
    found = _kind(kind)
    place = _PLACES.get(found, "") + path
    if found == "variable":
        check.require_reader_of_variables(caller.principal)
    if found != "group":
        check.require_read(caller.principal, place, found)
    async with caller.transaction() as connection:
        return await acls.read(connection, caller.workspace, found, path)


@router.post("/add/{kind}/{path:path}", response_class=PlainTextResponse)
async def add_granular_acls(kind: str, path: str, body: Grant, caller: WorkspaceCaller) -> str:
    """Give somebody a right on a thing, for those who own it."""
    found = _kind(kind)
    identity = check_identity(body.owner, "owner")
    _require_owner(caller, found, path)
    async with caller.transaction() as connection:
        await acls.add(connection, caller.workspace, found, path, identity, write=bool(body.write))
        await _audit(connection, caller, found, path, {"owner": identity, "write": bool(body.write)})
    return f"{identity} may {'write' if body.write else 'read'} {path}{_effect(found)}"


@router.post("/remove/{kind}/{path:path}", response_class=PlainTextResponse)
async def remove_granular_acls(kind: str, path: str, body: Withdrawal, caller: WorkspaceCaller) -> str:
    """Take somebody's right on a thing away, for those who own it."""
    found = _kind(kind)
    identity = check_identity(body.owner, "owner")
    _require_owner(caller, found, path)
    async with caller.transaction() as connection:
        await acls.remove(connection, caller.workspace, found, path, identity)
        await _audit(connection, caller, found, path, {"owner": identity})
    return f"{identity} has no right of their own on {path}"


def _kind(kind: str) -> Kind:
    found = _KINDS.get(kind)
    if found is None:
        raise InvalidInput("kind", f"must be one of {', '.join(_KINDS)}")
    return found


def _require_owner(caller: Caller, kind: Kind, path: str) -> None:
    check.require_owner(caller.principal, _PLACES.get(kind, "") + path, kind)


async def _audit(
    connection: Connection, caller: Caller, kind: Kind, path: str, parameters: dict[str, object]
) -> None:
    await audit.write(connection, caller.principal, _OPERATIONS[kind], "Updated", path, parameters)


def _effect(kind: Kind) -> str:
    """Says where a right is kept but has no effect."""
    return "" if kind in _PLACES else f"; kept, but a single {kind} has the rights of its folder alone"
