"""Loads named SQL queries from the .sql file beside the module that uses them.

A query begins with a line ``-- name: release_due`` and a comment of its purpose; parameters are
written ``:name`` and become PostgreSQL's ``$n`` in order of first appearance. Nothing is ever
put into the text of a query.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_PREFETCH = 50
"""Rows of a stream that are fetched at once."""
_PARAMETER = re.compile(r"('(?:[^']|'')*'|--[^\n]*)|(?<![:\w]):([a-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Query:
    """One named statement. Values are given by name, and exactly those it mentions."""

    name: str
    sql: str
    parameters: tuple[str, ...]

    def bind(self, values: dict[str, Any]) -> list[Any]:
        """Order the values as the statement wants them; raises TypeError for a wrong set of names."""
        if values.keys() != set(self.parameters):
            odd = sorted(values.keys() ^ set(self.parameters))
            raise TypeError(f"query {self.name}: parameters {', '.join(odd)} are missing or too many")
        return [values[name] for name in self.parameters]

    async def rows(self, connection: Connection, **values: Any) -> list[Record]:
        """Run the statement and return all its rows."""
        return await connection.fetch(self.sql, *self.bind(values))

    async def row(self, connection: Connection, **values: Any) -> Record | None:
        """Run the statement and return its first row, or None."""
        return await connection.fetchrow(self.sql, *self.bind(values))

    async def value(self, connection: Connection, **values: Any) -> Any:
        """Run the statement and return the first column of its first row, or None."""
        return await connection.fetchval(self.sql, *self.bind(values))

    async def stream(self, connection: Connection, **values: Any) -> AsyncIterator[Record]:
        """Run the statement, within a transaction, and give its rows without holding them all."""
        async for row in connection.cursor(self.sql, *self.bind(values), prefetch=_PREFETCH):
            yield row

    async def count(self, connection: Connection, **values: Any) -> int:
        """Run the statement and return how many rows it wrote; for those whose rows can't be read back."""
        status = await connection.execute(self.sql, *self.bind(values))
        return int(status.rpartition(" ")[2])

    async def run(self, connection: Connection, **values: Any) -> None:
        """Run the statement for its effect."""
        await connection.execute(self.sql, *self.bind(values))


class Queries:
    """The queries of one file, as attributes."""

    def __init__(self, queries: dict[str, Query]) -> None:
        self._queries = queries

    def __getattr__(self, name: str) -> Query:
        try:
            return self._queries[name]
        except KeyError:
            raise AttributeError(f"there is no query named {name}") from None

    def __iter__(self):  # noqa: ANN204 - an iterator of Query
        return iter(self._queries.values())


def load_queries(module_file: str, name: str) -> Queries:
    """Read the queries of ``name``, a file in the folder of ``module_file``."""
    text = (Path(module_file).parent / name).read_text(encoding="utf-8")
    starts = list(_NAME.finditer(text))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    queries = [_compile(match[1], text[match.end() : end]) for match, end in zip(starts, ends, strict=True)]
    by_name = {query.name: query for query in queries}
    if len(by_name) != len(queries):
        raise ValueError(f"{name}: two queries have the same name")
    return Queries(by_name)


def _compile(name: str, text: str) -> Query:
    parameters: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[1]
        if match[2] not in parameters:
            parameters.append(match[2])
        return f"${parameters.index(match[2]) + 1}"

    sql = _PARAMETER.sub(numbered, text).strip().rstrip(";")
    return Query(name, f"-- {name}\n{sql}", tuple(parameters))
