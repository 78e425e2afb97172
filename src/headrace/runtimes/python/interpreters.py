"""The Pythons of this worker, and which of them a script or a lock gets."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from headrace.errors import Misconfigured
from headrace.runtimes.base import Folders, LockFailed
from headrace.runtimes.python.interpreter import (
    Installation,
    PythonInterpreter,
    Unusable,
    base_interpreter,
    look_at,
)
from headrace.runtimes.python.interpreter_copy import make_usable
from headrace.runtimes.python.python_downloads import download_python, downloaded_pythons

if TYPE_CHECKING:
    from headrace.runtimes.python.uv import UvTool
    from headrace.settings import Settings

log = logging.getLogger(__name__)

_NAME = re.compile(r"python3(?:\.\d+)?")
_PLAIN = re.compile(r"\d+(?:\.\d+){0,2}")
_OF_OLD_LOCKS = "3.11"
"""What a lock means that names no version (features §3.7, P35)."""


class Interpreters:
    """Finds interpreters: the worker's own, those of the setting ``python_interpreters``, those on PATH.

    Each is looked at once, and brought where jobs can run it when it is first chosen.
    """

    def __init__(
        self, folders: Folders, uid: int | None, runner: Path, uv: UvTool, settings: Settings
    ) -> None:
        self._folders = folders
        self._uid = uid
        self._runner = runner
        self._uv = uv
        self._settings = settings
        self._seen: dict[Path, Installation | None] = {}
        self._made_usable: dict[Path, asyncio.Task[PythonInterpreter]] = {}
        self._turn = asyncio.Lock()

    async def choose(
        self, specifier: str | None, asker: str | None = None, canceled: asyncio.Event | None = None
    ) -> PythonInterpreter:
        """The newest interpreter that meets a specifier such as ``>=3.12``.

        None stands for the setting ``python_version``, and without one for the worker's own. ``asker`` is
        the path of the script, for the message; ``canceled`` ends a download. Raises LockFailed where there
        is none, with those there are and what to do.
        """
        specifier = specifier or self._settings.python_version
        if specifier is None:
            return await self._of_own(await self._own())
        wanted = _read(specifier)
        refused: list[str] = []
        found = await self._newest(await self.installed(), wanted, refused)
        if found is None and self._settings.python_downloads:
            shared, text = self._folders.shared, specifier_text(wanted)
            await download_python(self._uv, shared, text, canceled or asyncio.Event())
            found = await self._newest(await self.installed(), wanted, refused)
        if found is None:
            raise LockFailed(await self._none_fits(specifier, asker, refused))
        return found

    async def of_lock(
        self, version: str | None, *, is_empty: bool = False, canceled: asyncio.Event | None = None
    ) -> PythonInterpreter:
        """The interpreter for a lock's version, such as ``3.12``; raises LockFailed where there is none.

        A lock without one is for 3.11; if it ``is_empty`` any will do, and the usual one is taken.
        """
        wanted = version or _OF_OLD_LOCKS
        own = await self._own()
        if own.version == wanted:
            return await self._of_own(own)
        try:
            return await self.choose(wanted, canceled=canceled)
        except LockFailed:
            if version is None and is_empty:
                return await self.choose(None)
            raise

    async def installed(self) -> list[Installation]:
        """All that are found, newest first; programs that are no usable Python are left out."""
        async with self._turn:
            return await self._look()

    async def _own(self) -> Installation:
        program = base_interpreter()
        if (own := self._seen.get(program)) is None:
            try:
                own = self._seen[program] = await asyncio.to_thread(look_at, program)
            except Unusable as error:
                raise LockFailed(str(error)) from error
        return own

    async def _of_own(self, own: Installation) -> PythonInterpreter:
        try:
            return await self._usable(own)
        except Unusable as error:
            raise LockFailed(str(error)) from error

    async def _look(self) -> list[Installation]:
        """Look at what was not seen before; what was installed since the last time is found so.

        Of several with the same version the worker's own comes first.
        """
        programs = [*_candidates(self._settings), *downloaded_pythons(self._folders.shared)]
        fresh = {path for path in programs if path not in self._seen}
        for path, found in zip(fresh, await asyncio.gather(*map(_try, fresh)), strict=True):
            self._seen[path] = found
        known = {
            found.program: found
            for path in programs
            if (found := self._seen[path]) and found.program.exists()
        }
        own = base_interpreter()

        def rank(found: Installation) -> tuple[Version, bool, Version]:
            return Version(found.version), found.program == own, Version(found.release)

        return sorted(known.values(), key=rank, reverse=True)

    async def _newest(
        self, installed: Iterable[Installation], wanted: SpecifierSet, refused: list[str]
    ) -> PythonInterpreter | None:
        for installation in installed:
            if installation.release in wanted:
                try:
                    return await self._usable(installation)
                except Unusable as error:
                    refused.append(str(error))
        return None

    async def _usable(self, installation: Installation) -> PythonInterpreter:
        """Made usable once, however many ask; whoever gives up waiting does not end it for the others."""
        known = self._made_usable.get(installation.program)
        if known is None or (known.done() and known.exception()):
            making = make_usable(installation, self._folders, self._uid, self._runner)
            known = self._made_usable[installation.program] = asyncio.create_task(making)
        return await asyncio.shield(known)

    async def _none_fits(self, specifier: str, asker: str | None, refused: list[str]) -> str:
        releases = [found.release for found in await self.installed()]
        where = f" (in script {asker})" if asker else ""
        why = f" ({'; '.join(refused)})" if refused else ""
        return (
            f"Python {specifier} is asked for{where}; this worker has {', '.join(releases) or 'none'}{why}."
            " Install one that fits and put it on the worker's PATH or into the setting python_interpreters,"
            " or let it be downloaded by the setting python_downloads"
        )


def check_python_settings(settings: Settings) -> None:
    """Raises Misconfigured where a setting names an interpreter that is not there, or no version."""
    for entry in settings.python_interpreters:
        if not Path(entry).expanduser().exists():
            raise Misconfigured(
                f"the setting python_interpreters names {entry}, which is not there: correct it"
            )
    if settings.python_version is not None:
        try:
            _read(settings.python_version)
        except LockFailed as error:
            raise Misconfigured(f"the setting python_version: {error}") from error


def specifier_text(wanted: SpecifierSet) -> str:
    """A specifier always spelt the same."""
    return ",".join(sorted(map(str, wanted)))


def _read(specifier: str) -> SpecifierSet:
    """``3.12`` means any release of it."""
    text = specifier.strip()
    if _PLAIN.fullmatch(text):
        text = f"=={text}" if text.count(".") == 2 else f"=={text}.*"
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        raise LockFailed(f"{specifier!r} is no version of Python: write 3.12 or >=3.12,<3.14") from None


def _candidates(settings: Settings) -> Iterator[Path]:
    yield base_interpreter()
    for entry in (Path(name).expanduser() for name in settings.python_interpreters):
        if entry.is_dir():
            for folder in (entry, entry / "bin", *sorted(entry.glob("*/bin"))):
                yield from _pythons_in(folder)
        else:
            yield entry
    for name in os.environ.get("PATH", "").split(os.pathsep):
        if name:
            yield from _pythons_in(Path(name))


def _pythons_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except OSError:
        return []


async def _try(program: Path) -> Installation | None:
    try:
        return await asyncio.to_thread(look_at, program)
    except Unusable as error:
        log.debug("%s", error)
        return None
