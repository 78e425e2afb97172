"""Locks of Python packages: made by uv from requirements, and read back line by line.

A lock's first line says which Python it is for (``# python 3.11``); then come exact versions with the
hashes of their files, as uv writes them.
"""

from __future__ import annotations

import asyncio
import io
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from headrace import failpoint
from headrace.runtimes.base import DependenciesFailed, LockFailed, LogSink
from headrace.runtimes.python.builds import Builder
from headrace.runtimes.python.indexes import without_credentials
from headrace.runtimes.python.uv import UvTool
from headrace.runtimes.python.why_unresolved import why_unresolved
from headrace.runtimes.python_dependencies.requirement_line import is_requirement

_HEADER = re.compile(r"#\s*py(?:thon)?:?\s*(?:==)?\s*(?P<major>3)\.?(?P<minor>\d{1,2})(?:\.\d+)?\s*")
_HASH = re.compile(r" --hash=(sha(?:256|384|512):[0-9a-f]{64,128})(?= |$)")
_COMMIT = re.compile(r"@ ?git\+https?://\S+@[0-9a-f]{40}(?:$|[ ;#])")
_MOST_SHOWN = 100
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
    uv: UvTool | Builder,
    requirements: list[str],
    python_version: str,
    log: LogSink,
    canceled: asyncio.Event,
    *,
    origins: Mapping[str, tuple[str, ...]] | None = None,
) -> str:
    """Resolve requirement lines to a lock for a version of Python such as ``3.11``.

    The same requirements and the same index give the same lock, to the byte. ``origins`` says of each
    requirement which scripts ask for it, for the log and for the reason why it can't be had. Raises
    LockFailed with that reason, or when canceled; then uv has been killed.
    """
    header = f"# python {python_version}\n"
    origins = {line: (origins or {}).get(line, ()) for line in requirements}
    if not requirements:
        return header
    await log.write(_what_is_resolved(origins, python_version).encode())
    await failpoint.reach("lock_before_resolution")
    began = time.monotonic()
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
        raise LockFailed(why_unresolved(result, {line: by for line, by in origins.items() if by}))
    await failpoint.reach("lock_after_resolution")
    lock = header + result.output.decode()
    count = _count_hashed(lock)
    seconds = time.monotonic() - began
    await log.write(f"Locked {count} package{'s' * (count != 1)} in {seconds:.1f} seconds.\n".encode())
    return lock


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


def _what_is_resolved(origins: Mapping[str, tuple[str, ...]], python_version: str) -> str:
    """Each requirement on a line of its own, with the scripts that ask for it."""
    shown = list(origins.items())[:_MOST_SHOWN]
    lines = [f"  {without_credentials(line)}{_from(by)}\n" for line, by in shown]
    more = f"  … and {len(origins) - _MOST_SHOWN} more\n" if len(origins) > _MOST_SHOWN else ""
    return f"Resolving for Python {python_version}:\n{''.join(lines)}{more}"


def _from(scripts: tuple[str, ...]) -> str:
    return f" (from {', '.join(scripts)})" if scripts else ""


def _count_hashed(lock: str) -> int:
    """How many packages a lock of ours names; raises LockFailed where one could change unnoticed.

    A commit of git has no hash beside it, for it is one.
    """
    try:
        packages = read_lock(lock).packages
    except DependenciesFailed as error:
        raise LockFailed(str(error)) from None
    for package in packages:
        if " --hash=" not in package and not _COMMIT.search(package):
            raise LockFailed(f"the package index gives no hash for {without_credentials(package)[:100]!r}")
    return len(packages)


def _read_package(content: str) -> tuple[str, list[str]]:
    hashes = _HASH.findall(content)
    package = re.split(r" #", _HASH.sub("", content), maxsplit=1)[0].strip()
    if not is_requirement(package) or not _EXACT.fullmatch(package):
        raise DependenciesFailed(
            f"the lock's line {without_credentials(content)[:100]!r} is no package with its version:"
            " deploy the script again"
        )
    return package, hashes
