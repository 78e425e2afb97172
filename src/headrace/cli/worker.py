"""``headrace worker``: claims jobs and runs them."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import click
import httpx

from headrace import __version__
from headrace.blobs.places import open_blobs
from headrace.cli.client import is_loopback
from headrace.cli.data_folder import make_data_dir
from headrace.cli.log_lines import set_up_log
from headrace.cli.options import BLOBS, DATABASE, JOB_LIMITS, build_settings, settings_options
from headrace.db.connection import open_pool
from headrace.db.failures import translated
from headrace.db.listen import Switchboard
from headrace.db.migrate import check_current
from headrace.db.roles import load_roles
from headrace.errors import Misconfigured
from headrace.queue.sessions import WorkerInfo
from headrace.runtimes.base import Folders
from headrace.runtimes.isolation import find_isolation
from headrace.runtimes.registry import make_runtimes
from headrace.sandbox.cage import Isolation
from headrace.sandbox.slots import open_slots
from headrace.worker.code_book import CodeBook
from headrace.worker.completer import Completer
from headrace.worker.environment_book import EnvironmentBook
from headrace.worker.loop import Worker
from headrace.worker.result_keeper import ResultKeeper
from headrace.worker.run_job import Workshop

if TYPE_CHECKING:
    from headrace.db.roles import RoleLogins
    from headrace.sandbox.slots import Slots
    from headrace.settings import Settings

log = logging.getLogger(__name__)

_SPARE_CONNECTIONS = 2
"""Beyond one for each slot: for claims and for ends."""
_ANSWER_SECONDS = 30.0


@click.command
@settings_options(
    "group",
    "tags",
    "dedicated",
    "slots",
    "isolation",
    "start_jobs_by",
    "shared_folders",
    *JOB_LIMITS,
    "base_url",
    *DATABASE,
    "environment_cache_gb",
    "download_cache_gb",
    "job_timeout_seconds",
    "result_limit_mb",
    *BLOBS,
    "blob_threshold_kb",
    "blob_patience_seconds",
    "log_limit_mb",
    "build_limit_mb",
    "python_version",
    "python_interpreters",
    "python_downloads",
    "python_mirror",
    "index_url",
    "extra_index_urls",
    "index_trusted_hosts",
    "index_ca_file",
    "index_native_tls",
    "find_links",
    "grace_seconds",
    "drain_seconds",
    "lease_seconds",
    "renewal_seconds",
)
def worker(**given: str | None) -> None:
    """Run a worker on a database that `headrace migrate` has prepared.

    SIGTERM makes it claim nothing more and end when its jobs have ended; a second one stops them and gives
    them back to the queue.
    """
    settings = build_settings(given)
    set_up_log(settings, "worker")
    if settings.database_url is None:
        raise Misconfigured(
            "a worker needs --database-url (HEADRACE_DATABASE_URL); `headrace up` brings its own"
        )
    make_data_dir(settings.data_dir)
    roles = load_roles(settings.data_dir, settings.database_url.reveal())
    asyncio.run(_work(roles, settings))


async def _work(roles: RoleLogins, settings: Settings) -> None:
    slots = open_slots(settings, await find_isolation(settings.isolation))
    pool = await open_pool(roles.worker, "worker", settings.slots + _SPARE_CONNECTIONS)
    switchboard = Switchboard(roles.worker, "worker")
    try:
        with translated():
            async with pool.acquire(timeout=10) as connection:
                await check_current(connection)
        data = settings.data_dir
        folders = Folders(shared=data / "shared", cache=data / "cache", jobs=data / "jobs")
        runtimes = await make_runtimes(folders, slots, settings)
        await runtimes.warm_up(slots.cages)
        info = _describe(settings, slots)
        completer = Completer(pool, switchboard, info)
        keeper = ResultKeeper(open_blobs(settings), pool, settings)
        log.info("%d slots, isolation %s", settings.slots, slots.isolation)
        if slots.any_uid is None and slots.isolation is not Isolation.SANDBOX:
            log.warning("jobs run under the account of this worker and can read what it can: it is not root")
        async with httpx.AsyncClient(
            base_url=settings.url, timeout=_ANSWER_SECONDS, trust_env=not is_loopback(settings.url)
        ) as api:
            workshop = Workshop(
                pool,
                switchboard,
                completer,
                CodeBook(pool),
                EnvironmentBook(pool),
                api,
                runtimes,
                settings,
                keeper,
            )
            await _until_over(Worker(workshop, roles.worker, info, slots), switchboard)
            await runtimes.close()
    finally:
        pool.terminate()


async def _until_over(worker: Worker, switchboard: Switchboard) -> None:
    """Work until told to end; raises what ended it otherwise."""
    loop = asyncio.get_running_loop()
    draining: set[asyncio.Task[None]] = set()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Asked for a second time, it stops its jobs.
        loop.add_signal_handler(number, lambda: draining.add(loop.create_task(worker.drain())))
    working = asyncio.create_task(worker.run())
    listening = asyncio.create_task(switchboard.run())
    try:
        await asyncio.wait((working, listening), return_when=asyncio.FIRST_COMPLETED)
        if listening.done():
            listening.result()
        await working
        log.info("ended; no job is left")
    finally:
        for task in (listening, working, *draining):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _describe(settings: Settings, slots: Slots) -> WorkerInfo:
    host = socket.gethostname()
    return WorkerInfo(
        worker=f"{settings.group}-{host}-{os.getpid()}-{secrets.token_hex(3)}",
        group=settings.group,
        host=host,
        tags=list(settings.served_tags),
        slots=settings.slots,
        version=__version__,
        isolation=slots.isolation.value,
    )
