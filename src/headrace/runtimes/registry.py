"""The languages that this worker can run."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.errors import Misconfigured
from headrace.runtimes.base import Folders, LockFailed
from headrace.runtimes.job_folder import remove_tree
from headrace.runtimes.python.environment_cache import Bounds
from headrace.runtimes.python.environments import PythonEnvironments
from headrace.runtimes.python.fork_servers import ForkServers
from headrace.runtimes.python.interpreters import Interpreters, check_python_settings
from headrace.runtimes.python.runtime import PythonRuntime
from headrace.runtimes.python.uv import UvTool
from headrace.runtimes.runner_files import place_runner
from headrace.sandbox.family_memory import machine_memory
from headrace.sandbox.file_lock import try_lock

if TYPE_CHECKING:
    from headrace.runtimes.base import Runtime
    from headrace.sandbox.cage import Cage
    from headrace.sandbox.slots import Slots
    from headrace.settings import Settings

log = logging.getLogger(__name__)

_MEGABYTE, _GIGABYTE = 1024**2, 1024**3


class Runtimes:
    """Runtimes by language."""

    def __init__(self, by_language: dict[str, Runtime]) -> None:
        self._by_language = by_language

    def get(self, language: str) -> Runtime:
        """The runtime of a language; raises Misconfigured where this worker has none."""
        try:
            return self._by_language[language]
        except KeyError:
            raise Misconfigured(f"this worker can't run {language!r}") from None

    async def warm_up(self, cages: list[Cage]) -> None:
        """Start ahead of need what many jobs will want."""
        for runtime in self._by_language.values():
            await runtime.warm_up(cages)

    async def close(self) -> None:
        """End what they keep running beside jobs."""
        for runtime in self._by_language.values():
            await runtime.close()

    @staticmethod
    def lock_result(lock: str) -> bytes:
        """The result of a dependencies job."""
        return json.dumps({"lock": lock}, ensure_ascii=False).encode()


async def make_runtimes(folders: Folders, slots: Slots, settings: Settings) -> Runtimes:
    """Prepare what the runtimes need on this machine; raises Misconfigured with the cure.

    The worker gets a folder of its own below ``folders.jobs``; those of workers that are gone are removed.
    """
    _prepare(folders)
    folders = replace(folders, jobs=_take_jobs_folder(folders.jobs))
    return Runtimes({"python3": await _make_python(folders, slots, settings)})


async def _make_python(folders: Folders, slots: Slots, settings: Settings) -> PythonRuntime:
    check_python_settings(settings)
    uv = UvTool.find(folders.cache, settings=settings)
    runner = place_runner(folders.shared)
    interpreters = Interpreters(folders, slots.any_uid, runner, uv, settings)
    try:
        await interpreters.choose(None)
    except LockFailed as error:
        raise Misconfigured(str(error)) from error
    bounds = Bounds(
        int(settings.environment_cache_gb * _GIGABYTE), int(settings.download_cache_gb * _GIGABYTE)
    )
    environments = PythonEnvironments(folders, uv, bounds)
    environments.tidy_up_soon()
    most_bytes = settings.fork_server_memory_mb * _MEGABYTE or machine_memory() // 4
    servers = ForkServers(runner, slots, settings.shared_folders, most_bytes)
    is_forking = settings.start_jobs_by == "fork"
    return PythonRuntime(
        folders, runner, interpreters, environments, uv, servers=servers, is_forking=is_forking
    )


def _prepare(folders: Folders) -> None:
    """Jobs may read what is shared, enter their own folder, and see nothing of the cache."""
    for folder, mode in ((folders.shared, 0o755), (folders.jobs, 0o711), (folders.cache, 0o700)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(mode)
        except OSError as error:
            raise Misconfigured(f"{folder} can't be made: {error.strerror}") from error


def _take_jobs_folder(jobs: Path) -> Path:
    """A folder with a lock that ends with this process; one whose lock is free belongs to nobody."""
    alone = os.open(jobs, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # One worker at a time: a lock that was just made is not held yet.
        fcntl.flock(alone, fcntl.LOCK_EX)
        for lock in jobs.glob("*.lock"):
            _remove_if_left(lock)
        folder = jobs / f"{os.getpid()}-{secrets.token_hex(4)}"
        try_lock(folder.with_suffix(".lock"))
        folder.mkdir()
        folder.chmod(0o711)
    finally:
        os.close(alone)
    return folder


def _remove_if_left(lock: Path) -> None:
    descriptor = try_lock(lock)
    if descriptor is None:
        return
    log.info("removing what a worker that is gone left in %s", lock.with_suffix(""))
    with suppress(OSError):
        remove_tree(lock.with_suffix(""))
    lock.unlink()
    os.close(descriptor)
