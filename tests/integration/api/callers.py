"""Those who call the API in tests, and one who plays the worker."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
from fastapi import FastAPI

from headrace.lifecycle.finish import finish_attempts
from headrace.model.job import ClaimedJob, LogChunk
from headrace.model.outcome import Outcome, Status
from headrace.queue import logs, sessions
from headrace.queue.claim import claim
from headrace.queue.exchange import Author, Completion
from headrace.queue.sessions import HeldJob, WorkerInfo
from headrace.store.people import tokens, users
from tests.ground.people import WORKSPACE

if TYPE_CHECKING:
    from headrace.api.context import Context
    from headrace.db.connection import Pool
    from headrace.model.blob import Blob

NOBODYS_JOB = "00000000-0000-4000-8000-000000000000"
MAIN = "def main(x: int = 1):\n    return x\n"


class Api:
    """The API, as called by people: ``api.alice.get(...)``; paths begin after ``/api``."""

    def __init__(self, app: FastAPI, owner: asyncpg.Connection) -> None:
        self.app = app
        self.tokens: dict[str, str] = {}
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._owner = owner
        self._clients: dict[str, httpx.AsyncClient] = {}
        self.anonymous = self.client(None)

    def __getattr__(self, name: str) -> httpx.AsyncClient:
        try:
            return self._clients[name]
        except KeyError:
            raise AttributeError(name) from None

    def client(self, token: str | None) -> httpx.AsyncClient:
        """A client with a token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(transport=self._transport, base_url="http://test/api", headers=headers)

    async def sign_in(self, name: str, email: str, **options: Any) -> str:
        """Give a user a token and a client by their name."""
        token = tokens.new_token()
        await tokens.add(self._owner, email, token, **options)
        self.tokens[name] = token
        self._clients[name] = self.client(token)
        return token

    async def add_superadmin(self) -> None:
        """A superadmin who is a member of no workspace."""
        await users.add(self._owner, "root@instance.test", None, superadmin=True)
        await self._owner.execute("update instance_user set password_hash = $1 where super_admin", _hash())
        await self.sign_in("superadmin", "root@instance.test")

    async def close(self) -> None:
        """Close all clients."""
        for client in (*self._clients.values(), self.anonymous):
            await client.aclose()


@cache
def _hash() -> str:
    """Of the superadmin's password, once for all tests: it takes long, on purpose."""
    return users.hash_password("correct horse")


def in_workspace(path: str) -> str:
    """A path in the workspace of these tests."""
    return f"/w/{WORKSPACE}/{path}"


async def deploy(caller: httpx.AsyncClient, path: str, content: str = MAIN, **fields: Any) -> str:
    """Deploy a script that needs no dependencies; returns its hash."""
    body = {"path": path, "content": content, "language": "python3", "lock": "", **fields}
    answer = await caller.post(in_workspace("scripts/create"), json=body)
    assert answer.status_code == 201, answer.text
    return answer.text


async def run(caller: httpx.AsyncClient, path: str, args: Any = None, **query: Any) -> str:
    """Run a script; returns the job's id."""
    answer = await caller.post(in_workspace(f"jobs/run/p/{path}"), json=args or {}, params=query)
    assert answer.status_code == 201, answer.text
    return answer.text


@dataclass(frozen=True)
class PlayedWorker:
    """A worker session that takes jobs and ends them as told."""

    pool: Pool
    session: int

    async def take(self) -> ClaimedJob:
        """Claim the next job."""
        async with self.pool.acquire() as connection, connection.transaction():
            [job] = await claim(connection, self.session, ["python3", "dependency"], 1)
        return job

    async def write(self, job: ClaimedJob, start: int, text: str) -> None:
        """Store some output."""
        async with self.pool.acquire() as connection:
            assert await logs.append(connection, job.lease, [LogChunk(start, text)])

    async def stream(self, job: ClaimedJob, start: int, text: str) -> None:
        """Store a piece of a streamed result."""
        async with self.pool.acquire() as connection:
            assert await logs.append_stream(connection, job.lease, [LogChunk(start, text)])

    async def give_back(self, job: ClaimedJob) -> None:
        """Hand a job back to the queue."""
        held = HeldJob(job.lease.job, job.lease.attempt)
        async with self.pool.acquire() as connection:
            assert await sessions.hand_back(connection, self.session, [held], have_begun=True)

    async def end(
        self,
        job: ClaimedJob,
        result: bytes = b"null",
        status: Status = Status.SUCCESS,
        blob: Blob | None = None,
    ) -> None:
        """End a job; with ``blob`` its result lies there."""
        completion = Completion(job.lease, Outcome(status, result), result_blob=blob)
        async with self.pool.acquire() as connection, connection.transaction():
            finished = await finish_attempts(connection, self.session, Author("tests", "none"), [completion])
        assert [item.id for item in finished.jobs] == [job.lease.job]


async def play_worker(pool: Pool) -> PlayedWorker:
    """Open a worker session."""
    info = WorkerInfo("tests", "default", "localhost", ["python3", "dependency"], 1, "0", "none")
    async with pool.acquire() as connection:
        return PlayedWorker(pool, await sessions.open_session(connection, info, 600))


def with_settings(api: Api, **settings: Any) -> Context:
    """The application's context, but for some settings."""
    context: Context = api.app.state.context
    return dataclasses.replace(context, settings=dataclasses.replace(context.settings, **settings))


async def queued(api: Api) -> None:
    """Return as soon as a job waits."""
    while (await api.admin.get(in_workspace("jobs/queue/count"))).json()["database_length"] == 0:
        pass
