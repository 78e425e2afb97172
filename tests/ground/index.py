"""A package index of our own on this machine: a few tiny wheels, and a say in when it answers."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class LocalIndex:
    """Wheels by file name, served at ``url``.

    Where ``hold`` is cleared a wheel is sent half, and the rest when it is set again; ``half_sent`` tells.
    """

    wheels: Mapping[str, bytes]
    url: str = ""
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    half_sent: asyncio.Event = field(default_factory=asyncio.Event)
    requests: list[str] = field(default_factory=list[str])
    """The paths that were asked for."""

    def lock(self, python_version: str, *packages: str) -> str:
        """The lock of these packages, as it is made here."""
        lines = [f"# python {python_version}\n"]
        for name, content in self.wheels.items():
            package, version, *_ = name.split("-")
            if package in packages:
                digest = hashlib.sha256(content).hexdigest()
                lines.append(f"{package}=={version} \\\n    --hash=sha256:{digest}\n")
        return "".join(lines)


def make_wheel(name: str, version: str, files: Mapping[str, str]) -> tuple[str, bytes]:
    """File name and content of a wheel with these files (path → text)."""
    info, tag = f"{name}-{version}.dist-info", "py3-none-any"
    content = dict(files) | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{path},{_digest(text)},{len(text.encode())}\n" for path, text in content.items())
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in content.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return f"{name}-{version}-{tag}.whl", packed.getvalue()


@asynccontextmanager
async def local_index(wheels: Mapping[str, bytes]) -> AsyncIterator[LocalIndex]:
    """Serve wheels by the simple API, until the block ends."""
    index = LocalIndex(wheels)
    index.hold.set()
    server = await asyncio.start_server(lambda reader, writer: _serve(index, reader, writer), "127.0.0.1", 0)
    index.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/simple/"
    try:
        yield index
    finally:
        index.hold.set()
        server.close()


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def _serve(index: LocalIndex, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        index.requests.append(path)
        request = path.strip("/").split("/")
        if request[0] == "files":
            await _send(writer, "application/octet-stream", index.wheels[request[1]], index)
        else:
            links = "".join(
                f'<a href="/files/{name}#sha256={hashlib.sha256(content).hexdigest()}">{name}</a>\n'
                for name, content in index.wheels.items()
                if name.startswith(f"{request[1].replace('-', '_')}-")
            )
            await _send(writer, "text/html", f"<!DOCTYPE html><html><body>{links}</body></html>".encode())
    except (ConnectionError, asyncio.IncompleteReadError):
        pass  # it was killed
    finally:
        writer.close()


async def _send(
    writer: asyncio.StreamWriter, kind: str, content: bytes, index: LocalIndex | None = None
) -> None:
    fields = (f"Content-Type: {kind}", f"Content-Length: {len(content)}", "Connection: close")
    head = "\r\n".join(("HTTP/1.1 200 OK", *fields, "", ""))
    half = len(content) // 2
    writer.write(head.encode() + content[:half])
    await writer.drain()
    if index is not None and not index.hold.is_set():
        index.half_sent.set()
        await index.hold.wait()
    writer.write(content[half:])
    await writer.drain()
