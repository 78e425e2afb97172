"""Packages come from the indexes that the settings name, and the credentials of these stay where they are."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from headrace.runtimes.base import Folders, LockFailed
from headrace.runtimes.python.environments import PythonEnvironments
from headrace.runtimes.python.interpreter import own_interpreter
from headrace.runtimes.python.lock import lock_python
from headrace.runtimes.python.uv import UvTool
from headrace.sandbox.cage import Cage, Isolation
from headrace.settings import Secret, Settings
from tests.integration.runtimes.python.package_index import add_wheel, package_index
from tests.integration.runtimes.python.tools import KeptLog

LOGIN = "someone:very-secret"
ENVIRON = {"PATH": os.defpath, "SSL_CERT_FILE": "/dev/null", "UV_HTTP_RETRIES": "0"}


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    (tmp_path / "packages").mkdir()
    return tmp_path / "packages"


def uv_in(root: Path, environ: dict[str, str] | None = None, **settings: object) -> UvTool:
    return UvTool.find(root / "cache", ENVIRON | (environ or {}), replace(Settings(), **settings))


async def lock_of(uv: UvTool, *requirements: str, log: KeptLog | None = None) -> str:
    version = own_interpreter().version
    return await lock_python(uv, list(requirements), version, log or KeptLog(), asyncio.Event())


async def install(root: Path, uv: UvTool, lock: str, log: KeptLog | None = None) -> Path:
    environments = PythonEnvironments(Folders(root / "shared", root / "cache", root / "jobs"), uv)
    cage = Cage(Isolation.PROCESS, None)
    found = await environments.ensure(lock, own_interpreter(), cage, log or KeptLog(), asyncio.Event())
    assert found is not None
    found.close()
    return found.path


async def test_a_package_comes_from_an_index_that_asks_for_a_password(tmp_path: Path, packages: Path):
    add_wheel(packages, "ours")
    log = KeptLog()
    with package_index(packages, login=LOGIN) as index:
        uv = uv_in(tmp_path, index_url=Secret(index.url_with(LOGIN)))
        lock = await lock_of(uv, "ours", log=log)
        folder = await install(tmp_path, uv, lock, log)
    assert (folder / "ours.py").exists()
    assert "very-secret" not in lock + log.text + repr(uv)
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"very-secret" not in written


async def test_a_wrong_password_is_told_and_not_shown(tmp_path: Path, packages: Path):
    add_wheel(packages, "ours")
    log = KeptLog()
    with package_index(packages, login=LOGIN) as index:
        uv = uv_in(tmp_path, index_url=Secret(index.url_with("someone:forgotten-word")))
        with pytest.raises(LockFailed, match="401 Unauthorized") as raised:
            await lock_of(uv, "ours", log=log)
    assert "forgotten-word" not in str(raised.value) + log.text


@pytest.mark.parametrize("way", ["netrc", "variables"])
async def test_a_password_may_come_from_elsewhere(tmp_path: Path, packages: Path, way: str):
    add_wheel(packages, "ours")
    with package_index(packages, login=LOGIN) as index:
        if way == "netrc":
            (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password very-secret\n")
            environ = {"NETRC": str(tmp_path / "netrc"), "UV_DEFAULT_INDEX": index.url}
        else:
            environ = {
                "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
                "UV_INDEX": f"inner={index.url}",
                "UV_INDEX_INNER_USERNAME": "someone",
                "UV_INDEX_INNER_PASSWORD": "very-secret",
            }
        assert "ours==1.0" in await lock_of(uv_in(tmp_path, environ), "ours")


async def test_more_indexes_are_asked_before_the_first_one(tmp_path: Path, packages: Path):
    (tmp_path / "inner").mkdir()
    add_wheel(tmp_path / "inner", "ours", "1.0")
    add_wheel(packages, "ours", "9.0")
    add_wheel(packages, "theirs", "2.0")
    with package_index(packages) as outer, package_index(tmp_path / "inner", login=LOGIN) as inner:
        uv = uv_in(
            tmp_path, index_url=Secret(outer.url), extra_index_urls=Secret(f"{inner.url_with(LOGIN)},")
        )
        lock = await lock_of(uv, "ours", "theirs")
    assert "ours==1.0" in lock
    assert "theirs==2.0" in lock


async def test_a_wheel_of_a_folder_is_locked_with_its_hash_and_installed_without_any_index(
    tmp_path: Path, packages: Path
):
    add_wheel(packages, "ours")
    uv = uv_in(tmp_path, index_url=Secret("http://127.0.0.1:9/simple"), find_links=(str(packages),))
    uv = replace(uv, environ=uv.environ | {"UV_OFFLINE": "1"})
    lock = await lock_of(uv, "ours")
    assert re.search(r"ours==1\.0 \\\n    --hash=sha256:[0-9a-f]{64}\n", lock)
    assert str(packages) not in lock
    assert (await install(tmp_path, uv, lock) / "ours.py").exists()


async def test_what_is_cached_is_installed_while_the_index_is_away(tmp_path: Path, packages: Path):
    add_wheel(packages, "ours")
    with package_index(packages) as index:
        uv = uv_in(tmp_path, index_url=Secret(index.url))
        lock = await lock_of(uv, "ours")
        first = await install(tmp_path, uv, lock)
        asked = len(index.asked)
        assert await install(tmp_path, uv, lock) == first
        assert len(index.asked) == asked
    shutil.rmtree(tmp_path / "shared")
    assert (await install(tmp_path, uv, lock) / "ours.py").exists()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate authority, and a certificate by it with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("this machine has no openssl to make certificates with")
    folder = tmp_path_factory.mktemp("certificates")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
    for command in (
        ["req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Ours"],
        ["req", *new_key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost"],
        ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
         "-out", "server.crt", "-extfile", "server.ext"],
    ):  # fmt: skip
        (folder / "server.ext").write_text("subjectAltName=DNS:localhost\n")
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    both = (folder / "server.crt").read_text() + (folder / "server.key").read_text()
    (folder / "server.pem").write_text(both)
    return folder / "ca.pem", folder / "server.pem"


async def test_an_index_is_trusted_by_a_certificate_authority_of_ones_own(
    tmp_path: Path, packages: Path, certificates: tuple[Path, Path]
):
    add_wheel(packages, "ours")
    authority, certificate = certificates
    with package_index(packages, login=LOGIN, certificate=certificate) as index:
        url = Secret(index.url_with(LOGIN))
        with pytest.raises(LockFailed, match=r"(?i)certificate|UnknownIssuer"):
            await lock_of(uv_in(tmp_path, index_url=url), "ours")
        assert "ours==1.0" in await lock_of(uv_in(tmp_path, index_url=url, index_ca_file=authority), "ours")
        trusting = uv_in(tmp_path / "other", index_url=url, index_trusted_hosts=("localhost",))
        assert "ours==1.0" in await lock_of(trusting, "ours")


@pytest.mark.parametrize(
    ("other", "name"),
    [
        ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
        ("PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL"),
        ("PIP_TRUSTED_HOST", "UV_INSECURE_HOST"),
        ("PY_TRUSTED_HOST", "UV_INSECURE_HOST"),
        ("PY_NATIVE_CERT", "UV_SYSTEM_CERTS"),
        ("PY_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_DOWNLOADS"),
    ],
)
def test_variables_that_people_carry_over_are_understood(tmp_path: Path, other: str, name: str):
    environ = ENVIRON if name == "UV_DEFAULT_INDEX" else {**ENVIRON, "UV_DEFAULT_INDEX": "http://127.0.0.1:9"}
    assert UvTool.find(tmp_path, {**environ, other: "x"}).environ[name] == "x"
    assert UvTool.find(tmp_path, {**environ, other: "x", name: "y"}).environ[name] == "y"


@pytest.mark.parametrize("other", ["PY_INDEX_CERT", "PIP_CERT"])
def test_certificates_that_people_carry_over_are_understood(tmp_path: Path, other: str):
    assert (
        UvTool.find(tmp_path, {"UV_DEFAULT_INDEX": "http://127.0.0.1:9", other: "/x.pem"}).environ[
            "SSL_CERT_FILE"
        ]
        == "/x.pem"
    )


@pytest.mark.parametrize("name", ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"])
def test_a_setting_goes_before_the_environment(tmp_path: Path, name: str):
    uv = uv_in(tmp_path, {name: "http://127.0.0.1:9/environment"}, index_url=Secret("http://127.0.0.1:9/set"))
    assert {value for key, value in uv.environ.items() if "INDEX" in key} == {"http://127.0.0.1:9/set"}


def command_lines() -> Iterator[bytes]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # a process that has just ended
            yield path.read_bytes()


async def test_no_command_line_shows_a_password(tmp_path: Path, packages: Path):
    seen: list[bytes] = []

    class Watching(KeptLog):
        async def write(self, data: bytes) -> None:
            await super().write(data)
            seen.extend(command_lines())

    add_wheel(packages, "ours")
    with package_index(packages, login=LOGIN) as index:
        uv = uv_in(tmp_path, index_url=Secret(index.url_with(LOGIN)))
        await install(tmp_path, uv, await lock_of(uv, "ours", log=Watching()), Watching())
    assert any(b"uv" in line for line in seen)
    assert not any(b"very-secret" in line for line in seen)
