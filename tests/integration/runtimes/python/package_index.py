"""A package index of the tests' own, packages to put into it, and one whose build does as it is told."""

from __future__ import annotations

import base64
import hashlib
import http.server
import io
import ssl
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_BACKEND = """
import base64, hashlib, os, pathlib, sys, zipfile

NAME, VERSION = {name!r}, {version!r}
FILES = {{f"{{NAME}}.py": "VALUE = 1\\n"}}
INFO = f"{{NAME}}-{{VERSION}}.dist-info"
METADATA = f"Metadata-Version: 2.1\\nName: {{NAME}}\\nVersion: {{VERSION}}\\n"
SITE = pathlib.Path(os.environ["HOME"])

def prepare_metadata_for_build_wheel(directory, config_settings=None):
    folder = pathlib.Path(directory, INFO)
    folder.mkdir()
    (folder / "METADATA").write_text(METADATA)
    (folder / "WHEEL").write_text("Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    return INFO

def build_wheel(directory, config_settings=None, metadata_directory=None):
    tag = "py3-none-any"
{hook}
    files = {{name: text if isinstance(text, bytes) else text.encode() for name, text in FILES.items()}}
    files[f"{{INFO}}/METADATA"] = METADATA.encode()
    files[f"{{INFO}}/WHEEL"] = f"Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: {{tag}}\\n".encode()
    record = ""
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{{name}},sha256={{digest}},{{len(data)}}\\n"
    files[f"{{INFO}}/RECORD"] = (record + f"{{INFO}}/RECORD,,\\n").encode()
    wheel = f"{{NAME}}-{{VERSION}}-{{tag}}.whl"
    with zipfile.ZipFile(os.path.join(directory, wheel), "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return wheel
"""


def add_wheel(folder: Path, name: str, version: str = "1.0") -> None:
    """Put a wheel into a folder: one module with the package's name."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": "VALUE = 1\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {
        path: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        for path, text in files.items()
    }
    record = [f"{path},sha256={digest},{len(files[path])}" for path, digest in digests.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,\n"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)


def add_source(folder: Path, name: str, hook: str = "", version: str = "1.0", before: str = "") -> None:
    """Put a package without a wheel into a folder. Its build needs no other package.

    ``hook`` is run by it: it may add to FILES (path → text or bytes) or set ``tag``; SITE is its home.
    ``before`` is run before it is asked for anything, also for its metadata.
    """
    indented = "".join(f"    {line}\n" for line in hook.strip("\n").splitlines())
    files = {
        "pyproject.toml": (
            f'[project]\nname = "{name}"\ndynamic = ["version", "dependencies"]\n'
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        ),
        "backend.py": before + _BACKEND.format(name=name, version=version, hook=indented),
    }
    with tarfile.open(folder / f"{name}-{version}.tar.gz", "w:gz") as archive:
        for path, text in files.items():
            data = text.encode()
            entry = tarfile.TarInfo(f"{name}-{version}/{path}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


@dataclass
class PackageIndex:
    """Serves the packages of a folder by PEP 503. ``asked`` are the paths that were asked for."""

    folder: Path
    login: str | None = None
    url: str = ""
    asked: list[str] = field(default_factory=list[str])

    def url_with(self, login: str) -> str:
        return self.url.replace("://", f"://{login}@")


@contextmanager
def package_index(
    folder: Path, login: str | None = None, certificate: Path | None = None
) -> Iterator[PackageIndex]:
    """An index on a loopback port; with ``login`` (``user:password``) it asks for that, with ``certificate``
    (a PEM file with its key) it speaks TLS as ``localhost``.
    """
    index = PackageIndex(folder, login)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.asked.append(self.path)
            wanted = f"Basic {base64.b64encode((login or '').encode()).decode()}"
            if login is not None and self.headers.get("Authorization") != wanted:
                self._answer(401, b"", "text/plain")
                return
            name = self.path.rstrip("/").rpartition("/")[2]
            if self.path.startswith("/files/") and (folder / name).exists():
                self._answer(200, (folder / name).read_bytes(), "application/octet-stream")
            elif found := sorted(file.name for file in folder.glob(f"{name.replace('-', '_')}-*")):
                links = "".join(f'<a href="/files/{file}">{file}</a>' for file in found)
                self._answer(200, f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), "text/html")
            else:
                self._answer(404, b"", "text/plain")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", "Basic")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port = server.server_address[1]
    index.url = f"http://127.0.0.1:{port}/simple"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        index.url = f"https://localhost:{port}/simple"
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        yield index
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
