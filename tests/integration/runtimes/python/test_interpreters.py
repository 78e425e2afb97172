"""Which Python a script or a lock gets, of those that this machine has."""

from __future__ import annotations

import functools
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from headrace.errors import Misconfigured
from headrace.runtimes.base import Folders, LockFailed
from headrace.runtimes.python.interpreter import Installation, Unusable, base_interpreter, look_at
from headrace.runtimes.python.interpreters import Interpreters, check_python_settings
from headrace.runtimes.python.uv import UvTool
from headrace.runtimes.runner_files import place_runner
from headrace.settings import Settings

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
NOBODY_HAS = "3.99"


@pytest.fixture(scope="module")
def folders() -> Iterator[Folders]:
    with tempfile.TemporaryDirectory(prefix="headrace-") as name:
        Path(name).chmod(0o755)
        yield Folders(*(Path(name) / part for part in ("shared", "cache", "jobs")))


def interpreters_in(folders: Folders, **settings: object) -> Interpreters:
    chosen = replace(Settings(), **settings)
    environ = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9", "SSL_CERT_FILE": "/nowhere", "UV_HTTP_RETRIES": "0"}
    uv = UvTool.find(folders.cache, environ, chosen)
    return Interpreters(folders, None, place_runner(folders.shared), uv, chosen)


@functools.cache
def others() -> list[Installation]:
    """Usable interpreters of other versions than this one's: on PATH, or named by the one who tests."""
    names = [f"python3.{minor}" for minor in range(10, 20)]
    programs = [Path(path) for path in map(shutil.which, names) if path]
    for folder in os.environ.get("TEST_PYTHONS", "").split(os.pathsep):
        programs += sorted(Path(folder or "/nowhere").glob("*/bin/python3.[0-9]*[0-9]"))
    found: dict[str, Installation] = {}
    for program in programs:
        try:
            installation = look_at(program)
        except Unusable:
            continue
        found.setdefault(installation.version, installation)
    found.pop(OWN, None)
    return list(found.values())


@pytest.fixture(scope="module")
def other() -> Installation:
    if not (found := others()):
        pytest.skip("no second version of Python is on PATH or below a folder of TEST_PYTHONS")
    return found[-1]


@pytest.fixture(autouse=True)
def short_path(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


async def test_who_asks_for_nothing_gets_the_interpreter_of_the_worker(folders: Folders):
    chosen = await interpreters_in(folders).choose(None)
    assert (chosen.path, chosen.version) == (base_interpreter(), OWN)


@pytest.mark.parametrize("asked", [OWN, f"=={OWN}.*", f" >= {OWN}, <{OWN}.999 ", f"~={OWN}.0"])
async def test_a_version_may_be_asked_for_in_several_ways(folders: Folders, asked: str):
    assert (await interpreters_in(folders).choose(asked)).version == OWN


async def test_of_one_version_the_interpreter_of_the_worker_goes_first(folders: Folders):
    assert (await interpreters_in(folders).choose(OWN)).path == base_interpreter()


async def test_where_none_fits_it_says_what_was_asked_for_what_there_is_and_what_to_do(folders: Folders):
    with pytest.raises(LockFailed) as raised:
        await interpreters_in(folders).choose(f">={NOBODY_HAS}", "f/reports/spells")
    message = str(raised.value)
    assert message.startswith(f"Python >={NOBODY_HAS} is asked for (in script f/reports/spells); ")
    assert look_at(base_interpreter()).release in message
    assert "python_interpreters" in message
    assert "python_downloads" in message


async def test_what_is_no_version_is_told(folders: Folders):
    with pytest.raises(LockFailed, match="'three' is no version of Python"):
        await interpreters_in(folders).choose("three")


async def test_the_setting_says_what_who_asks_for_nothing_gets(folders: Folders):
    with pytest.raises(LockFailed, match=f"Python {NOBODY_HAS} is asked for"):
        await interpreters_in(folders, python_version=NOBODY_HAS).choose(None)


@pytest.mark.parametrize(
    "settings", [{"python_version": "three"}, {"python_interpreters": ("/nowhere/python3",)}]
)
def test_settings_that_can_not_be_are_told_at_the_start(settings: dict[str, object]):
    with pytest.raises(Misconfigured, match=next(iter(settings))):
        check_python_settings(replace(Settings(), **settings))


async def test_what_is_no_python_is_passed_over(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name, text in (("python3.98", "#!/bin/sh\necho hello\n"), ("python3.99", "not even a program")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/nowhere")
    assert [found.version for found in await interpreters_in(folders).installed()] == [OWN]


async def test_one_that_was_installed_since_is_found(folders: Folders, tmp_path: Path):
    made = interpreters_in(folders, python_interpreters=(str(tmp_path),))
    before = await made.installed()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / f"python{OWN}").symlink_to(sys.executable)
    assert await made.installed() == before  # it is the same installation, by another name
    with pytest.raises(LockFailed):
        await made.choose(NOBODY_HAS)


async def test_a_lock_without_a_version_is_for_3_11(folders: Folders):
    made = interpreters_in(folders)
    versions = {found.version for found in await made.installed()}
    if "3.11" in versions:
        assert (await made.of_lock(None)).version == "3.11"
        assert (await made.of_lock(None, is_empty=True)).version == "3.11"
    else:
        with pytest.raises(LockFailed, match=r"3\.11"):
            await made.of_lock(None)
        assert (await made.of_lock(None, is_empty=True)).version == OWN


async def test_a_download_that_can_not_be_had_is_told(folders: Folders):
    made = interpreters_in(folders, python_downloads=True, python_mirror="http://127.0.0.1:9/pythons")
    with pytest.raises(LockFailed, match=r"Python ==3\.10\.1 is not on this worker and can't be"):
        await made.choose("3.10.1")


async def test_one_of_another_version_is_found_by_the_setting(folders: Folders, other: Installation):
    folder = other.program.parents[1]
    made = interpreters_in(folders, python_interpreters=(str(folder),))
    chosen = await made.choose(other.version)
    assert (chosen.version, chosen.abi) == (other.version, other.abi)
    assert (await made.of_lock(other.version)).version == other.version
    newest = max(OWN, other.version, key=lambda version: tuple(map(int, version.split("."))))
    assert (await made.choose(f"=={newest}.*")).version == newest
