"""Deploys scripts, and locks them the way leader and worker do, without resolving packages."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import asyncpg

from headrace.db.transaction import acting_as
from headrace.lifecycle.deploy import deploy_script
from headrace.lifecycle.relock import start_relocks
from headrace.model.outcome import Outcome, Status
from headrace.model.script import NewScript
from headrace.store import relocks
from headrace.worker.code_book import CodeBook
from tests.ground.jobs import claim_as, finish_as, open_session

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from headrace.model.ids import ScriptHash
    from headrace.model.job import ClaimedJob
    from headrace.model.principal import Principal
    from headrace.runtimes.base import Code
    from headrace.store.relocks import Relock


@dataclass
class Waves:
    """A workspace, its leader, and one worker. ``locked`` are the paths of all jobs that locked something."""

    server: Pool
    worker: Pool
    owner: asyncpg.Connection
    session: int
    locked: list[str] = field(default_factory=list)

    async def deploy(self, principal: Principal, path: str, content: str, **fields: Any) -> ScriptHash:
        """Deploy a script on top of what is there. Nothing is locked yet."""
        script = NewScript(path, content, "python3", **fields)
        async with acting_as(self.server, principal) as connection:
            version, _ = await deploy_script(connection, principal, script, auto_parent=True)
        return version

    async def settle(self) -> list[str]:
        """Let leader and worker go on until nothing is left to do; the paths locked, in order."""
        begin = len(self.locked)
        while True:
            await self.start()
            jobs = await self.claim()
            if not jobs:
                return self.locked[begin:]
            for job in jobs:
                await self.lock(job)

    async def start(self) -> None:
        """One round of the leader."""
        async with self.worker.acquire() as connection, connection.transaction():
            await start_relocks(connection)

    async def claim(self) -> list[ClaimedJob]:
        """The jobs that wait to lock something, claimed."""
        return await claim_as(self.worker, self.session, "dependency", slots=100)

    async def lock(self, job: ClaimedJob) -> None:
        """Carry out such a job as its worker does: with its rights; the lock is what is asked for."""
        resolved = await CodeBook(self.worker).resolve(job)
        self.locked.append(job.path or "")
        outcome = resolved
        if not isinstance(resolved, Outcome):
            outcome = Outcome(Status.SUCCESS, json.dumps({"lock": asked_for(resolved.code)}).encode())
        assert isinstance(outcome, Outcome)
        await finish_as(self.worker, self.session, job.lease, outcome=outcome)

    async def head(self, path: str) -> asyncpg.Record:
        """The newest version of a path."""
        row = await self.owner.fetchrow("select * from script where path = $1 and not archived", path)
        assert row is not None
        return row

    async def relock(self, path: str) -> Relock:
        """What became of the last time that a script was locked again."""
        found = await relocks.read(self.owner, "acme", path)
        assert found is not None
        return found


def asked_for(code: Code) -> str:
    """A lock of what comments and files ask for: ``# requirements: x`` takes the file x."""
    sources = [code.content, *code.modules.values()]
    lines = {line for source in sources for line in source.splitlines() if line.startswith("#")}
    return "\n".join(sorted(lines | {f"{name}: {text}" for name, text in code.dependency_files.items()}))


async def make_waves(server: Pool, worker: Pool, owner: asyncpg.Connection) -> Waves:
    """Open a worker's session."""
    return Waves(server, worker, owner, await open_session(worker, "dependency"))
