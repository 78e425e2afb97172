"""Locks of Python packages: made by uv from requirements, and read back line by line.

A lock's first line says which Python it is for (``# python 3.11``); then come exact versions with the
hashes of their files, as uv writes them.
"""

from __future__ import annotations

import asyncio
import io
import re
from dataclasses import dataclass

from headrace import failpoint
from headrace.runtimes.base import DependenciesFailed, LockFailed, LogSink
from headrace.runtimes.python.builds import Builder
from headrace.runtimes.python.requirements import is_requirement
from headrace.runtimes.python.uv import UvTool, without_credentials

_HEADER = re.compile(r"#\s*py(?:thon)?:?\s*(?:==)?\s*(?P<major>3)\.?(?P<minor>\d{1,2})(?:\.\d+)?\s*")
_HASH = re.compile(r" --hash=(sha(?:256|384|512):[0-9a-f]{64,128})(?= |$)")
_EXACT = re.compile(r"[^;@]*==\s*[^*;,]+(?:;.*)?|[^;@]*@.*")


@dataclass(frozen=True, slots=True)
class PythonLock:
    """What a lock says.

    ``python_version`` is such as ``3.11``, None where it says nothing of it; ``packages`` are lines for
    uv, with their hashes; ``is_hashed`` whether each of them has hashes.
    """

    python_version: str | None
    packages: tuple[str, ...]
    is_hashed: bool


async def lock_python(
    uv: UvTool | Builder, requirements: list[str], python_version: str, log: LogSink, canceled: asyncio.Event
) -> str:
    """Resolve requirement lines to a lock for a version of Python such as ``3.11``.

    Raises LockFailed with uv's reason, or when canceled; then uv has been killed.
    """
    header = f"# python {python_version}\n"
    if not requirements:
        return header
    asked = without_credentials(", ".join(requirements))
    await failpoint.reach("lock_before_resolution")
    await log.write(f"Resolving {asked} for Python {python_version} …\n".encode())
    result = await uv.run(
        [
            "compile",
            "--generate-hashes",
            "--no-annotate",
            "--no-header",
            "--no-emit-index-url",
            "--python-version",
            python_version,
            "-",
        ],
        "".join(f"{line}\n" for line in requirements),
        canceled,
        log=log,
    )
    if result is None:
        raise LockFailed("it was canceled")
    if not result.is_success:
        raise LockFailed(result.reason())
    await failpoint.reach("lock_after_resolution")
    return header + result.output.decode()


def read_python(text: str) -> str | None:
    """The version of Python in a lock's header, such as ``3.12``; None where it names none."""
    for line in io.StringIO(text):
        content = " ".join(line.split())
        if header := _HEADER.fullmatch(content):
            return f"{header['major']}.{header['minor']}"
        if content and not content.startswith("#"):
            break
    return None


def read_lock(text: str) -> PythonLock:
    """Read a lock, also one that a caller gave; raises DependenciesFailed at a line that is no exact package.

    No option passes: with one, a lock could name another index or a file of the worker.
    """
    packages: list[str] = []
    is_hashed = True
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        content = " ".join(line.split())
        if content and not content.startswith("#"):
            package, hashes = _read_package(content)
            packages.append(" ".join([package, *(f"--hash={item}" for item in hashes)]))
            is_hashed = is_hashed and bool(hashes)
    return PythonLock(read_python(text), tuple(packages), is_hashed)


def _read_package(content: str) -> tuple[str, list[str]]:
    hashes = _HASH.findall(content)
    package = re.split(r" #", _HASH.sub("", content), maxsplit=1)[0].strip()
    if not is_requirement(package) or not _EXACT.fullmatch(package):
        raise DependenciesFailed(
            f"the lock's line {without_credentials(content)[:100]!r} is no package with its version:"
            " deploy the script again"
        )
    return package, hashes
