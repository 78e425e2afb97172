"""``headrace server``: answers requests, and runs the leader's services where it becomes leader."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import click
import uvicorn

from headrace.api.app import make_app
from headrace.api.context import Context
from headrace.api.feeds import Feeds
from headrace.api.log_reader import LogReader
from headrace.api.waiting import Waiters
from headrace.blobs.places import open_blobs
from headrace.cli.log_lines import set_up_log
from headrace.cli.options import BLOBS, DATABASE, build_settings, settings_options
from headrace.cli.patient_http import PatientHttp
from headrace.cli.port import bind
from headrace.cli.secret_key import open_vault
from headrace.db.connection import open_pool
from headrace.db.failures import translated
from headrace.db.listen import Switchboard
from headrace.db.migrate import check_current
from headrace.db.roles import load_roles
from headrace.errors import Misconfigured
from headrace.scheduler.blob_keeper import BlobKeeper
from headrace.scheduler.leader import lead
from headrace.scheduler.services import Services

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.db.roles import RoleLogins
    from headrace.settings import Settings

log = logging.getLogger(__name__)

_MOST_OPEN_FILES = 65536


@click.command
@settings_options(
    "host",
    "port",
    "base_url",
    *DATABASE,
    "secret_key_file",
    "database_connections",
    "trusted_hosts",
    "trusted_proxies",
    "body_limit_mb",
    "requests_per_second",
    "logins_per_minute",
    "most_waits",
    "most_waits_of_one",
    "most_streams",
    "most_streams_of_one",
    *BLOBS,
    "file_limit_mb",
    "wait_result_seconds",
    "queue_limit_wait_result",
    "include_headers",
    "lease_seconds",
    "renewal_seconds",
    "rescue_seconds",
)
@click.option(
    "--listen-fd",
    type=int,
    default=None,
    metavar="N",
    help="Listen on this inherited socket instead of host and port.",
)
def server(listen_fd: int | None, **given: str | None) -> None:
    """Run a server on a database that `headrace migrate` has prepared.

    SIGTERM lets running requests end; a second one does not wait for them.
    """
    settings = build_settings(given)
    set_up_log(settings, "server")
    if settings.database_url is None:
        raise Misconfigured(
            "a server needs --database-url (HEADRACE_DATABASE_URL); `headrace up` brings its own"
        )
    roles = load_roles(settings.data_dir, settings.database_url.reveal())
    listening = bind(settings) if listen_fd is None else socket.socket(fileno=listen_fd)
    settings = replace(settings, port=listening.getsockname()[1])
    config = uvicorn.Config(
        "headrace",  # the application itself is made once the database is there
        http=PatientHttp,
        ws="none",
        loop="uvloop",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=round(settings.wait_result_seconds) + 5,
    )
    _allow_connections()
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(config, listening, roles, settings))


class _Web(uvicorn.Server):
    """Says when it listens, and leaves signals to us: there is more to end than requests."""

    url = ""
    let_go: Callable[[], None]

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        log.info("listening on %s", self.url)

    def end(self) -> None:
        """Let running requests end, and tell those that follow a job; asked again, don't wait for them."""
        self.let_go()
        self.force_exit = self.should_exit
        self.should_exit = True


def _allow_connections() -> None:
    """Have as many open files as may be, within reason: the usual 1,024 are few where many clients wait."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


async def _serve(
    config: uvicorn.Config, listening: socket.socket, roles: RoleLogins, settings: Settings
) -> None:
    web = _Web(config)
    web.url = settings.url
    switchboard = Switchboard(roles.server, "server")
    waiters = Waiters(switchboard, settings.most_waits, settings.most_waits_of_one)
    web.let_go = waiters.close
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, web.end)
    pool = await open_pool(roles.server, "server", settings.database_connections)
    try:
        with translated():
            async with pool.acquire(timeout=10) as connection:
                await check_current(connection)
                vault = await open_vault(settings, connection)
        blobs = open_blobs(settings)
        read_log = LogReader(blobs, settings.database_connections // 2)
        feeds = Feeds(settings.most_streams, settings.most_streams_of_one)
        context = Context(pool, switchboard, waiters, settings, vault, blobs, read_log, feeds=feeds)
        services = Services(switchboard, settings)
        keeper = BlobKeeper(roles.worker, blobs)
        config.app = make_app(context, settings)
        background = [
            asyncio.create_task(switchboard.run()),
            asyncio.create_task(lead(roles.worker, settings, _both(services, keeper))),
        ]
        await _until_over(web, listening, background)
    finally:
        pool.terminate()


def _both(services: Services, keeper: BlobKeeper) -> Callable[[Connection], Awaitable[None]]:
    """What a leader runs: it ends with the connection that makes it one."""

    async def run(connection: Connection) -> None:
        keeping = asyncio.create_task(keeper.run())
        try:
            await services.run(connection)
        finally:
            keeping.cancel()

    return run


async def _until_over(web: _Web, listening: socket.socket, background: list[asyncio.Task[None]]) -> None:
    """Serve until told to end; raises what ended a background task, which none should."""
    serving = asyncio.create_task(web.serve([listening]))
    try:
        await asyncio.wait((serving, *background), return_when=asyncio.FIRST_COMPLETED)
        web.should_exit = True
        await serving
    finally:
        for task in background:
            task.cancel()
        for task in background:
            with suppress(asyncio.CancelledError):
                await task
