"""A workspace as files, in the layout that the official CLI pulls and pushes.

``f/<folder>/folder.meta.yaml``, ``<path>.script.yaml`` beside ``<path>.py``, ``<path>.resource.yaml``,
``<type>.resource-type.yaml``, ``dependencies/[<name>.]requirements.in``. A ``<path>.py`` alone is a
script, too, and ``f/<folder>`` alone a folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from headrace.cli.folder.memory import FileMemory
from headrace.errors import InvalidInput
from headrace.model.path import check_name, check_path
from headrace.runtimes.python_dependencies.lock_inputs import UNNAMED

Read = TypeVar("Read")
Key = tuple[str, str]
"""What a thing is, such as ``script``, and its name or path."""

MOST_BYTES = 10_000_000
"""A server takes no larger body unless it is told to."""

_OWNERS = ("f", "u", "g")
"""All paths of a workspace begin so; of what lies beside them only files of dependencies are looked at."""
_NOT_OURS = frozenset({"__pycache__", "node_modules"})
_VIRTUAL_ENVIRONMENT = "pyvenv.cfg"
_OF_OTHERS = re.compile(r".*(?:\.|__)(?:flow|app|raw_app|mod)")
"""Folders in which the official CLI keeps the parts of a flow, an app or a script of several files."""
_INLINE = "!inline "
_DEPENDENCIES = "dependencies"
_REQUIREMENTS = "requirements.in"
_CORE = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
)
"""What a plain word may be other than text, in YAML 1.2: ``on`` and 2015-01-01 are texts."""


@dataclass(frozen=True, slots=True)
class ScriptFiles:
    """A script as its files say; ``fields`` are those of its YAML, by the names that the API has for them.

    A bare one has no YAML: but for its source, what the server has stays as it is.
    """

    path: str
    content: str
    fields: dict[str, Any]
    is_bare: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A folder, a resource or a resource type: its name or path, and what its YAML says."""

    name: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DependencyFile:
    """A file of dependencies for Python; ``name`` is None for the one without a name."""

    name: str | None
    content: str


Thing = Entry | ScriptFiles | DependencyFile


@dataclass(frozen=True, slots=True)
class WorkspaceFiles:
    """All that a folder holds of a workspace."""

    folders: list[Entry]
    resource_types: list[Entry]
    resources: list[Entry]
    scripts: list[ScriptFiles]
    dependencies: list[DependencyFile] = field(default_factory=list[DependencyFile])

    def things(self) -> dict[Key, Thing]:
        """The same, each by what it is and what it is called."""
        entries = {"folder": self.folders, "resource type": self.resource_types, "resource": self.resources}
        named = {(noun, entry.name): entry for noun, found in entries.items() for entry in found}
        files = {("dependencies", file.name or UNNAMED): file for file in self.dependencies}
        return {**named, **files, **{("script", script.path): script for script in self.scripts}}


def read_workspace(root: Path) -> WorkspaceFiles:
    """Read all of a workspace's files; raises InvalidInput naming the file that can't be used."""
    files, faults = survey_workspace(root)
    if faults:
        raise faults[0]
    return files


def survey_workspace(
    root: Path, memory: FileMemory | None = None, *, takes_locks: bool = True
) -> tuple[WorkspaceFiles, list[InvalidInput]]:
    """What can be used of a workspace's files, and a fault for each file that can't be.

    Without ``takes_locks``, scripts have no lock whatever their YAML says. Raises InvalidInput where
    ``root`` is no folder. Links to folders are not followed.
    """
    if not root.is_dir():
        raise InvalidInput(str(root), "is no folder")
    survey = _Survey(root, memory or FileMemory(), takes_locks)
    files = WorkspaceFiles(
        folders=survey.folders(),
        resource_types=survey.entries(".resource-type.yaml"),
        resources=survey.entries(".resource.yaml"),
        scripts=survey.scripts(),
        dependencies=survey.dependencies(),
    )
    return files, survey.faults


def find_folders(root: Path) -> list[Path]:
    """The folder and those below it that may hold something of a workspace, in order."""
    return [folder for folder, _ in _walk(root)]


def read_yaml(file: Path) -> Any:
    """What a YAML file says, as JSON would have it; raises InvalidInput."""
    try:
        return yaml.load(_read(file), _Loader)  # noqa: S506 - built on the safe loader
    except yaml.YAMLError as error:
        where = f" (line {mark.line + 1})" if (mark := getattr(error, "problem_mark", None)) else ""
        raise InvalidInput(
            str(file), f"is not valid YAML: {getattr(error, 'problem', error)}{where}"
        ) from None


def read_mapping(file: Path) -> dict[str, Any]:
    """Like ``read_yaml``, for a file that has to hold names with values."""
    value = read_yaml(file)
    if not isinstance(value, dict):
        raise InvalidInput(str(file), "must hold names with values")
    return value


class _Loader(yaml.SafeLoader):
    """Reads YAML 1.2, as the official CLI does; PyYAML by itself reads 1.1."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as its base has it


for _name, _pattern, _first in _CORE:
    _Loader.add_implicit_resolver(  # pyright: ignore[reportUnknownMemberType] - its stub names no types
        f"tag:yaml.org,2002:{_name}", re.compile(f"(?:{_pattern})$"), _first
    )
_Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value))
_Loader.add_constructor("tag:yaml.org,2002:float", lambda _, node: float(node.value))


@dataclass
class _Survey:
    root: Path
    memory: FileMemory
    takes_locks: bool
    faults: list[InvalidInput] = field(default_factory=list[InvalidInput])

    def __post_init__(self) -> None:
        self._files = {
            file.relative_to(self.root).as_posix(): file for _, files in _walk(self.root) for file in files
        }

    def folders(self) -> list[Entry]:
        """Those with a YAML, and those that are only there because a file is."""
        names = {name.split("/")[1] for name in self._files if name.startswith("f/") and name.count("/") > 1}
        found = [self._attempt(self._folder, name) for name in sorted(names)]
        return [entry for entry in found if entry is not None]

    def entries(self, ending: str) -> list[Entry]:
        """Those whose file has this ending."""
        found = [
            self._attempt(self._entry, name, ending) for name in sorted(self._files) if name.endswith(ending)
        ]
        return [entry for entry in found if entry is not None]

    def scripts(self) -> list[ScriptFiles]:
        """By path: those with a YAML, and Python files without one."""
        paths = {name.removesuffix(".script.yaml") for name in self._files if name.endswith(".script.yaml")}
        paths |= {name.removesuffix(".py") for name in self._files if _is_source(name)}
        found = [self._attempt(self._script, path) for path in sorted(paths)]
        return [script for script in found if script is not None]

    def dependencies(self) -> list[DependencyFile]:
        """By name; the one without a name is the workspace's default."""
        names = [
            name
            for name in sorted(self._files)
            if name.startswith(f"{_DEPENDENCIES}/") and name.endswith(_REQUIREMENTS) and name.count("/") == 1
        ]
        found = [self._attempt(self._dependency_file, name) for name in names]
        return [file for file in found if file is not None]

    def _attempt(self, read: Callable[..., Read], *names: str) -> Read | None:
        try:
            return read(*names)
        except InvalidInput as fault:
            self.faults.append(fault)
            return None

    def _folder(self, name: str) -> Entry:
        check_name(name, _shown(self.root / "f" / name))
        file = self._files.get(f"f/{name}/folder.meta.yaml")
        return Entry(name, self.memory.recall(file, read_mapping) if file else {})

    def _entry(self, name: str, ending: str) -> Entry:
        fields = self.memory.recall(self._files[name], read_mapping)
        return Entry(name.removesuffix(ending), fields)

    def _dependency_file(self, name: str) -> DependencyFile:
        file = self._files[name]
        return _read_dependencies(file, self.memory.recall(file, _read))

    def _script(self, path: str) -> ScriptFiles:
        settings, source = self._files.get(f"{path}.script.yaml"), self._files.get(f"{path}.py")
        shown = _shown(settings or source or self.root)
        if source is None:
            name = path.rpartition("/")[2]
            raise InvalidInput(shown, f"has no {name}.py beside it; only Python can be run")
        check_path(path, shown)
        fields = dict(self.memory.recall(settings, read_mapping)) if settings else {}
        lock = fields.pop("lock", None)
        if not self.takes_locks:
            lock = None
        elif isinstance(lock, str) and lock.startswith(_INLINE):
            lock = self.memory.recall(self.root / lock.removeprefix(_INLINE).strip(), _read)
        if lock:
            fields["lock"] = "\n".join(lock) if isinstance(lock, list) else lock
        return ScriptFiles(path, self.memory.recall(source, _read), fields, is_bare=settings is None)


def _is_source(name: str) -> bool:
    *folders, last = name.split("/")
    return (
        last.endswith(".py")
        and last != "__init__.py"
        and folders[:1] in (["f"], ["u"])
        and not any(map(_OF_OTHERS.fullmatch, folders))
    )


def _read_dependencies(file: Path, content: str) -> DependencyFile:
    name = file.name.removesuffix(_REQUIREMENTS)
    if name and not name.endswith("."):
        raise InvalidInput(_shown(file), f"must be called {_REQUIREMENTS} or <name>.{_REQUIREMENTS}")
    return DependencyFile(name.removesuffix(".") or None, content)


def _walk(root: Path) -> list[tuple[Path, list[Path]]]:
    """The folders that count, in order, each with its files."""
    found: list[tuple[Path, list[Path]]] = []
    for place, folders, names in os.walk(root):
        folder = Path(place)
        folders[:] = [] if _VIRTUAL_ENVIRONMENT in names else sorted(filter(_is_ours, folders))
        if folder == root:
            folders[:] = [name for name in folders if name in (*_OWNERS, _DEPENDENCIES)]
        files = [folder / name for name in names if not name.startswith(".")]
        found.append((folder, [file for file in files if file.is_file()]))
    return found


def _is_ours(folder: str) -> bool:
    return not folder.startswith(".") and folder not in _NOT_OURS


def _shown(file: Path) -> str:
    """The file's name, also where it is no text, or none that fits into a line."""
    text = os.fsencode(file).decode(errors="backslashreplace")
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def _read(file: Path) -> str:
    try:
        if (size := file.stat().st_size) > MOST_BYTES:
            raise InvalidInput(
                _shown(file), f"has {size:,} bytes, more than the {MOST_BYTES:,} that are allowed"
            )
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(_shown(file), f"can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(_shown(file), f"is not valid UTF-8 at byte {error.start}") from None
