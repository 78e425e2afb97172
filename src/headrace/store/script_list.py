"""Builds the query of a list of scripts from its filters.

One of the two places where SQL is put together (the other is the list of runs): from literal conditions,
with every value a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from headrace.store.scripts import script_of

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import ScriptHash
    from headrace.model.script import Script

_SELECT: LiteralString = """
select s.hash, s.path, s.parent_hash, '' as content, s.language, s.summary, s.description, s.kind,
       null as schema, null as lock, s.lock_error, s.lock_job, s.is_library, s.has_preprocessor,
       s.deployment_message, s.settings, s.extra_perms, s.created_by, s.created_at, s.archived, s.deleted,
       s.line, s.number, s.error_handler_muted
from script s
where s.workspace_id = $1"""
_HEADS: LiteralString = " and not s.archived and not s.deleted"
# Of a path that nothing is at any more: the last version that was.
_ARCHIVED: LiteralString = """ and s.archived and not s.deleted
  and not exists (select from script o
                  where o.workspace_id = $1 and o.path = s.path and not o.deleted
                    and (not o.archived or (o.created_at, o.hash) > (s.created_at, s.hash)))"""
# A line is linear, so who is earlier in it is an ancestor.
_ANCESTOR: LiteralString = (
    "exists (select from script a"
    " where a.workspace_id = $1 and a.line = s.line and a.number < s.number and a.hash = {}"
)
_CONDITIONS: dict[str, LiteralString] = {
    "owners": "s.owner = any ({}::text[])",
    "path_exact": "s.path = {}",
    "path_start": "starts_with(s.path, {})",
    "created_by": "s.created_by = {}",
    "kinds": "s.kind = any ({}::text[])",
    "languages": "s.language = any ({}::text[])",
    "is_template": "coalesce((s.settings ->> 'is_template')::boolean, false) = {}",
    "is_dedicated": "coalesce((s.settings ->> 'dedicated_worker')::boolean, false) = {}",
    "label": "s.settings -> 'labels' ? {}",
    "parent": "s.parent_hash = {}",
    "ancestor": _ANCESTOR + ")",
    "oldest_ancestor": _ANCESTOR + " and a.number = greatest(1, s.number - 100))",
}


@dataclass(frozen=True, slots=True)
class ScriptFilter:
    """Which scripts are wanted; None and False narrow nothing.

    ``owners`` are the first two parts of paths. ``parent`` is the direct parent of the newest version,
    ``ancestor`` any version before it, ``oldest_ancestor`` the last that its ``parent_hashes`` name.
    ``is_archived`` wants paths that nothing is at any more instead, each with its last version.
    """

    owners: list[str] | None = None
    path_exact: str | None = None
    path_start: str | None = None
    created_by: str | None = None
    kinds: list[str] | None = None
    languages: list[str] | None = None
    is_template: bool | None = None
    is_dedicated: bool | None = None
    label: str | None = None
    parent: ScriptHash | None = None
    ancestor: ScriptHash | None = None
    oldest_ancestor: ScriptHash | None = None
    is_archived: bool = False
    with_libraries: bool = False
    newest_first: bool = True


async def list_scripts(
    connection: Connection, workspace: str, wanted: ScriptFilter, *, limit: int, offset: int
) -> list[Script]:
    """The newest versions of scripts, without source, schema and lock, by time of deployment."""
    statement, values = select_scripts(workspace, wanted, limit, offset)
    return [script_of(row) for row in await connection.fetch(statement, *values)]


def select_scripts(
    workspace: str, wanted: ScriptFilter, limit: int, offset: int
) -> tuple[LiteralString, list[Any]]:
    """The statement and its values; rows have the columns of the table."""
    values: list[Any] = [workspace, limit, offset]
    statement: LiteralString = _SELECT + (_ARCHIVED if wanted.is_archived else _HEADS)
    for name, condition in _CONDITIONS.items():
        value = getattr(wanted, name)
        if value is not None:
            values.append(value)
            statement += " and " + condition.replace("{}", _PLACEHOLDERS[len(values)])
    if not wanted.with_libraries:
        statement += " and not s.is_library"
    order: LiteralString = "s.created_at desc, s.hash" if wanted.newest_first else "s.created_at, s.hash desc"
    return statement + " order by " + order + " limit $2 offset $3", values


_PLACEHOLDERS: tuple[LiteralString, ...] = (
    "$0", "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15",
)  # fmt: skip
