"""Finds the code of a job: a version by hash, raw code, and the workspace scripts it imports."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any

from headrace.clock import monotonic
from headrace.model.outcome import ErrorName, Outcome, failure
from headrace.permissions.check import may_read
from headrace.permissions.identity import rights_of
from headrace.runtimes.base import Code
from headrace.runtimes.python.imports import missing_imports, workspace_imports
from headrace.store import scripts
from headrace.worker.completer import ACQUIRE_SECONDS

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Pool
    from headrace.model.ids import ScriptHash
    from headrace.model.job import ClaimedJob
    from headrace.model.script import Script

MOST_REMEMBERED = 1000
REMEMBERED_SECONDS = 10.0
"""So long a version may still be run after it was deleted, by a worker that has run it before."""
MOST_MODULES = 200


@dataclass(frozen=True, slots=True)
class ResolvedCode:
    """What to run, and the script's own settings."""

    code: Code
    settings: dict[str, Any] = field(default_factory=dict[str, Any])


class CodeBook:
    """Remembers versions, which never change, so that most jobs need no look at the database.

    But they may be deleted, so what is remembered is soon looked at again.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._versions: OrderedDict[tuple[str, ScriptHash], tuple[float, Script]] = OrderedDict()
        self._imports: OrderedDict[tuple[str, str], frozenset[str]] = OrderedDict()

    async def resolve(self, job: ClaimedJob) -> ResolvedCode | Outcome:
        """The code of a job, or the failure that its absence is."""
        if job.script_hash is None:
            code = Code(job.raw_code or "", job.language or "", path=job.path, lock=job.raw_lock)
            return await self._with_modules(job, ResolvedCode(code))
        script = await self._version(job)
        if script is None or script.deleted:
            return failure(ErrorName.INTERNAL, f"version {job.script_hash} of this script was deleted")
        if script.lock_error is not None:
            return failure(
                ErrorName.DEPENDENCIES,
                f"the dependencies of {script.path} could not be locked: {script.lock_error}",
            )
        code = Code(script.content, script.language, path=script.path, lock=script.lock)
        return await self._with_modules(job, ResolvedCode(code, script.settings))

    async def _version(self, job: ClaimedJob) -> Script | None:
        if job.script_hash is None:
            return None
        key = (job.workspace, job.script_hash)
        read_at, script = self._versions.get(key, (-inf, None))
        if monotonic() - read_at < REMEMBERED_SECONDS:
            self._versions.move_to_end(key)
            return script
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            script = await scripts.read(connection, *key)
        if script is not None and script.lock is not None and not script.deleted:
            _remember(self._versions, key, (monotonic(), script))
        return script

    async def _with_modules(self, job: ClaimedJob, resolved: ResolvedCode) -> ResolvedCode | Outcome:
        wanted = self._imports_of(job, resolved.code)
        if not wanted:
            return resolved
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            modules = await self._read_modules(connection, job, wanted)
        if isinstance(modules, Outcome):
            return modules
        code = resolved.code
        with_modules = Code(code.content, code.language, path=code.path, lock=code.lock, modules=modules)
        return ResolvedCode(with_modules, resolved.settings)

    def _imports_of(self, job: ClaimedJob, code: Code) -> frozenset[str]:
        if job.script_hash is None:
            return frozenset(workspace_imports(code.content, code.path))
        key = (job.workspace, job.script_hash)
        if key not in self._imports:
            _remember(self._imports, key, frozenset(workspace_imports(code.content, code.path)))
        return self._imports[key]

    async def _read_modules(
        self, connection: Connection, job: ClaimedJob, wanted: frozenset[str]
    ) -> dict[str, str] | Outcome:
        """All modules that are imported, directly or not, as far as the job's identity may read them."""
        rights = await rights_of(connection, job.workspace, job.permissioned_as, job.email)
        modules: dict[str, str] = {}
        todo = set(wanted)
        while todo:
            readable = {path for path in todo if may_read(rights, path)}
            found = await scripts.read_modules(connection, job.workspace, readable)
            if missing := missing_imports(todo, modules.keys() | found.keys()):
                return failure(
                    ErrorName.DEPENDENCIES,
                    f"imports {', '.join(missing)}, which {job.permissioned_as} can't read in this workspace",
                )
            modules |= found
            if len(modules) > MOST_MODULES:
                return failure(ErrorName.DEPENDENCIES, f"imports more than {MOST_MODULES} workspace scripts")
            todo = {
                path for name, content in found.items() for path in workspace_imports(content, name)
            } - modules.keys()
        return modules


def _remember(book: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    book[key] = value
    book.move_to_end(key)
    while len(book) > MOST_REMEMBERED:
        book.popitem(last=False)
