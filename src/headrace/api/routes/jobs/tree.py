"""A job and those that it, or one of them, started."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headrace.api.schemas.answers import without_none
from headrace.lifecycle.find_run import find_run, sees
from headrace.model.run import RunFilter
from headrace.store.run_list import list_runs

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId
    from headrace.model.principal import Principal
    from headrace.model.run import Run

MOST_MEMBERS = 1000


@dataclass(frozen=True, slots=True)
class Member:
    """A job of a tree: how deep below the root, and which among how many of the same parent, from 0."""

    run: Run
    depth: int = 0
    index: int = 0
    count: int = 1

    @property
    def label(self) -> str:
        """What to call it: its path, or its kind."""
        return self.run.path or self.run.kind.value


async def read_tree(connection: Connection, principal: Principal, job: JobId) -> tuple[list[Member], bool]:
    """A job and those below it that the principal may see, each after its parent, oldest first.

    At most MOST_MEMBERS, and whether there are more. Raises NotFound where the job itself can't be seen.
    """
    root = await find_run(connection, principal, job)
    children: dict[JobId, list[Run]] = defaultdict(list)
    parents, room = (root.id,), MOST_MEMBERS - 1
    while parents and room >= 0:
        wanted = RunFilter(parent_jobs=parents, newest_first=False)
        found = (await list_runs(connection, [root.workspace], wanted, limit=room + 1)).runs
        for run in found[:room]:
            if run.parent_job is not None and sees(principal, run.id, run):
                children[run.parent_job].append(run)
        parents = tuple(run.id for run in found[:room])
        room -= len(found)
    return _in_order(root, children), room < 0


def show_member(member: Member) -> dict[str, Any]:
    """A job's place in its tree, in the words of the public contract."""
    return without_none(
        job_id=member.run.id,
        label=member.label,
        kind=member.run.kind.value,
        depth=member.depth,
        sibling_index=member.index,
        sibling_count=member.count,
        flow_step_id=member.run.flow_step_id,
    )


def _in_order(root: Run, children: dict[JobId, list[Run]]) -> list[Member]:
    members: list[Member] = []
    todo = [Member(root)]
    while todo:
        member = todo.pop()
        members.append(member)
        below = children[member.run.id]
        todo.extend(
            Member(run, member.depth + 1, index, len(below))
            for index, run in reversed(list(enumerate(below)))
        )
    return members
