"""The packages and the Python that a script asks for, together with the workspace scripts it imports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.specifiers import SpecifierSet

from headrace.runtimes.base import Code, LockFailed
from headrace.runtimes.python.indexes import without_credentials
from headrace.runtimes.python_dependencies.blocks import Blocks, read_blocks, without_comment
from headrace.runtimes.python_dependencies.distributions import distribution_of
from headrace.runtimes.python_dependencies.inline_metadata import read_inline_metadata
from headrace.runtimes.python_dependencies.pins import Pin, find_pins
from headrace.runtimes.python_dependencies.python_version import merge_versions, read_versions
from headrace.runtimes.python_dependencies.requirement_line import is_requirement, what_is_wrong
from headrace.runtimes.python_source.imports import package_modules

MOST_REQUIREMENTS = 1000
DEFAULT_FILE = "default"
_NAMELESS = "this script"
_HINT = " (other comments stand above the block, or below the first line of code)"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a script and what it imports ask for.

    ``requirements`` are lines for uv, sorted; ``python`` is a specifier of PEP 440 such as ``>=3.12``, None
    for any version. ``origins`` says of each requirement, and ``python_origins`` of the version, which
    scripts ask for it, by their paths.
    """

    requirements: list[str]
    python: str | None = None
    origins: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    python_origins: tuple[str, ...] = ()


_Pins = dict[str, dict[str, set[str]]]
"""Module → the requirements that bring it → the scripts that pin it so."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one script says; ``listed`` is None where its imports say what it needs."""

    listed: list[str] | None
    extra: list[str]
    pins: list[Pin]
    versions: SpecifierSet | None


def find_requirements(code: Code) -> Asked:
    """What a script asks for, merged with what each workspace script asks for that it imports.

    Each is asked by itself: its ``# requirements:`` block, else its ``# /// script`` block (PEP 723), else
    the workspace's default file, else what it imports, in the words of the pins in all of them.
    ``# extra_requirements:`` adds to any of these. Raises LockFailed where something can't be read, is no
    requirement, or contradicts itself; the message names the script.
    """
    main = code.path or _NAMELESS
    sources = {main: code.content} | {path: text for path, text in code.modules.items() if path != main}
    readings = {name: _read(name, source, code.dependency_files) for name, source in sources.items()}
    pins = _effective_pins(main, readings)
    origins: dict[str, set[str]] = {}
    for name, reading in readings.items():
        for line in (*(reading.listed or ()), *reading.extra):
            origins.setdefault(line, set()).add(name)
        if reading.listed is None:
            for module in package_modules(sources[name]) | {pin.module for pin in reading.pins}:
                for line, by in _brought_by(module, name, pins).items():
                    origins.setdefault(line, set()).update(by)
    _check_count(len(origins), f"{main} with what it imports")
    versions = {name: reading.versions for name, reading in readings.items() if reading.versions is not None}
    return Asked(
        sorted(origins),
        merge_versions(versions),
        {line: tuple(sorted(origins[line])) for line in sorted(origins)},
        tuple(sorted(versions)),
    )


def dependency_file_of(content: str) -> str | None:
    """The workspace's file that a script takes its requirements from, if it is there; None for no file.

    Raises LockFailed where its comments can't be read.
    """
    return _file(read_blocks(content), read_inline_metadata(content).dependencies)


def _read(name: str, source: str, files: Mapping[str, str]) -> _Reading:
    try:
        blocks = read_blocks(source)
        inline = read_inline_metadata(source)
        asked = [*blocks.python, *filter(None, [inline.requires_python])]
        versions = SpecifierSet(",".join(str(read_versions(text)) for text in asked)) if asked else None
        return _Reading(
            _listed(blocks, inline.dependencies, files),
            _checked(blocks.extra, _HINT),
            find_pins(source),
            versions,
        )
    except LockFailed as error:
        raise LockFailed(f"{name}: {error}") from None


def _listed(blocks: Blocks, inline: list[str] | None, files: Mapping[str, str]) -> list[str] | None:
    file = _file(blocks, inline)
    if file is not None and (file in files or blocks.file is not None):
        return _from_file(file, files)
    own, hint = (inline, "") if blocks.own is None else (blocks.own, _HINT)
    return None if own is None else _checked(own, hint)


def _file(blocks: Blocks, inline: list[str] | None) -> str | None:
    if blocks.file is not None:
        return blocks.file
    return DEFAULT_FILE if blocks.own is None and inline is None else None


def _from_file(name: str, files: Mapping[str, str]) -> list[str]:
    if name not in files:
        there = ", ".join(sorted(files))
        raise LockFailed(
            f"the workspace has no file of dependencies called {name!r}"
            f" ({f'there are: {there}' if there else 'there are none'});"
            " to ask for packages, write them below '# requirements:', one a line"
        )
    lines = map(without_comment, files[name].removeprefix("\ufeff").splitlines())
    try:
        return _checked(list(filter(None, lines)))
    except LockFailed as error:
        raise LockFailed(f"the workspace's file of dependencies {name!r}: {error}") from None


def _checked(lines: list[str], hint: str = "") -> list[str]:
    _check_count(len(lines), "it")
    asked = [" ".join(line.split()) for line in lines]
    for line in asked:
        if not is_requirement(line):
            shown = without_credentials(line)[:100]
            raise LockFailed(f"{shown!r} is no requirement: {what_is_wrong(line)}{hint}")
    return asked


def _check_count(count: int, who: str) -> None:
    if count > MOST_REQUIREMENTS:
        raise LockFailed(f"{who} asks for {count} packages, and at most {MOST_REQUIREMENTS} can be locked")


def _effective_pins(main: str, readings: Mapping[str, _Reading]) -> _Pins:
    """What counts: a repin of the script itself, else the repins, else all the pins of a module."""
    beside: dict[str, list[tuple[str, Pin]]] = {}
    for name, reading in readings.items():
        for pin in reading.pins:
            beside.setdefault(pin.module, []).append((name, pin))
    pins: _Pins = {}
    for module, pinned in beside.items():
        repins = [(name, pin) for name, pin in pinned if pin.overrides]
        own = [(name, pin) for name, pin in repins if name == main]
        for name, pin in own or repins or pinned:
            pins.setdefault(module, {}).setdefault(pin.requirement, set()).add(name)
    return pins


def _brought_by(module: str, name: str, pins: _Pins) -> Mapping[str, set[str]]:
    """What a module that a script imports comes with, and which scripts say so."""
    parts = module.split(".")
    for count in range(len(parts), 0, -1):
        if pinned := pins.get(".".join(parts[:count])):
            return pinned
    distribution = distribution_of(module)
    return {distribution: {name}} if distribution and is_requirement(distribution) else {}
