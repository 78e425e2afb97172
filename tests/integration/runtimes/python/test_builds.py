"""Packages without a wheel: built in the cage of a job, with nothing left of it and nothing given to it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from headrace.runtimes.base import DependenciesFailed, Folders, LockFailed
from headrace.runtimes.python.builds import Builder
from headrace.runtimes.python.environments import PythonEnvironments
from headrace.runtimes.python.interpreter import PythonInterpreter, base_interpreter, look_at
from headrace.runtimes.python.interpreter_copy import make_usable
from headrace.runtimes.python.lock import lock_python
from headrace.runtimes.python.uv import UvTool
from headrace.runtimes.runner_files import place_runner
from headrace.sandbox.cage import Cage, Isolation
from headrace.sandbox.survivors import Family, adopt_orphans, find_survivors
from tests.integration.runtimes.python.package_index import PackageIndex, add_source, add_wheel, package_index
from tests.integration.runtimes.python.tools import KeptLog

UID = 64_998 if os.geteuid() == 0 else None

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="elsewhere a build has the account of the worker")
with_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="this machine has no C compiler")

C_EXTENSION = """
import subprocess, sysconfig
pathlib.Path("source.c").write_text('''
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", NULL, -1, NULL};
PyMODINIT_FUNC PyInit__native(void) {
    PyObject *made = PyModule_Create(&module);
    PyModule_AddIntConstant(made, "answer", 42);
    return made;
}
''')
include = sysconfig.get_path("include")
subprocess.run(["cc", "-shared", "-fPIC", f"-I{include}", "source.c", "-o", "made.so"], check=True)
FILES["_native" + sysconfig.get_config_var("EXT_SUFFIX")] = pathlib.Path("made.so").read_bytes()
"""
NO_HEADER = """
import subprocess
pathlib.Path("source.c").write_text("#include <no_such_header.h>")
subprocess.run(["cc", "-c", "source.c"], check=True)
"""
WAIT_AT_THE_GATE = """
import socket, subprocess
gate = socket.create_connection(("127.0.0.1", {port}))
nothing = {{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}}
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True, **nothing)
assert gate.recv(2) == b"go"
"""
"""It leaves a process in a session of its own, and then waits until it is let through."""
LOOK_AROUND = """
secret = bytes.fromhex("766572792d736563726574")  # so that it does not find itself
found = []
places = [*pathlib.Path("/proc").glob("[0-9]*/environ"), *pathlib.Path("/proc").glob("[0-9]*/cmdline")]
for place in [*places, *(path for path in SITE.rglob("*") if path.is_file())]:
    try:
        if secret in place.read_bytes():
            found.append(str(place))
    except OSError:
        pass
try:
    open(f"/proc/{{os.getppid()}}/mem", "rb").close()
    found.append("the memory of uv")
except PermissionError:
    pass
try:
    os.lseek(0, 0, 0)
except OSError:
    pass
if secret in os.read(0, 65536):
    found.append("standard input")
for folder in ({cache!r}, {shared!r}, "/"):
    try:
        pathlib.Path(folder, "planted").write_text("x")
        found.append(folder)
    except OSError:
        pass
import json
FILES["looked.json"] = json.dumps({{"found": found, "uid": os.getuid()}})
"""


@dataclass
class Site:
    """A place for jobs, and an index that asks for a password."""

    folders: Folders
    packages: Path
    index: PackageIndex
    interpreter: PythonInterpreter
    cage: Cage
    log: KeptLog = field(default_factory=KeptLog)
    build_limit_mb: int = 200

    @property
    def uv(self) -> UvTool:
        environ = {**os.environ, "UV_DEFAULT_INDEX": self.index.url_with("someone:very-secret")}
        return replace(UvTool.find(self.folders.cache, environ), build_limit_mb=self.build_limit_mb)

    @property
    def environments(self) -> PythonEnvironments:
        return PythonEnvironments(self.folders, self.uv)

    async def lock(self, *requirements: str, canceled: asyncio.Event | None = None) -> str:
        builder = Builder(self.uv, self.folders, self.interpreter, self.cage)
        version = self.interpreter.version
        return await lock_python(builder, list(requirements), version, self.log, canceled or asyncio.Event())

    async def ensure(self, lock: str, canceled: asyncio.Event | None = None) -> Path:
        found = await self.environments.ensure(
            lock, self.interpreter, self.cage, self.log, canceled or asyncio.Event()
        )
        assert found is not None
        found.close()
        return found.path

    def left(self) -> list[object]:
        """What there should not be after a build: folders, and processes of its account."""
        family = Family(session=-1, uid=self.cage.uid, mark=b"WM_JOB_ID=never")
        return [*self.folders.jobs.iterdir(), *find_survivors(family)]

    def run(self, environment: Path, program: str) -> str:
        """What a program prints that can import from an environment, run as jobs are."""
        uid = self.cage.uid
        before = f"import sys; sys.path.insert(0, {str(environment)!r})\n"
        return subprocess.check_output(
            [self.interpreter.path, "-I", "-S", "-c", before + program],
            user=uid,
            group=uid,
            extra_groups=None if uid is None else [],
            env=self.interpreter.environ,
            cwd="/",
            text=True,
        )


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    # Not below pytest's own folder, which nobody else may enter.
    with tempfile.TemporaryDirectory(prefix="headrace-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def interpreter(root: Path) -> PythonInterpreter:
    shared = root / "shared"
    shared.mkdir(mode=0o755)
    folders = Folders(shared, root / "cache", root / "jobs")
    return asyncio.run(make_usable(look_at(base_interpreter()), folders, UID, place_runner(shared)))


@pytest.fixture
def site(root: Path, interpreter: PythonInterpreter) -> Iterator[Site]:
    adopt_orphans()
    cage = Cage(Isolation.PROCESS, UID)
    with tempfile.TemporaryDirectory(dir=root) as name, package_index_in(Path(name)) as index:
        Path(name).chmod(0o755)
        folders = Folders(root / "shared", Path(name) / "cache", Path(name) / "jobs")
        folders.jobs.mkdir(mode=0o711)
        folders.cache.mkdir(mode=0o700)
        yield Site(folders, index.folder, index, interpreter, cage)


def package_index_in(root: Path):
    (root / "packages").mkdir()
    return package_index(root / "packages", login="someone:very-secret")


@asynccontextmanager
async def gate() -> AsyncIterator[Gate]:
    """A server at which builds wait, until it is opened."""
    made = Gate()
    server = await asyncio.start_server(made.meet, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()


class Gate:
    """``arrived`` has one entry for each build that has come, ``lost`` for each that has gone."""

    def __init__(self) -> None:
        self.port = 0
        self.arrived: asyncio.Queue[None] = asyncio.Queue()
        self.lost: asyncio.Queue[None] = asyncio.Queue()
        self.is_open = False

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.arrived.put_nowait(None)
        if self.is_open:
            writer.write(b"go")
        await reader.read()
        self.lost.put_nowait(None)
        writer.close()


async def test_a_package_without_a_wheel_is_built_once(site: Site):
    add_source(
        site.packages,
        "plainly",
        'FILES["plainly_data/table.csv"] = "a,b"\n'
        'FILES[f"{INFO}/entry_points.txt"] = "[console_scripts]\\nplainly = plainly:main\\n"',
    )
    lock = await site.lock("plainly")
    assert lock.startswith(f"# python {site.interpreter.version}\nplainly==1.0 \\\n    --hash=sha256:")
    folder = await site.ensure(lock)

    assert site.run(folder, "import plainly; print(plainly.VALUE, plainly.__file__)").split() == [
        "1",
        str(folder / "plainly.py"),
    ]
    assert (folder / "plainly_data" / "table.csv").read_text() == "a,b"
    assert (
        (folder / "bin" / "plainly").read_text().startswith(f"#!/usr/bin/env {site.interpreter.path.name}\n")
    )
    assert list((folder / "__pycache__").glob("plainly.*.pyc"))
    paths = [folder, *folder.rglob("*")]
    assert {path.stat().st_mode & 0o7777 for path in paths} <= {0o755, 0o644}
    assert {path.stat().st_uid for path in paths} == {os.geteuid()}
    assert site.left() == []

    no_uv = PythonEnvironments(site.folders, replace(site.uv, program=site.packages / "missing"))
    again = await no_uv.ensure(lock, site.interpreter, site.cage, KeptLog(), asyncio.Event())
    assert again is not None
    assert again.path == folder


async def test_the_modules_of_a_built_package_are_compiled_for_good(site: Site):
    add_source(site.packages, "compiled")
    folder = await site.ensure(await site.lock("compiled"))
    (cached,) = (folder / "__pycache__").glob("compiled.*.pyc")
    assert int.from_bytes(cached.read_bytes()[4:8], "little") == 1, "its source is still compared with it"


@with_compiler
async def test_a_c_extension_is_built_for_the_interpreter_of_jobs(site: Site):
    add_source(site.packages, "natively", C_EXTENSION)
    folder = await site.ensure(await site.lock("natively"))
    assert site.run(folder, "import _native; print(_native.answer)") == "42\n"


@with_compiler
async def test_a_build_that_fails_shows_the_last_words_of_its_compiler(site: Site):
    add_source(site.packages, "broken", NO_HEADER)
    lock = await site.lock("broken")
    with pytest.raises(DependenciesFailed) as raised:
        await site.ensure(lock)
    assert str(raised.value).startswith("Failed to build `broken==1.0`: ")
    assert "fatal error: no_such_header.h: No such file or directory" in str(raised.value)
    assert "fatal error: no_such_header.h" in site.log.text
    assert str(site.folders.jobs) not in site.log.text
    assert site.left() == []


async def test_a_package_whose_metadata_can_not_be_made_fails_the_lock(site: Site):
    add_source(site.packages, "moody", version="1.0", before="raise RuntimeError('not today')")
    with pytest.raises(LockFailed, match=r"(?s)Failed to build `moody==1.0`.*RuntimeError: not today"):
        await site.lock("moody")
    assert site.left() == []


@pytest.mark.parametrize("how", ["canceled", "cancelled", "timed out"])
async def test_a_build_that_hangs_is_ended_with_all_it_started(site: Site, how: str):
    async with gate() as closed:
        add_source(site.packages, "slowly", WAIT_AT_THE_GATE.format(port=closed.port))
        lock = await site.lock("slowly")
        canceled = asyncio.Event()
        building = asyncio.create_task(site.ensure(lock, canceled))
        await closed.arrived.get()
        match how:
            case "canceled":
                canceled.set()
                with pytest.raises(DependenciesFailed, match="canceled"):
                    await building
            case "cancelled":
                building.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await building
            case _:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0):
                        await building
        await closed.lost.get()
    assert site.left() == []
    assert not list((site.folders.shared / "environments").glob(".making/*/"))


async def test_what_a_build_leaves_running_is_ended(site: Site):
    async with gate() as opened:
        opened.is_open = True
        add_source(site.packages, "leaving", WAIT_AT_THE_GATE.format(port=opened.port))
        await site.ensure(await site.lock("leaving"))
    assert site.left() == []


async def test_when_the_job_that_builds_is_canceled_another_one_builds(site: Site):
    async with gate() as guarded:
        add_source(site.packages, "shared", WAIT_AT_THE_GATE.format(port=guarded.port))
        lock = await site.lock("shared")
        environments = site.environments
        other = replace(site.cage, uid=UID and UID - 1)
        canceled = asyncio.Event()
        one, two = (
            asyncio.create_task(environments.ensure(lock, site.interpreter, cage, KeptLog(), stop))
            for cage, stop in ((site.cage, canceled), (other, asyncio.Event()))
        )
        await guarded.arrived.get()
        guarded.is_open = True
        canceled.set()
        with pytest.raises(DependenciesFailed, match="canceled"):
            await one
        folder = await two
    assert folder is not None
    assert (folder.path / "shared.py").exists()


@as_root
async def test_a_build_is_not_root_and_finds_no_secret_and_nothing_to_spoil(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("UV_INDEX_OURS_PASSWORD", "very-secret")
    cache = site.folders.cache / "uv"
    add_wheel(site.packages, "innocent")
    hook = LOOK_AROUND.format(cache=str(cache), shared=str(site.folders.shared))
    add_source(site.packages, "curious", hook)
    lock = await site.lock("curious", "innocent")
    folder = await site.ensure(lock)
    assert json.loads((folder / "looked.json").read_text()) == {"found": [], "uid": UID}
    assert "very-secret" not in lock + site.log.text
    assert (folder / "innocent.py").exists()
    assert not [path for path in cache.rglob("*") if path.lstat().st_uid != os.geteuid()]


@pytest.mark.parametrize("made", ["os.symlink('/etc/passwd', target / 'x')", "os.mkfifo(target / 'x')"])
async def test_what_is_no_plain_file_is_not_taken_over(site: Site, made: str):
    add_source(site.packages, "linking", f"target = SITE / 'target'\ntarget.mkdir(exist_ok=True)\n{made}")
    with pytest.raises(DependenciesFailed, match="the build made x: that is no plain file"):
        await site.ensure(await site.lock("linking"))
    assert site.left() == []


async def test_a_build_that_fills_its_folder_is_ended(site: Site):
    fill = (
        "number = 0\nwhile True:\n    (SITE / str(number)).write_bytes(b'x' * 1024 * 1024)\n    number += 1"
    )
    add_source(site.packages, "filling", fill)
    lock = await site.lock("filling")
    site.build_limit_mb = 20
    with pytest.raises(DependenciesFailed, match=r"more than 20 MB .*build_limit_mb"):
        await site.ensure(lock)
    assert site.left() == []


async def test_a_version_with_a_wheel_goes_before_one_that_would_be_built(site: Site):
    add_wheel(site.packages, "either", "1.0")
    add_source(site.packages, "either", version="2.0")
    assert "either==1.0" in await site.lock("either")
    assert "either==2.0" in await site.lock("either>=2")


@as_root
async def test_nothing_is_built_as_root(site: Site):
    add_source(site.packages, "rootless")
    site.cage = Cage(Isolation.PROCESS, None)
    with pytest.raises(DependenciesFailed, match="as root"):
        await site.lock("rootless")


@pytest.mark.long
async def test_a_package_of_the_index_of_this_machine_is_built_with_setuptools(site: Site):
    builder = Builder(UvTool.find(site.folders.cache), site.folders, site.interpreter, site.cage)
    version = site.interpreter.version
    try:
        lock = await lock_python(builder, ["docopt==0.6.2"], version, site.log, asyncio.Event())
    except LockFailed as error:
        if "can't be reached" in str(error):
            pytest.skip(str(error))
        raise
    environments = PythonEnvironments(site.folders, builder.uv)
    loan = await environments.ensure(lock, site.interpreter, site.cage, site.log, asyncio.Event())
    assert loan is not None
    with loan:
        assert site.run(loan.path, "import docopt; print(docopt.__version__)") == "0.6.2\n"
