"""Brings the server up to a folder's files, again and again: what has changed since, and nothing else."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.cli.folder.deploy import Change, Deployed, deploy_folder
from headrace.cli.folder.memory import FileMemory
from headrace.cli.folder.read import ScriptFiles, survey_workspace
from headrace.errors import InvalidInput
from headrace.runtimes.python_dependencies.lock_inputs import file_path
from headrace.runtimes.python_source.functions import read_python

if TYPE_CHECKING:
    from pathlib import Path

    from headrace.cli.client import Client
    from headrace.cli.dev.board import Board
    from headrace.cli.dev.locks import Locks
    from headrace.cli.folder.read import Key, Thing, WorkspaceFiles

_PLACE = re.compile(r" \(line (\d+)(?:, column (\d+))?\)$")
_FILES = {
    "folder": "f/{}/folder.meta.yaml",
    "resource type": "{}.resource-type.yaml",
    "resource": "{}.resource.yaml",
    "script": "{}.py",
}


@dataclass(frozen=True, slots=True)
class Synced:
    """What a look at the files has found: if anything has changed, which scripts, and whether all is well."""

    has_changed: bool
    saved: list[str]
    is_good: bool


class Sync:
    """One folder, and what of it the server has."""

    def __init__(self, client: Client, root: Path, board: Board, locks: Locks) -> None:
        self._client, self._root, self._board, self._locks = client, root, board, locks
        self._memory = FileMemory()
        self._seen: dict[Key, Thing] = {}
        """What was dealt with, well or not."""
        self._base: dict[Key, Thing] = {}
        """What the server had at last."""
        self._faults: dict[str, tuple[str, str]] = {}
        """By file: what is wrong with it, and what it held."""
        self._refused: set[Key] = set()
        self._is_first = True

    async def run(self) -> Synced:
        """Look at all files, and deploy what has changed; tell of each thing that happens.

        Raises InvalidInput where the folder is not there, Unavailable and NotAuthenticated; what was
        deployed until then counts, and the next look finds the rest.
        """
        look = asyncio.to_thread(survey_workspace, self._root, self._memory, takes_locks=False)
        files, faults = await look
        files = self._without_broken(files, faults)
        things = files.things()
        saved = self._tell_faults(faults)
        self._tell_deleted(things)
        changed = {key for key, thing in things.items() if self._seen.get(key) != thing}
        unchanged = 0
        if changed:
            async for item in deploy_folder(self._client, files, only=changed, base=self._base):
                unchanged += self._note(item, things)
                self._board.say_progress(unchanged, len(changed))
        # Without a route for them on the server, some things are not told of.
        self._seen |= {key: things[key] for key in changed}
        if self._is_first and unchanged:
            self._board.say("same", f"{unchanged} thing{'s' * (unchanged > 1)} the server has already")
        if self._is_first and not things and not faults:
            self._board.say("empty", f"{self._root}/f/<folder>/<name>.py with a function main is a script")
        self._is_first = False
        saved += sorted(name for noun, name in changed if noun == "script")
        return Synced(bool(changed or saved), saved, not faults and not self._refused)

    def path_of(self, fault: str) -> str:
        """The path of the script whose file this is."""
        return fault.removeprefix(f"{self._root}/").removesuffix(".py")

    def fault_of(self, path: str) -> str | None:
        """What is wrong with a script's file."""
        fault = self._faults.get(str(self._root / f"{path}.py"))
        return fault and fault[0]

    def _without_broken(self, files: WorkspaceFiles, faults: list[InvalidInput]) -> WorkspaceFiles:
        """Only what parses; each script that doesn't adds its fault."""
        good: list[ScriptFiles] = []
        for script in files.scripts:
            if self._seen.get(("script", script.path)) == script:
                good.append(script)
                continue
            try:
                read_python(script.content, str(self._root / f"{script.path}.py"))
            except InvalidInput as fault:
                faults.append(fault)
            else:
                good.append(script)
        return dataclasses.replace(files, scripts=good)

    def _tell_faults(self, faults: list[InvalidInput]) -> list[str]:
        """Tell of what is wrong now, and what no longer is; the scripts that were saved with a fault."""
        now = {fault.field: (_located(fault), _held(fault.field)) for fault in faults}
        fresh = [file for file, fault in now.items() if self._faults.get(file) != fault]
        for file in fresh:
            self._board.say("broken", now[file][0])
        for file in self._faults.keys() - now.keys():
            self._board.say("mended", file)
        self._faults = now
        return [self.path_of(file) for file in fresh if file.endswith(".py")]

    def _tell_deleted(self, things: dict[Key, Thing]) -> None:
        for key in sorted(self._seen.keys() - things.keys()):
            noun, name = key
            file = self._root / (_FILES[noun].format(name) if noun in _FILES else file_path(name))
            if file.exists():
                continue
            del self._seen[key]
            self._refused.discard(key)
            if noun != "folder":
                self._board.say("deleted", f"{file}; the {noun} {name} stays on the server")

    def _note(self, item: Deployed, things: dict[Key, Thing]) -> bool:
        """Keep in mind what became of a thing, and tell of it; whether there was nothing to do."""
        self._seen[item.key] = things[item.key]
        if item.change is Change.REFUSED:
            self._refused.add(item.key)
            self._board.say("refused", f"{item.noun} {item.name}: {item.problem}")
            return False
        self._refused.discard(item.key)
        self._base[item.key] = things[item.key]
        if item.version is not None and not item.is_locked:
            self._locks.expect(item.name, item.version)
        if item.change is Change.UNCHANGED:
            if not self._is_first and item.noun != "folder":
                self._board.say("same", f"{item.noun} {item.name}, the server has it already")
            return item.noun != "folder"
        upon = f", on top of {item.upon}" if item.upon and self._is_first else ""
        self._board.say(item.change.value, f"{item.noun} {item.name}{upon}")
        return False


def _located(fault: InvalidInput) -> str:
    """A fault with its place behind the file's name, where editors and terminals look for it."""
    text = str(fault)
    found = _PLACE.search(text)
    if found is None:
        return text
    line, column = found.groups()
    place = f"{fault.field}:{line}:{column}" if column else f"{fault.field}:{line}"
    return place + text[len(fault.field) : found.start()]


def _held(file: str) -> str:
    try:
        with open(file, "rb") as source:  # noqa: PTH123 - the name of a fault, not a path
            return str(hash(source.read(1_000_000)))
    except OSError:
        return ""
