"""Brings an interpreter where jobs can run it: it stays, or is copied into the shared folder."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from headrace import failpoint
from headrace.runtimes.base import Folders
from headrace.runtimes.python.interpreter import Installation, PythonInterpreter, Unusable, last_line
from headrace.runtimes.python.shelf import Shelf

_PROBE = """
import ssl, sqlite3, decimal, json, ctypes, sys
print(sys.prefix)
print(*{line.split()[-1] for line in open("/proc/self/maps") if "/libpython" in line}, sep="\\n")
"""
_PROBE_SECONDS = 60
_COMPILE_SECONDS = 120
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


async def make_usable(
    installation: Installation, folders: Folders, uid: int | None, runner: Path
) -> PythonInterpreter:
    """The interpreter of an installation for jobs of an unprivileged uid; None where jobs keep the worker's.

    Where that uid can't run it (it lies in a private home), it is copied into the shared folder, once. The
    runner is compiled for it. Raises Unusable where jobs can't run the copy either.
    """
    found = await _reachable(installation, folders, uid)
    await asyncio.to_thread(_compile, found, runner)
    return found


async def _reachable(installation: Installation, folders: Folders, uid: int | None) -> PythonInterpreter:
    there = installation.in_place()
    if uid is None or not await asyncio.to_thread(_complaint, there.path, uid, {}):
        return there
    home = await _copy(folders, installation)
    path = home / "bin" / there.path.name
    complaint = ""
    for environ in ({}, {"LD_LIBRARY_PATH": str(home / "lib")}):
        complaint = await asyncio.to_thread(_complaint, path, uid, environ, home)
        if not complaint:
            return replace(there, path=path, environ=environ)
    raise Unusable(
        f"jobs (uid {uid}) can run neither {there.path} nor its copy {path}: {complaint}."
        f" Let that uid reach {folders.shared}, or use a Python that everybody can run"
    )


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
        return last_line(done.stderr) or f"exit code {done.returncode}"
    foreign = [line for line in done.stdout.split("\n") if line and home and not _is_below(line, home)]
    return f"it uses {', '.join(foreign)}" if foreign else ""


def _is_below(path: str, home: Path) -> bool:
    return Path(path).resolve().is_relative_to(home.resolve())


async def _copy(folders: Folders, installation: Installation) -> Path:
    async def fill(folder: Path, _lock: int) -> bool:
        await asyncio.to_thread(_fill, folder, installation)
        return True

    name = _name(installation)
    shelf = Shelf(folders.shared / "interpreters")
    try:
        copy = shelf.find(name) or await shelf.add(name, fill, asyncio.Event())
    except OSError as error:
        raise Unusable(
            f"{installation.program} can't be copied into {folders.shared}, where jobs could run it: {error}"
        ) from error
    if copy is None:
        raise Unusable(f"{installation.program} was not copied into {folders.shared}")
    return copy


def _name(installation: Installation) -> str:
    """Changes with the installation, and with what is copied of it."""
    state = installation.program.stat()
    known_by = f"{installation.build}\0{installation.program}\0{state.st_mtime_ns}\0{state.st_size}\0headers"
    return f"{installation.release}-{hashlib.sha256(known_by.encode()).hexdigest()[:16]}"


def _fill(folder: Path, installation: Installation) -> None:
    """Copy what jobs need: the program, the standard library, its shared library, headers for builds."""
    (folder / "bin").mkdir(parents=True)
    shutil.copy2(installation.program, folder / "bin" / installation.program.name)
    failpoint.reach_in_thread("interpreter_half_copied")
    for source in (installation.library, installation.headers):
        if source.is_dir() and source.is_relative_to(installation.prefix):
            place = folder / source.relative_to(installation.prefix)
            # Times are kept, so that the compiled modules stay valid.
            left_out = shutil.ignore_patterns(*_LEFT_OUT)
            shutil.copytree(source, place, ignore=left_out, ignore_dangling_symlinks=True)
    (folder / "lib").mkdir(exist_ok=True)
    for file in installation.shared.glob("libpython*.so*"):
        shutil.copy2(file, folder / "lib" / file.name)


def _compile(interpreter: PythonInterpreter, runner: Path) -> None:
    """Compile the runner for an interpreter, beside what others compiled: jobs can't, and start sooner so.

    Without it they run all the same, so a failure is of no consequence.
    """
    tag = f"cpython-{interpreter.version.replace('.', '')}"
    if any(runner.glob(f"*/__pycache__/*.{tag}.pyc")):
        return
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            [interpreter.path, "-I", "-S", "-m", "compileall", "-q", runner],
            env=interpreter.environ,
            cwd="/",
            capture_output=True,
            timeout=_COMPILE_SECONDS,
            check=False,
            umask=0o022,
        )
