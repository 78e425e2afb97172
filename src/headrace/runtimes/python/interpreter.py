"""The interpreter that jobs run on: the one that runs the worker, or a copy where jobs can't reach it."""

from __future__ import annotations

import asyncio
import hashlib
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from headrace import failpoint
from headrace.errors import Misconfigured
from headrace.runtimes.base import Folders
from headrace.runtimes.python.shelf import Shelf

_PROBE = """
import ssl, sqlite3, decimal, json, ctypes, sys
print(sys.prefix)
print(*{line.split()[-1] for line in open("/proc/self/maps") if "/libpython" in line}, sep="\\n")
"""
_PROBE_SECONDS = 60
_LEFT_OUT = (
    "test",
    "tests",
    "site-packages",
    "dist-packages",
    "idlelib",
    "tkinter",
    "turtledemo",
    "config-*",
)


@dataclass(frozen=True, slots=True)
class PythonInterpreter:
    """An interpreter that jobs run on.

    ``path`` is the program that jobs run, ``base`` the one that it was copied from: the worker's own uv
    looks at that one. ``version`` is such as ``3.11``, ``release`` such as ``3.11.7``, ``abi`` what compiled
    modules have to fit. ``environ`` is what a job's environment needs for it to run.
    """

    path: Path
    base: Path
    version: str
    release: str
    abi: str
    environ: dict[str, str] = field(default_factory=dict[str, str])


async def find_interpreter(folders: Folders, uid: int | None) -> PythonInterpreter:
    """The interpreter for jobs of an unprivileged uid; None where jobs keep the worker's own.

    Where that uid can't run the worker's interpreter (it lies in a private home), it is copied into the
    shared folder, once. Raises Misconfigured where jobs can't run the copy either.
    """
    own = own_interpreter()
    base = own.base
    if uid is None or not await asyncio.to_thread(_complaint, base, uid, {}):
        return own
    home = await _copy(folders, base)
    path = home / "bin" / base.name
    complaint = ""
    for environ in ({}, {"LD_LIBRARY_PATH": str(home / "lib")}):
        complaint = await asyncio.to_thread(_complaint, path, uid, environ, home)
        if not complaint:
            return replace(own, path=path, environ=environ)
    raise Misconfigured(
        f"jobs (uid {uid}) can run neither {base} nor its copy {path}: {complaint}."
        f" Let that uid reach {folders.shared}, or install Headrace with a Python that everybody can run"
    )


def own_interpreter() -> PythonInterpreter:
    """The worker's own interpreter where it lies; jobs of another uid need not be able to run it."""
    base = base_interpreter()
    return PythonInterpreter(
        path=base,
        base=base,
        version=f"{sys.version_info.major}.{sys.version_info.minor}",
        release=platform.python_version(),
        abi=f"{sysconfig.get_config_var('SOABI')} {sysconfig.get_platform()}",
    )


def base_interpreter() -> Path:
    """The interpreter itself that runs this process, not the link to it in a virtual environment."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def _complaint(path: Path, uid: int, environ: Mapping[str, str], home: Path | None = None) -> str:
    """Why a uid can't run an interpreter, empty if it can; all that it loads is to lie below ``home``."""
    try:
        done = subprocess.run(
            [path, "-I", "-c", _PROBE],
            cwd="/",
            env={**environ},
            user=uid,
            group=uid,
            extra_groups=[],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    foreign = [line for line in done.stdout.split("\n") if line and home and not _is_below(line, home)]
    return f"it uses {', '.join(foreign)}" if foreign else ""


def _is_below(path: str, home: Path) -> bool:
    return Path(path).resolve().is_relative_to(home.resolve())


async def _copy(folders: Folders, base: Path) -> Path:
    async def fill(folder: Path, _lock: int) -> bool:
        await asyncio.to_thread(_fill, folder, base)
        return True

    name = _name(base)
    shelf = Shelf(folders.shared / "interpreters")
    try:
        copy = shelf.find(name) or await shelf.add(name, fill, asyncio.Event())
    except OSError as error:
        raise Misconfigured(
            f"{base} can't be copied into {folders.shared}, where jobs could run it: {error}"
        ) from error
    if copy is None:
        raise Misconfigured(f"{base} was not copied into {folders.shared}")
    return copy


def _name(base: Path) -> str:
    state = base.stat()
    known_by = f"{sys.version}\0{base}\0{state.st_mtime_ns}\0{state.st_size}"
    return f"{platform.python_version()}-{hashlib.sha256(known_by.encode()).hexdigest()[:16]}"


def _fill(folder: Path, base: Path) -> None:
    """Copy what jobs need of an interpreter: the program, the standard library, its shared library."""
    (folder / "bin").mkdir(parents=True)
    shutil.copy2(base, folder / "bin" / base.name)
    failpoint.reach_in_thread("interpreter_half_copied")
    library = Path(sysconfig.get_path("stdlib"))
    place = folder / library.relative_to(sys.base_prefix)
    # Times are kept, so that the compiled modules stay valid.
    shutil.copytree(library, place, ignore=shutil.ignore_patterns(*_LEFT_OUT), ignore_dangling_symlinks=True)
    (folder / "lib").mkdir(exist_ok=True)
    for file in Path(sysconfig.get_config_var("LIBDIR") or library.parent).glob("libpython*.so*"):
        shutil.copy2(file, folder / "lib" / file.name)
