"""Calls uv, the program that resolves and installs Python packages."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from uv import find_uv_bin

from headrace.errors import Misconfigured
from headrace.runtimes.base import LogSink
from headrace.runtimes.python.interpreter import base_interpreter

# fmt: off
_PASSED_ON = frozenset({
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CONFIG_HOME", "NETRC", "SSL_CERT_FILE",
    "SSL_CERT_DIR", "SSL_CLIENT_CERT", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy", "UV_DEFAULT_INDEX", "UV_INDEX",
    "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX_STRATEGY", "UV_KEYRING_PROVIDER",
    "UV_INSECURE_HOST", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS", "UV_OFFLINE", "UV_EXCLUDE_NEWER",
    "UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES", "UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_BUILDS",
    "UV_CONCURRENT_INSTALLS",
})
# fmt: on
"""All that uv, and the build of a package that it may start, see of the worker's environment."""
_OF_AN_INDEX = re.compile(r"UV_INDEX_\w+_(?:USERNAME|PASSWORD)")

_SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_MOST_LINES = 1000
_MOST_CHARACTERS = 2000
_CHUNK_BYTES = 65536
_PATIENCE_SECONDS = 5.0
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_ART = re.compile(r"^[^\w'\"`(-]*(?:(?:error|cause|Caused by): )?")
_AWAY = re.compile(
    r"client error \(Connect\)|dns error|error sending request|connection (?:refused|reset)|timed out"
    r"|network is unreachable|could not resolve host|failed to connect|network connectivity is disabled"
    r"|the network was disabled",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class UvResult:
    """What a call of uv gave: its standard output, and its messages line by line, free of credentials."""

    is_success: bool
    output: bytes
    messages: tuple[str, ...]

    def reason(self) -> str:
        """Why it failed, in one line; says so when the network was away."""
        begin = next((n for n, line in enumerate(self.messages) if line.startswith("error")), 0)
        parts = [_ART.sub("", line).strip() for line in self.messages[begin:]]
        text = ": ".join(part.rstrip(":") for part in parts if part)[:_MOST_CHARACTERS]
        if _AWAY.search(text):
            return f"the package index can't be reached (is the network there?): {text}"
        return text or "uv gave no reason"


@dataclass(frozen=True, slots=True)
class UvTool:
    """Where uv is and how it is called. ``environ`` may hold credentials of a package index.

    ``may_build`` says whether packages without a wheel may be built. A build runs code of whoever made
    the package as the account of the worker, so where that is root it may not.
    """

    program: Path
    python: Path
    environ: dict[str, str] = field(repr=False)
    may_build: bool

    @classmethod
    def find(cls, cache: Path, environ: Mapping[str, str] = os.environ) -> UvTool:
        """The uv that was installed with us, its cache below ``cache``; raises Misconfigured without it.

        uv does not read pip's settings, so the index that pip is set to is asked for, here and only here.
        """
        try:
            program = Path(find_uv_bin())
        except FileNotFoundError:
            raise Misconfigured(
                "the program uv is missing: install Headrace again with all it needs"
            ) from None
        base = base_interpreter()
        own = {
            "UV_CACHE_DIR": str(cache.absolute() / "uv"),
            "UV_PYTHON": str(base),
            "UV_PYTHON_DOWNLOADS": "never",
            "NO_COLOR": "1",
        }
        return cls(program, base, _passed_on(environ) | own, may_build=os.geteuid() != 0)

    async def run(
        self,
        arguments: Sequence[str],
        standard_input: str,
        canceled: asyncio.Event,
        *,
        log: LogSink | None = None,
        held: tuple[int, ...] = (),
    ) -> UvResult | None:
        """Call ``uv pip …`` and wait for its end; its messages go to the log as they come.

        None when canceled: uv and all that it started have been killed. It inherits the descriptors
        ``held``.
        """
        process = await asyncio.create_subprocess_exec(
            self.program,
            "pip",
            *arguments,
            *(() if self.may_build else ("--no-build",)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd="/",  # uv takes settings from a project in the current folder or above it
            env=self.environ,
            start_new_session=True,
            pass_fds=held,
        )
        messages: list[str] = []
        reading = asyncio.create_task(_read(process))
        parts: list[asyncio.Task[Any]] = [
            reading,
            asyncio.create_task(_feed(process, standard_input)),
            asyncio.create_task(_listen(process, messages, log)),
            asyncio.create_task(process.wait()),
        ]
        talk = asyncio.ensure_future(_all(parts))
        stopping = asyncio.create_task(canceled.wait())
        try:
            await asyncio.wait((talk, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not talk.done():
                return None
            talk.result()
            if process.returncode is not None and process.returncode < 0:
                messages.append(f"error: uv was ended by signal {-process.returncode}")
            return UvResult(process.returncode == 0, reading.result(), tuple(messages))
        finally:
            stopping.cancel()
            await _end(process, [talk, *parts])


def without_credentials(text: str) -> str:
    """A text whose web addresses show no user and no password."""
    return _CREDENTIALS.sub("***@", text)


def _passed_on(environ: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value for name, value in environ.items() if name in _PASSED_ON or _OF_AN_INDEX.fullmatch(name)
    }
    if "UV_DEFAULT_INDEX" not in kept and "UV_INDEX_URL" not in kept:
        kept |= _named("UV_DEFAULT_INDEX", environ.get("PIP_INDEX_URL") or _ask_pip("index-url"))
    if "SSL_CERT_FILE" not in kept:
        kept |= _named("SSL_CERT_FILE", environ.get("PIP_CERT") or _ask_pip("cert"))
    if "SSL_CERT_FILE" not in kept and _SYSTEM_CERTIFICATES.exists():
        kept.setdefault("UV_SYSTEM_CERTS", "true")  # whoever runs this machine says whom it trusts
    return kept


def _named(name: str, value: str | None) -> dict[str, str]:
    return {name: value} if value else {}


def _ask_pip(setting: str) -> str | None:
    command = [sys.executable, "-m", "pip", "config", "get", f"global.{setting}"]
    with suppress(OSError, subprocess.TimeoutExpired):  # there need not be a pip
        found = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        if found.returncode == 0:
            return found.stdout.strip() or None
    return None


async def _feed(process: asyncio.subprocess.Process, text: str) -> None:
    assert process.stdin is not None  # noqa: S101 - it was asked for
    with suppress(ConnectionError):
        process.stdin.write(text.encode("utf-8", "replace"))
        await process.stdin.drain()
    process.stdin.close()


async def _read(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    return await process.stdout.read()


async def _listen(process: asyncio.subprocess.Process, messages: list[str], log: LogSink | None) -> None:
    assert process.stderr is not None  # noqa: S101 - it was asked for
    rest = b""
    while chunk := await process.stderr.read(_CHUNK_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            await _take(line, messages, log)
    if rest:
        await _take(rest, messages, log)


async def _take(line: bytes, messages: list[str], log: LogSink | None) -> None:
    text = without_credentials(line.decode("utf-8", "replace")).strip()
    if not text or text.startswith("Using "):  # which interpreter it works for says nothing to a user
        return
    if len(messages) < _MOST_LINES and not text.startswith("DEBUG "):
        messages.append(text)
    if log is not None:
        await log.write(f"{text}\n".encode())


async def _all(parts: list[asyncio.Task[Any]]) -> None:
    await asyncio.gather(*parts)


async def _end(process: asyncio.subprocess.Process, parts: list[asyncio.Task[Any]]) -> None:
    """Leave no process and no task, also when a part failed or this is cancelled in the middle."""
    if not all(part.done() for part in parts):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        # The pipes end with it, unless something that left its process group holds them.
        await asyncio.wait(parts, timeout=_PATIENCE_SECONDS)
        for part in parts:
            part.cancel()
    await asyncio.gather(*parts, return_exceptions=True)
