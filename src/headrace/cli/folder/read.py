"""A workspace as files, in the layout that the official CLI pulls and pushes.

``f/<folder>/folder.meta.yaml``, ``<path>.script.yaml`` beside ``<path>.py``, ``<path>.resource.yaml``,
``<type>.resource-type.yaml``, ``dependencies/[<name>.]requirements.in``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from headrace.errors import InvalidInput
from headrace.model.path import check_path

_INLINE = "!inline "
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
    """A script as its files say; ``fields`` are those of its YAML, by the names that the API has for them."""

    path: str
    content: str
    fields: dict[str, Any]


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


@dataclass(frozen=True, slots=True)
class WorkspaceFiles:
    """All that a folder holds of a workspace."""

    folders: list[Entry]
    resource_types: list[Entry]
    resources: list[Entry]
    scripts: list[ScriptFiles]
    dependencies: list[DependencyFile] = field(default_factory=list["DependencyFile"])


def read_workspace(root: Path) -> WorkspaceFiles:
    """Read all of a workspace's files; raises InvalidInput naming the file that can't be used."""
    if not root.is_dir():
        raise InvalidInput(str(root), "is no folder")
    return WorkspaceFiles(
        folders=[Entry(file.parent.name, read_mapping(file)) for file in _find(root, "f/*/folder.meta.yaml")],
        resource_types=_entries(root, ".resource-type.yaml"),
        resources=_entries(root, ".resource.yaml"),
        scripts=[_read_script(root, entry) for entry in _entries(root, ".script.yaml")],
        dependencies=[_read_dependencies(file) for file in _find(root, f"dependencies/*{_REQUIREMENTS}")],
    )


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


def _entries(root: Path, ending: str) -> list[Entry]:
    return [
        Entry(file.relative_to(root).as_posix().removesuffix(ending), read_mapping(file))
        for file in _find(root, f"**/*{ending}")
    ]


def _read_script(root: Path, entry: Entry) -> ScriptFiles:
    source = root / f"{entry.name}.py"
    if not source.is_file():
        raise InvalidInput(
            f"{entry.name}.script.yaml", f"has no {source.name} beside it; only Python can be run"
        )
    fields = dict(entry.fields)
    lock = fields.pop("lock", None)
    if isinstance(lock, str) and lock.startswith(_INLINE):
        lock = _read(root / lock.removeprefix(_INLINE).strip())
    if lock:
        fields["lock"] = "\n".join(lock) if isinstance(lock, list) else lock
    return ScriptFiles(check_path(entry.name), _read(source), fields)


def _read_dependencies(file: Path) -> DependencyFile:
    name = file.name.removesuffix(_REQUIREMENTS)
    if name and not name.endswith("."):
        raise InvalidInput(str(file), f"must be called {_REQUIREMENTS} or <name>.{_REQUIREMENTS}")
    return DependencyFile(name.removesuffix(".") or None, _read(file))


def _find(root: Path, pattern: str) -> list[Path]:
    return sorted(file for file in root.glob(pattern) if file.is_file())


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(str(file), f"can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(str(file), f"is not valid UTF-8 at byte {error.start}") from None
