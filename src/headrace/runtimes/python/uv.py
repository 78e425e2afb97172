"""Calls uv, the program that resolves and installs Python packages."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uv import find_uv_bin

from headrace.errors import Misconfigured
from headrace.runtimes.base import LogSink
from headrace.runtimes.python.indexes import uv_environ, without_credentials
from headrace.runtimes.python.interpreter import PythonInterpreter, base_interpreter

if TYPE_CHECKING:
    from headrace.settings import Settings

_MOST_LINES = 1000
_MOST_CHARACTERS = 2000
_LAST_LINES = 15
_CHUNK_BYTES = 65536
_INDENT = " " * 9
"""Of what a build printed, within what uv says of it."""
_OF_A_BUILD = ("[stdout]", "[stderr]")
_PATIENCE_SECONDS = 5.0
_NO_WHEEL = re.compile(r"building from source is disabled|Building source distributions for .* is disabled")
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

    @property
    def needs_build(self) -> bool:
        """Whether it failed for want of a wheel, which a build might make."""
        return not self.is_success and wants_wheel(self.messages)

    def reason(self) -> str:
        """Why it failed, in one line; says so when the network was away.

        Where a build failed, lines with the last words of its compiler follow.
        """
        begin = next((n for n, line in enumerate(self.messages) if line.startswith("error")), 0)
        lines = self.messages[begin:]
        end = next((n for n, line in enumerate(lines) if line in _OF_A_BUILD), len(lines))
        parts = [_ART.sub("", line).strip() for line in lines[:end]]
        text = ": ".join(part.rstrip(":") for part in parts if part)[:_MOST_CHARACTERS]
        if end < len(lines):
            return "\n".join([text, *_last_words(lines[end:])])
        if _AWAY.search(text):
            return f"the package index can't be reached (is the network there?): {text}"
        return text or "uv gave no reason"


@dataclass(frozen=True, slots=True)
class UvTool:
    """Where uv is and how it is called. ``environ`` may hold credentials of a package index.

    It never builds packages: that would run code of whoever made them with the rights and the secrets of
    the worker. ``builds`` does, where a build may put ``build_limit_mb`` into its folder.
    """

    program: Path
    environ: dict[str, str] = field(repr=False)
    build_limit_mb: int = 10240

    @classmethod
    def find(
        cls, cache: Path, environ: Mapping[str, str] = os.environ, settings: Settings | None = None
    ) -> UvTool:
        """The uv that was installed with us, its cache below ``cache``; raises Misconfigured without it."""
        try:
            program = Path(find_uv_bin())
        except FileNotFoundError:
            raise Misconfigured(
                "the program uv is missing: install Headrace again with all it needs"
            ) from None
        own = {
            "UV_CACHE_DIR": str(cache.absolute() / "uv"),
            "UV_PYTHON": str(base_interpreter()),
            "UV_PYTHON_DOWNLOADS": "manual",  # only when told by `uv python install`
            "NO_COLOR": "1",
        }
        tool = cls(program, uv_environ(environ, settings) | own)
        return replace(tool, build_limit_mb=settings.build_limit_mb) if settings else tool

    def using(self, interpreter: PythonInterpreter) -> UvTool:
        """The same, resolving and installing for an interpreter."""
        return replace(
            self, environ=self.environ | interpreter.environ | {"UV_PYTHON": str(interpreter.path)}
        )

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
        return await self._call(["pip", *arguments, "--no-build"], standard_input, canceled, log, held)

    async def run_python(self, arguments: Sequence[str], canceled: asyncio.Event) -> UvResult | None:
        """Call ``uv python …``, which may download an interpreter if its arguments say so."""
        return await self._call(["python", *arguments], "", canceled)

    async def _call(
        self,
        arguments: Sequence[str],
        standard_input: str,
        canceled: asyncio.Event,
        log: LogSink | None = None,
        held: tuple[int, ...] = (),
    ) -> UvResult | None:
        process = await asyncio.create_subprocess_exec(
            self.program,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd="/",  # uv takes settings from a project in the current folder or above it
            env=self.environ,
            start_new_session=True,
            pass_fds=held,
            umask=0o022,  # jobs are to read what it makes, whatever the umask of the worker
        )
        messages = Messages(log)
        reading = asyncio.create_task(_read(process))
        parts: list[asyncio.Task[Any]] = [
            reading,
            asyncio.create_task(_feed(process, standard_input)),
            asyncio.create_task(_listen(process, messages)),
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
                messages.lines.append(f"error: uv was ended by signal {-process.returncode}")
            return UvResult(process.returncode == 0, reading.result(), tuple(messages.lines))
        finally:
            stopping.cancel()
            await _end(process, [talk, *parts])


class Messages:
    """What uv says, line by line, free of credentials; ``lines`` are the first ones and the last ones.

    An error, which comes last, goes to the log at the end only, and not if it is the want of a wheel: then
    a build follows. The name of the folder ``place``, made for this call, is left out of what is said.
    """

    def __init__(self, log: LogSink | None = None, place: Path | None = None) -> None:
        self.lines: list[str] = []
        self._log = log
        self._place = str(place) if place else None
        self._held: list[str] | None = None
        self._rest = b""

    async def write(self, data: bytes) -> None:
        """Take more of it, and hand on what is whole to the log."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _CHUNK_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            await self._take(line)

    async def end(self) -> None:
        """Take what came without the end of a line, and hand on an error."""
        if self._rest:
            await self._take(self._rest)
            self._rest = b""
        if self._held and self._log is not None and not wants_wheel(self.lines):
            await self._log.write("".join(f"{line}\n" for line in self._held).encode())

    async def _take(self, line: bytes) -> None:
        text = without_credentials(line.decode("utf-8", "replace")).rstrip()
        if not text.strip() or text.startswith("Using "):  # which interpreter it works for says nothing
            return
        if self._place is not None:
            text = text.replace(self._place, "\u2026")
        text = text.removeprefix(_INDENT) if text.startswith(_INDENT) else text.strip()
        if len(self.lines) == _MOST_LINES:
            del self.lines[_MOST_LINES // 2]
        self.lines.append(text[:_MOST_CHARACTERS])
        if self._held is None and text.startswith("error"):
            self._held = []
        if self._held is not None:
            self._held = [*self._held[-_MOST_LINES:], text]
        elif self._log is not None:
            await self._log.write(f"{text}\n".encode())


def wants_wheel(messages: Sequence[str]) -> bool:
    """Whether uv says that a package would have to be built."""
    return any(map(_NO_WHEEL.search, messages))


def _last_words(lines: Sequence[str]) -> list[str]:
    hints = [line for line in lines if line.startswith("hint:")]
    said = [line for line in lines if line not in (*_OF_A_BUILD, *hints)]
    return said[-_LAST_LINES:] + hints


async def _feed(process: asyncio.subprocess.Process, text: str) -> None:
    assert process.stdin is not None  # noqa: S101 - it was asked for
    with suppress(ConnectionError):
        process.stdin.write(text.encode("utf-8", "replace"))
        await process.stdin.drain()
    process.stdin.close()


async def _read(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    return await process.stdout.read()


async def _listen(process: asyncio.subprocess.Process, messages: Messages) -> None:
    assert process.stderr is not None  # noqa: S101 - it was asked for
    while chunk := await process.stderr.read(_CHUNK_BYTES):
        await messages.write(chunk)
    await messages.end()


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
