"""A package index on this machine, of packages made up by a test; it can be broken in many ways."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from headrace.runtimes.python.uv import UvTool

Answer = tuple[int, bytes, int | None]
"""Status, body, and the length that is told where it is not that of the body."""
Fault = Callable[[str, Answer], Answer]
"""Makes another answer of the one for a path."""


def broken(status: int = 500) -> Fault:
    return lambda _path, _answer: (status, b"no", None)


def garbage(path: str, answer: Answer) -> Answer:
    """Something that is no page, where a page was asked for."""
    return answer if path.endswith(".whl") else (200, b"\x00<html><h1>Log in, please</h1> %%% \xff", None)


def truncated_pages(path: str, answer: Answer) -> Answer:
    return answer if path.endswith(".whl") else (answer[0], answer[1][:40], len(answer[1]))


def truncated_files(path: str, answer: Answer) -> Answer:
    return (answer[0], answer[1][:20], len(answer[1])) if path.endswith(".whl") else answer


def changed_files(path: str, answer: Answer) -> Answer:
    """Other files than the index told the hashes of."""
    if not path.endswith(".whl"):
        return answer
    name, version, *_ = path.rpartition("/")[2].split("-")
    return 200, wheel(name, version, {f"{name}.py": "CHANGED = True"}), None


@dataclass
class LocalIndex:
    """``fault`` is what happens to every answer. Without ``has_hashes`` the pages tell none."""

    url: str = ""
    fault: Fault | None = None
    has_hashes: bool = True
    files: dict[str, dict[str, bytes]] = field(default_factory=dict[str, dict[str, bytes]])

    def add(
        self, name: str, version: str, files: dict[str, str] | None = None, requires: Iterable[str] = ()
    ) -> None:
        """Put a package there; without ``files`` it has one module of its own name."""
        content = wheel(name, version, files or {f"{name}.py": f"VERSION = '{version}'\n"}, requires)
        self.files.setdefault(name, {})[f"{name}-{version}-py3-none-any.whl"] = content

    def uv(self, cache: Path) -> UvTool:
        """A uv that knows no other index."""
        found = _found_uv()
        own = {"UV_DEFAULT_INDEX": self.url, "UV_CACHE_DIR": str(cache / "uv"), "UV_HTTP_RETRIES": "0"}
        return replace(found, environ=found.environ | own)

    def answer(self, path: str) -> Answer:
        found = self._page_or_file(path)
        answer = (404, b"not here", None) if found is None else (200, found, None)
        return self.fault(path, answer) if self.fault else answer

    def _page_or_file(self, path: str) -> bytes | None:
        match path.strip("/").split("/"):
            case ["simple", name] if name in self.files:
                links = [self._link(name, file) for file in self.files[name]]
                return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()
            case ["files", name, file]:
                return self.files.get(name, {}).get(file)
            case _:
                return None

    def _link(self, name: str, file: str) -> str:
        digest = hashlib.sha256(self.files[name][file]).hexdigest()
        return f'<a href="/files/{name}/{file}{f"#sha256={digest}" if self.has_hashes else ""}">{file}</a>\n'


@asynccontextmanager
async def local_index() -> AsyncIterator[LocalIndex]:
    index = LocalIndex()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, path, _ = head.split("\r\n")[0].split(" ")
            status, body, length = index.answer(path)
            kind = "application/octet-stream" if path.endswith(".whl") else "text/html"
            told = len(body) if length is None else length
            writer.write(
                f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {told}\r\n"
                "Connection: close\r\n\r\n".encode()
            )
            writer.write(body if method == "GET" else b"")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    index.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/simple"
    try:
        yield index
    finally:
        server.close()
        await server.wait_closed()


@cache
def _found_uv() -> UvTool:
    return UvTool.find(Path("/nowhere"))  # looking for it takes longer than most of what it does here


def wheel(name: str, version: str, files: dict[str, str], requires: Iterable[str] = ()) -> bytes:
    """The same arguments give the same bytes."""
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {line}\n" for line in requires)
    content = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={_digest(text)},{len(text.encode())}\n" for path, text in content.items()
    )
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, text in content.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), text)
    return target.getvalue()


def _digest(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
    return f"sha256={digest.rstrip(b'=').decode()}"
