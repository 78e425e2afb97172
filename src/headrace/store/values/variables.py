"""Variables: texts at paths. Of a secret only the ciphertext is here."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from headrace.db.queries import load_queries
from headrace.errors import Conflict

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record

SQL = load_queries(__file__, "variables.sql")


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable. ``value`` is the ciphertext where ``is_secret``.

    ``is_linked`` says that the resource at the same path refers to it.
    """

    path: str
    value: str
    is_secret: bool
    description: str
    labels: list[str]
    extra_perms: dict[str, bool]
    edited_by: str
    edited_at: datetime
    is_linked: bool


@dataclass(frozen=True, slots=True)
class VariableFilter:
    """Which variables are wanted; None narrows nothing. ``owners`` are the first two parts of paths.

    ``description``, ``value`` and ``anywhere`` are parts of texts, in any case; values of secrets are not
    searched.
    """

    owners: list[str] | None = None
    path: str | None = None
    path_start: str | None = None
    label: str | None = None
    description: str | None = None
    value: str | None = None
    anywhere: str | None = None


async def read(connection: Connection, workspace: str, path: str) -> Variable | None:
    """One variable; None where there is none to see."""
    row = await SQL.read_variable.row(connection, workspace=workspace, path=path)
    return None if row is None else variable_of(row)


async def lock(connection: Connection, workspace: str, path: str) -> Variable | None:
    """The same; nobody else changes it until the transaction ends. None where one may not change it."""
    row = await SQL.lock_variable.row(connection, workspace=workspace, path=path)
    return None if row is None else variable_of(row)


async def list_all(
    connection: Connection, workspace: str, wanted: VariableFilter, *, limit: int, offset: int
) -> list[Variable]:
    """Variables by path."""
    rows = await SQL.list_variables.rows(
        connection, workspace=workspace, limit=limit, offset=offset, **asdict(wanted)
    )
    return [variable_of(row) for row in rows]


async def list_secrets(connection: Connection, workspace: str) -> list[str]:
    """The paths of all secrets that one may see."""
    return [row["path"] for row in await SQL.list_secrets.rows(connection, workspace=workspace)]


async def replace_ciphertext(connection: Connection, workspace: str, path: str, ciphertext: str) -> None:
    """Store the same secret in another ciphertext."""
    await SQL.replace_ciphertext.run(connection, workspace=workspace, path=path, ciphertext=ciphertext)


async def add(  # noqa: PLR0913 - the columns of a variable
    connection: Connection,
    workspace: str,
    path: str,
    *,
    value: str,
    is_secret: bool,
    description: str,
    labels: list[str],
    username: str,
) -> None:
    """Make a variable; raises Conflict where the path is taken."""
    added = await SQL.add_variable.count(
        connection,
        workspace=workspace,
        path=path,
        value=value,
        is_secret=is_secret,
        description=description,
        labels=labels,
        username=username,
    )
    if not added:
        raise Conflict(f"variable {path} exists already")


async def change(connection: Connection, workspace: str, path: str, changed: Variable, username: str) -> None:
    """Make the variable at a path like ``changed``, its path too; raises Conflict where that is taken."""
    try:
        await SQL.change_variable.run(
            connection,
            workspace=workspace,
            path=path,
            new_path=changed.path,
            value=changed.value,
            is_secret=changed.is_secret,
            description=changed.description,
            labels=changed.labels,
            username=username,
        )
    except asyncpg.UniqueViolationError:
        raise Conflict(f"variable {changed.path} exists already") from None


async def delete(connection: Connection, workspace: str, path: str) -> bool:
    """Remove a variable; False where there is none that one may remove."""
    return bool(await SQL.delete_variable.count(connection, workspace=workspace, path=path))


def variable_of(row: Record) -> Variable:
    """A variable from a row of a query here."""
    return Variable(
        path=row["path"],
        value=row["value"],
        is_secret=row["is_secret"],
        description=row["description"],
        labels=row["labels"],
        extra_perms=json.loads(row["extra_perms"]),
        edited_by=row["edited_by"],
        edited_at=row["edited_at"],
        is_linked=row["is_linked"],
    )
