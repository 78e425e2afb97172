"""Jobs of scripts by what they ran."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headrace.db.queries import load_queries
from headrace.permissions.check import may_see_run

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId
    from headrace.model.principal import Principal

SQL = load_queries(__file__, "job_groups.sql")

Schema = dict[str, Any]


@dataclass(slots=True)
class JobGroup:
    """Jobs of one script by version, and schemas of these and of the newest; empty where there is none."""

    path: str
    jobs: dict[str, list[JobId]] = field(default_factory=dict[str, "list[JobId]"])
    schemas: dict[str, Schema] = field(default_factory=dict[str, Schema])
    latest_schema: Schema = field(default_factory=Schema)


async def read_groups(connection: Connection, principal: Principal, jobs: list[JobId]) -> list[JobGroup]:
    """Those of some jobs that ran scripts and that one may see, by path."""
    groups: dict[str, JobGroup] = {}
    for row in await SQL.read_chosen_jobs.rows(connection, ids=jobs, workspace=principal.workspace):
        if may_see_run(
            principal,
            path=row["path"],
            permissioned_as=row["permissioned_as"],
            created_by=row["created_by"],
            runner_only=row["visible_to_runner_only"],
        ):
            group = groups.setdefault(row["path"], JobGroup(row["path"]))
            group.jobs.setdefault(row["script_hash"], []).append(row["id"])
    await _add_schemas(connection, principal, groups)
    return list(groups.values())


async def _add_schemas(connection: Connection, principal: Principal, groups: dict[str, JobGroup]) -> None:
    hashes = {version for group in groups.values() for version in group.jobs}
    rows = await SQL.read_schemas.rows(
        connection, workspace=principal.workspace, hashes=list(hashes), paths=list(groups)
    )
    versions: dict[str, Schema] = {row["hash"]: json.loads(row["schema"] or "{}") for row in rows}
    newest: dict[str, Schema] = {row["path"]: versions[row["hash"]] for row in rows if row["is_newest"]}
    for group in groups.values():
        group.schemas = {version: versions.get(version, {}) for version in group.jobs}
        group.latest_schema = newest.get(group.path, {})
