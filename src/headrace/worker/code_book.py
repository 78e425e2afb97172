"""Finds the code of a job: a version by hash, raw code, and the workspace scripts it imports."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any

from headrace.clock import monotonic
from headrace.model.job import DEPENDENCY_FILES_ARGUMENT, JobKind
from headrace.model.outcome import ErrorName, Outcome, failure
from headrace.permissions.check import may_read
from headrace.permissions.identity import rights_of
from headrace.runtimes.base import Code
from headrace.runtimes.python_source.imports import WorkspaceImport, read_imports, why_not_importable
from headrace.store import dependency_files, raw_scripts, scripts
from headrace.store import imports as script_imports
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
_MOST_TOLD = 10
"""Imports that a failure names; all of them would be no help."""


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
        self._imports: OrderedDict[tuple[str | None, str], tuple[WorkspaceImport, ...]] = OrderedDict()

    async def resolve(self, job: ClaimedJob) -> ResolvedCode | Outcome:
        """The code of a job, or the failure that its absence is."""
        if job.script_hash is None:
            code = Code(job.raw_code or "", job.language or "", path=job.path, lock=job.raw_lock)
            return await self._with_modules(job, ResolvedCode(code))
        script = await self._version(job)
        if script is None or script.deleted:
            return failure(ErrorName.INTERNAL, f"version {job.script_hash} of this script was deleted")
        if script.lock_error is not None and job.kind is not JobKind.DEPENDENCIES:
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
        code = resolved.code
        imports = await self._imports_of(code.path, code.content)
        is_to_be_locked = job.kind is JobKind.DEPENDENCIES or code.lock is None
        if not imports and not is_to_be_locked:
            return resolved
        files: dict[str, str] | None = None
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            modules = await self._read_modules(connection, job, code) if imports else {}
            if is_to_be_locked and (files := _files_given(job)) is None:
                files = await dependency_files.read_contents(connection, job.workspace, code.language)
        if isinstance(modules, Outcome):
            return modules
        complete = dataclasses.replace(code, modules=modules, dependency_files=files or {})
        return dataclasses.replace(resolved, code=complete)

    async def _read_modules(
        self, connection: Connection, job: ClaimedJob, code: Code
    ) -> dict[str, str] | Outcome:
        """All modules that are imported, directly or not, as far as the job's identity may read them."""
        rights = await rights_of(connection, job.workspace, job.permissioned_as, job.email)
        modules: dict[str, str] = {}
        own = code.path or "the script"
        given = await raw_scripts.read_given(connection, job.lease.job) if job.script_hash is None else {}
        sources = {own: code.content}
        while sources:
            imports = [
                (importer, item)
                for importer, content in sources.items()
                for item in await self._imports_of(code.path if importer == own else importer, content)
            ]
            wanted = {path for _, item in imports for path in item.readings} - modules.keys() - {own}
            # A dot within a part would be one more part to Python.
            wanted = {path for path in wanted if "." not in path}
            sources = {path: given[path] for path in wanted & given.keys()}
            readable = {path for path in wanted - given.keys() if may_read(rights, path)}
            if readable:
                sources |= await scripts.read_modules(connection, job.workspace, readable)
            modules |= sources
            if missing := _missing(imports, {own, *modules}):
                alike = await script_imports.find_alike(
                    connection, job.workspace, [path for path, _ in missing]
                )
                hint = _hint([path for path in alike if may_read(rights, path)])
                return failure(ErrorName.DEPENDENCIES, _say_missing(missing, job.permissioned_as) + hint)
            if len(modules) > MOST_MODULES:
                return failure(ErrorName.DEPENDENCIES, f"imports more than {MOST_MODULES} workspace scripts")
        return modules

    async def _imports_of(self, path: str | None, content: str) -> tuple[WorkspaceImport, ...]:
        key = (path, content)
        if (known := self._imports.get(key)) is None:
            # Source newer than our own interpreter takes a process to read.
            known = await asyncio.to_thread(read_imports, content, path)
            _remember(self._imports, key, known)
        self._imports.move_to_end(key)
        return known


def _files_given(job: ClaimedJob) -> dict[str, str] | None:
    """Files that stand in for those of the workspace."""
    if job.kind is not JobKind.DEPENDENCIES or job.script_hash is not None:
        return None
    return json.loads(job.args).get(DEPENDENCY_FILES_ARGUMENT)


def _missing(imports: Iterable[tuple[str, WorkspaceImport]], there: set[str]) -> list[tuple[str, str]]:
    """Each path that is missing, and the importer and line that ask for it."""
    return [
        (item.missing(there), f"{importer}, line {item.line}")
        for importer, item in imports
        if not item.is_optional and not item.is_met(there)
    ]


def _say_missing(missing: list[tuple[str, str]], identity: str) -> str:
    """Whether it is not there or not to be read is not told: one may not know of what one can't read."""
    first: dict[str, str] = {}
    for path, place in missing:
        first.setdefault(path, place)
    told = [f"{path} (imported by {place})" for path, place in first.items()]
    more = f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    verb = "does" if len(told) == 1 else "do"
    return (
        f"{', '.join(told[:_MOST_TOLD])}{more} {verb} not exist in this workspace, or {identity} may not"
        " read it: deploy what is imported, or run the job as somebody who may read it"
    )


def _hint(alike: list[str]) -> str:
    """That there are scripts whose paths no import can name, where one of them may be meant."""
    told = [f"there is {path}, but {why}" for path in alike if (why := why_not_importable(path))]
    return f"; {'; '.join(told)}" if told else ""


def _remember(book: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    book[key] = value
    book.move_to_end(key)
    while len(book) > MOST_REMEMBERED:
        book.popitem(last=False)
