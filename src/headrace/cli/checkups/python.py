"""Looks at what Python jobs need: interpreters, uv, package indexes, a compiler, room for packages."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.cli.checkups.finding import Finding, Health, tried
from headrace.runtimes.base import Folders
from headrace.runtimes.python.indexes import shown_indexes
from headrace.runtimes.python.interpreter import base_interpreter
from headrace.runtimes.python.interpreters import Interpreters, check_python_settings
from headrace.runtimes.python.shelf import Shelf, disk_usage
from headrace.runtimes.python.uv import UvTool
from headrace.sandbox.accounts import FIRST_UID

if TYPE_CHECKING:
    from headrace.runtimes.python.interpreter import Installation
    from headrace.settings import Settings

_GIGABYTE = 1024**3


async def check_python(settings: Settings) -> list[Finding]:
    """The interpreters, and whether the accounts of jobs can run them where they lie."""
    check_python_settings(settings)
    data = settings.data_dir
    folders = Folders(data / "shared", data / "cache", data / "jobs")
    uv = UvTool.find(folders.cache, settings=settings)
    found = await Interpreters(folders, None, folders.shared, uv, settings).installed()
    own = next((each for each in found if each.program == base_interpreter()), None)
    if own is None:
        text = f"{base_interpreter()} lacks one of ssl, sqlite3, decimal and ctypes"
        return [
            Finding("Python", Health.BROKEN, text, "install Headrace with another Python of 3.11 or newer")
        ]
    shown = f"{own.release} at {own.program}"
    if _is_private(own):
        shown += f", which jobs can't reach: they run on a copy in {folders.shared}"
    others = ", ".join(f"{each.release} at {each.program}" for each in found if each is not own)
    downloads = "on" if settings.python_downloads else "off"
    more = f"{others or 'none'}; downloads are {downloads}"
    return [Finding("Python", Health.OK, shown), Finding("other Pythons", Health.OK, more)]


async def check_uv(settings: Settings) -> list[Finding]:
    """The program that installs packages, and where from; raises Misconfigured without it."""
    uv = UvTool.find(settings.data_dir / "cache", settings=settings)
    version = tried([uv.program, "--version"])
    if version is None:
        cure = "install the package uv again, for this kind of machine"
        return [Finding("uv", Health.BROKEN, f"{uv.program} does not run here", cure)]
    return [
        Finding("uv", Health.OK, f"{version.split()[1]} at {uv.program}"),
        Finding("packages", Health.OK, f"from {', then '.join(shown_indexes(uv.environ))}"),
        _check_compiler(uv),
    ]


async def check_index(settings: Settings) -> list[Finding]:
    """Whether packages can be had from where uv gets them."""
    with tempfile.TemporaryDirectory() as folder:
        uv = UvTool.find(Path(folder), settings=settings)
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        arguments = ["compile", "-", "--no-deps", "--python-version", version]
        result = await uv.run(arguments, "six\n", asyncio.Event())
    if result is not None and result.is_success:
        return [Finding("package index", Health.OK, "it answers")]
    reason = result.reason() if result is not None else "uv was stopped"
    cure = "name one in --index-url; scripts without dependencies and those already installed run"
    return [Finding("package index", Health.WEAKER, reason, cure)]


def _is_private(installation: Installation) -> bool:
    program = installation.program
    return os.geteuid() == 0 and tried([program, "-I", "-S", "-c", "import json"], FIRST_UID) is None


def _check_compiler(uv: UvTool) -> Finding:
    """As the account of a job finds it, which is who builds."""
    program = shutil.which("cc", path=uv.environ.get("PATH", os.defpath))
    uid = FIRST_UID if os.geteuid() == 0 else None
    said = tried([program, "--version"], uid) if program else None
    if said is None:
        text = "there is no `cc` that jobs can run: packages without a wheel can be built if they hold no C"
        return Finding("compiler", Health.WEAKER, text, "install a C compiler (gcc, for example)")
    return Finding("compiler", Health.OK, f"{said.splitlines()[0]} at {program}")


async def check_environments(settings: Settings) -> list[Finding]:
    """Environments and downloads beside their bounds; raises OSError where they can't be looked at."""
    return await asyncio.to_thread(_look_at_environments, settings)


def _look_at_environments(settings: Settings) -> list[Finding]:
    kept = Shelf(settings.data_dir / "shared" / "environments").contents()
    taken = sum(one.size for one in kept) / _GIGABYTE
    downloads = _size(settings.data_dir / "cache" / "uv") / _GIGABYTE
    text = (
        f"{len(kept)} environments of jobs take {taken:.1f} of {settings.environment_cache_gb:g} GB,"
        f" downloads for them {downloads:.1f} of {settings.download_cache_gb:g} GB"
    )
    return [Finding("environments", Health.OK, text)]


def _size(folder: Path) -> int:
    return disk_usage(folder) if folder.is_dir() else 0
