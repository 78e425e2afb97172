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
    row = await SQL.identify_token.row(connection, hash=token_hash(token))
    if row is None:
        raise NotAuthenticated(_REFUSED)
    owner = await _describe_owner(connection, row, workspace)
    scopes = parse_scopes(row["scopes"]) if row["scopes"] is not None else None
    return dataclasses.replace(owner, scopes=scopes, read_only=row["read_only"])


async def _describe_owner(connection: Connection, token: Record, workspace: str | None) -> Principal:
    """The rights of a person's token, before its own limits."""
    email: str = token["email"]
    is_superadmin: bool = token["super_admin"] and token["workspace_id"] is None
    if workspace is None:
        # A token may be bound to a workspace; what it makes is bound to it, too.
        return Principal(
            email=email, username=email, workspace=token["workspace_id"], is_superadmin=is_superadmin
        )
    if token["workspace_id"] not in (None, workspace):
        raise _no_workspace(workspace)
    username = await SQL.username_of.value(connection, workspace=workspace, email=email)
    member = await describe_user(connection, workspace, username) if username else None
    if member is None and not (
        is_superadmin and await SQL.workspace_exists.value(connection, workspace=workspace)
    ):
        raise _no_workspace(workspace)
    return _in_workspace(member, email, workspace, is_superadmin=is_superadmin)


async def describe_user(connection: Connection, workspace: str, username: str) -> Principal | None:
    """A member's rights in a workspace, without any on the instance; None where they are no member."""
    row = await SQL.describe_member.row(connection, workspace=workspace, username=username)
    if row is None:
        return None
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


def _in_workspace(member: Principal | None, email: str, workspace: str, *, is_superadmin: bool) -> Principal:
    if member is None:
        # A superadmin who is no member is shown, and runs jobs, by email (features §1).
        return Principal(
            email=email,
            username=email,
            workspace=workspace,
            is_admin=True,
            is_superadmin=True,
            identities=(email,),
            readable=(),
            writable=(),
        )
    return Principal(
        email=member.email,
        username=member.username,
        workspace=workspace,
        is_admin=member.is_admin or is_superadmin,
        is_superadmin=is_superadmin,
        is_operator=member.is_operator,
        groups=member.groups,
        identities=member.identities,
        readable=member.readable,
        writable=member.writable,
        owned=member.owned,
    )


async def _authenticate_job(connection: Connection, token: JobToken, workspace: str | None) -> Principal:
    """A running job has the rights of ``permissioned_as``, at most a workspace admin's, in its workspace."""
    row = await SQL.find_job_token.row(connection, job=token.job, attempt=token.attempt)
    if row is None or not hmac.compare_digest(row["token_hash"], hashlib.sha256(token.secret).digest()):
        raise NotAuthenticated(_REFUSED)
    if workspace not in (None, row["workspace_id"]):
        raise _no_workspace(workspace)
    rights = await rights_of(connection, row["workspace_id"], row["permissioned_as"], row["email"])
    return Principal(
        email=rights.email,
        username=rights.username,
        workspace=row["workspace_id"],
        is_admin=rights.is_admin,
        is_superadmin=False,
        is_operator=rights.is_operator,
        groups=rights.groups,
        identities=rights.identities,
        readable=rights.readable,
        writable=rights.writable,
        owned=rights.owned,
        job=token.job,
    )


async def rights_of(connection: Connection, workspace: str, identity: str, email: str) -> Principal:
    """What ``permissioned_as`` may do in a workspace, at most what its admins may.

    Raises NotAuthenticated where the user or group is no longer there.
    """
    kind, _, name = identity.partition("/")
    if kind == "u" and name:
        member = await describe_user(connection, workspace, name)
        if member is None:
            raise NotAuthenticated(_REFUSED)
        return member
    if kind == "g" and name:
        row = await SQL.describe_group.row(connection, workspace=workspace, name=name)
        if row is None:
            raise NotAuthenticated(_REFUSED)
        return Principal(
            email=email,
            username=f"group-{name}",
            workspace=workspace,
            identities=(identity,),
            readable=tuple(row["readable"]),
            writable=tuple(row["writable"]),
            owned=tuple(row["owned"]),
        )
    # A superadmin's own email: who is no member, and whose jobs are capped at workspace admin.
    return Principal(
        email=identity, username=identity, workspace=workspace, is_admin=True, identities=(identity,)
    )


def _no_workspace(workspace: str | None) -> NotFound:
    return NotFound(f"workspace {workspace} does not exist, or you are no member of it")
