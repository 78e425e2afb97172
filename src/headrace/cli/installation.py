"""All of Headrace on one machine: PostgreSQL, a server, a worker, and this process over them."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from headrace.cli.bootstrap import ADMINS, Welcome, leave_for_clients, prepare
from headrace.cli.children import Child
from headrace.cli.data_folder import make_data_dir
from headrace.cli.port import bind
from headrace.clock import monotonic
from headrace.db.connection import without_login
from headrace.db.embedded import start_postgres
from headrace.errors import Misconfigured
from headrace.runtimes.isolation import find_isolation
from headrace.settings import Secret

if TYPE_CHECKING:
    from headrace.db.embedded import EmbeddedPostgres
    from headrace.settings import Settings

log = logging.getLogger(__name__)

_READY_SECONDS = 60.0
_BEYOND_DRAIN_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Installation:
    """What runs: where it is reached, and how to get in."""

    url: str
    welcome: Welcome


@asynccontextmanager
async def running(
    settings: Settings, asked: asyncio.Event, workspace: str = ADMINS
) -> AsyncIterator[Installation]:
    """Headrace for as long as the block lasts. ``asked`` is set when the process is asked to end.

    Raises Misconfigured: a port in use, a data folder in use, a machine that can't run it. In the end
    the worker is drained first, for its jobs need the server, then the server, then PostgreSQL.
    """
    await find_isolation(settings.isolation)  # refused before anything is made
    listener = bind(settings)
    async with AsyncExitStack() as stack:
        stack.callback(listener.close)
        make_data_dir(settings.data_dir)
        settings = dataclasses.replace(settings, port=listener.getsockname()[1])
        owner_url = await stack.enter_async_context(_database(settings))
        welcome = await prepare(settings, owner_url, workspace)
        leave_for_clients(settings, settings.url, welcome.token, workspace)
        children = await stack.enter_async_context(_children(settings, owner_url, listener))
        _hear_signals(asked, children.insist)
        await children.until_ready(settings.url, asked)
        yield Installation(settings.url, welcome)


def _hear_signals(asked: asyncio.Event, insist: Callable[[], None]) -> None:
    """The first SIGTERM or Ctrl-C asks, each later one insists."""

    def heard() -> None:
        if asked.is_set():
            insist()
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, heard)


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[str]:
    """The owner's URL of the database; an embedded one is started, and again whenever it dies."""
    if settings.database_url is not None:
        yield settings.database_url.reveal()
        return
    keeper = _PostgresKeeper(settings, await start_postgres(settings.data_dir))
    watching = asyncio.create_task(keeper.run())
    try:
        yield keeper.postgres.url
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await keeper.postgres.stop()


class _PostgresKeeper:
    def __init__(self, settings: Settings, postgres: EmbeddedPostgres) -> None:
        self._settings = settings
        self.postgres = postgres

    async def run(self) -> None:
        while True:
            code = await self.postgres.wait()
            log.error("PostgreSQL ended (%s); starting it again", code)
            await self.postgres.stop()
            while True:
                try:
                    self.postgres = await start_postgres(self._settings.data_dir)
                    break
                except Misconfigured as error:
                    log.error("PostgreSQL can't be started: %s", error)  # noqa: TRY400 - a sentence says it all
                    await asyncio.sleep(1)


class _Children:
    """Server and worker."""

    def __init__(self, server: Child, worker: Child) -> None:
        self._server, self._worker = server, worker
        self._server_task = asyncio.create_task(server.run())
        self._worker_task = asyncio.create_task(worker.run())

    async def until_ready(self, url: str, asked: asyncio.Event) -> None:
        """Wait until the server answers; raises Misconfigured where it never does."""
        began = monotonic()
        async with httpx.AsyncClient(timeout=_READY_SECONDS, trust_env=False) as client:
            while not asked.is_set():
                self._raise_failure()
                try:
                    if (await client.get(f"{url}/api/version", timeout=2)).is_success:
                        return
                except httpx.HTTPError:
                    if monotonic() - began > _READY_SECONDS:
                        raise Misconfigured(
                            f"the server did not answer within {_READY_SECONDS:.0f} s"
                        ) from None

    def insist(self) -> None:
        """Stop what runs, at once."""
        self._worker.end()
        self._server.end()

    async def end(self, drain_seconds: float) -> None:
        """The worker first, then the server; whoever takes too long is killed."""
        for child, task, patience in (
            (self._worker, self._worker_task, drain_seconds + _BEYOND_DRAIN_SECONDS),
            (self._server, self._server_task, 60.0),
        ):
            child.end()
            await asyncio.wait((task,), timeout=patience)
            if not task.done():
                child.kill()
            await asyncio.gather(task, return_exceptions=True)
        self._raise_failure()

    def _raise_failure(self) -> None:
        for task in (self._worker_task, self._server_task):
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error


@asynccontextmanager
async def _children(settings: Settings, owner_url: str, listener: socket.socket) -> AsyncIterator[_Children]:
    """Neither of them gets to know the owner's login."""
    listener.set_inheritable(True)
    own = dataclasses.replace(
        settings,
        database_url=Secret(without_login(owner_url)),
        superadmin_token=None,
        slots=settings.workers,
    )
    server = Child(f"server --listen-fd {listener.fileno()}", own, (listener.fileno(),))
    # What decrypts secrets is the server's alone: jobs run beside the worker.
    children = _Children(server, Child("worker", dataclasses.replace(own, secret_key=None)))
    try:
        yield children
    finally:
        await children.end(settings.drain_seconds)
