"""From a token to a principal: who asks, and with which rights in which workspace."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries
from headrace.errors import NotAuthenticated, NotFound
from headrace.model.job import JobToken, read_job_token
from headrace.model.principal import Principal
from headrace.model.scope import parse_scopes

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record

SQL = load_queries(__file__, "permissions.sql")

_REFUSED = "the token is missing, unknown, expired or revoked"


def token_hash(token: str) -> bytes:
    """What is stored of a token: its SHA-256. Tokens are random, so no salt is needed."""
    return hashlib.sha256(token.encode()).digest()


async def authenticate(connection: Connection, token: str, workspace: str | None) -> Principal:
    """The principal of a request, in ``workspace`` or, with None, on the instance.

    Raises NotAuthenticated for a token that is no good, and NotFound for a workspace of which its
    owner is no member: such a workspace looks as if it did not exist.
    """
    if job_token := read_job_token(token):
        return await _authenticate_job(connection, job_token, workspace)
    hashed = token_hash(token)
    if workspace is None:
        row = await SQL.identify_token.row(connection, hash=hashed)
    else:
        row = await SQL.identify_member.row(connection, hash=hashed, workspace=workspace)
    if row is None:
        raise NotAuthenticated(_REFUSED)
    owner = _on_instance(row) if workspace is None else _in_workspace(row, workspace)
    scopes = parse_scopes(row["scopes"]) if row["scopes"] is not None else None
    return dataclasses.replace(owner, scopes=scopes, read_only=row["read_only"])


async def describe_user(connection: Connection, workspace: str, username: str) -> Principal | None:
    """A member's rights in a workspace, without any on the instance; None where they are no member."""
    row = await SQL.describe_member.row(connection, workspace=workspace, username=username)
    return None if row is None else _as_member(row, workspace)


async def rights_of(connection: Connection, workspace: str, identity: str, email: str) -> Principal:
    """What ``permissioned_as`` may do in a workspace, at most what its admins may.

    Raises NotAuthenticated where the user or group is no longer there, or the superadmin none any more.
    """
    match identity.partition("/"):
        case "u", "/", name if name:
            rights = await describe_user(connection, workspace, name)
        case "g", "/", name if name:
            row = await SQL.describe_group.row(connection, workspace=workspace, name=name)
            rights = None if row is None else _as_group(row, workspace, name, email)
        case _:
            is_one = await SQL.is_superadmin_in.value(connection, workspace=workspace, email=identity)
            rights = _as_superadmin(workspace, identity) if is_one else None
    if rights is None:
        raise NotAuthenticated(f"{identity}: is not here any more, or has been disabled")
    return rights


def _on_instance(token: Record) -> Principal:
    # A token may be bound to a workspace; what it makes is bound to it, too.
    email: str = token["email"]
    return Principal(
        email=email, username=email, workspace=token["workspace_id"], is_superadmin=_is_superadmin(token)
    )


def _in_workspace(token: Record, workspace: str) -> Principal:
    """The rights of a person's token in a workspace, before its own limits."""
    is_superadmin = _is_superadmin(token)
    if token["workspace_id"] not in (None, workspace):
        raise _no_workspace(workspace)
    if token["username"] is not None:
        rights = _as_member(token, workspace)
    elif is_superadmin and token["may_without_membership"]:
        rights = _as_superadmin(workspace, token["email"])
    else:
        raise _no_workspace(workspace)
    return dataclasses.replace(rights, is_admin=rights.is_admin or is_superadmin, is_superadmin=is_superadmin)


def _is_superadmin(token: Record) -> bool:
    return token["super_admin"] and token["workspace_id"] is None


async def _authenticate_job(connection: Connection, token: JobToken, workspace: str | None) -> Principal:
    """A running job has the rights of ``permissioned_as``, at most a workspace admin's, in its workspace."""
    row = await SQL.identify_job.row(connection, job=token.job, attempt=token.attempt)
    if row is None or not hmac.compare_digest(row["token_hash"], hashlib.sha256(token.secret).digest()):
        raise NotAuthenticated(_REFUSED)
    if workspace not in (None, row["workspace_id"]):
        raise _no_workspace(workspace)
    return dataclasses.replace(_known(_as_job(row)), job=token.job)


def _as_job(row: Record) -> Principal | None:
    """The same as ``rights_of``, of a row that has both a user's rights and a group's."""
    workspace, identity = row["workspace_id"], row["permissioned_as"]
    match identity.partition("/"):
        case "u", "/", name if name:
            return None if row["username"] is None else _as_member(row, workspace)
        case "g", "/", name if name:
            return None if row["readable"] is None else _as_group(row, workspace, name, row["email"])
        case _:
            return _as_superadmin(workspace, identity) if row["is_superadmin"] else None


def _known(rights: Principal | None) -> Principal:
    if rights is None:
        raise NotAuthenticated(_REFUSED)
    return rights


def _as_member(row: Record, workspace: str) -> Principal:
    groups = tuple(row["groups"])
    return Principal(
        email=row["email"],
        username=row["username"],
        workspace=workspace,
        is_admin=row["is_admin"],
        is_operator=row["operator"],
        groups=groups,
        identities=(f"u/{row['username']}", *(f"g/{group}" for group in groups)),
        readable=tuple(row["readable"]),
        writable=tuple(row["writable"]),
        owned=tuple(row["owned"]),
    )


def _as_group(row: Record, workspace: str, name: str, email: str) -> Principal:
    return Principal(
        email=email,
        username=f"group-{name}",
        workspace=workspace,
        identities=(f"g/{name}",),
        readable=tuple(row["readable"]),
        writable=tuple(row["writable"]),
        owned=tuple(row["owned"]),
    )


def _as_superadmin(workspace: str, email: str) -> Principal:
    """A superadmin who is no member is shown, and runs jobs, by email (features §1)."""
    return Principal(email=email, username=email, workspace=workspace, is_admin=True, identities=(email,))


def _no_workspace(workspace: str | None) -> NotFound:
    return NotFound(f"workspace {workspace} does not exist, or you are no member of it")
