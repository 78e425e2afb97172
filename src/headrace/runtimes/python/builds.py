"""Builds packages that have no wheel: in the cage of a job, never as the worker.

A build runs code of whoever made the package. So uv is run once more, under the account of the job, with
a home and a cache of its own that are thrown away; what comes of it is taken over as data.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.runtimes.base import DependenciesFailed, Folders
from headrace.runtimes.job_folder import TEMPORARY, make_job_folder, remove_job_folder
from headrace.runtimes.python.indexes import build_environ, index_options
from headrace.runtimes.python.take_over import read_output, take_over
from headrace.runtimes.python.uv import Messages, UvResult, UvTool
from headrace.runtimes.runner_files import BOOTSTRAP_PROGRAM, place_runner
from headrace.sandbox.cage import Stop
from headrace.sandbox.process import Launch, start
from headrace.sandbox.run import Ended, EndedBy, Sinks, follow

if TYPE_CHECKING:
    from headrace.runtimes.base import LogSink
    from headrace.runtimes.python.interpreter import PythonInterpreter
    from headrace.sandbox.cage import Cage

_MEGABYTE = 1024 * 1024
_LOOK_SECONDS = 1.0
_ENTRY_BYTES = 4096
_OUTPUT_BYTES = 64 * _MEGABYTE
_CERTIFICATES = "certificates.pem"
_REQUIREMENTS = "requirements.txt"


@dataclass(frozen=True, slots=True)
class Builder:
    """uv for one job: downloads as the worker, builds as the job. Meets what ``lock_python`` needs of a uv.

    ``folders.jobs`` is where the folders of builds are made; what is left there is removed with the
    folders of jobs.
    """

    uv: UvTool
    folders: Folders
    interpreter: PythonInterpreter
    cage: Cage

    async def run(
        self,
        arguments: Sequence[str],
        standard_input: str,
        canceled: asyncio.Event,
        *,
        log: LogSink | None = None,
    ) -> UvResult | None:
        """Call ``uv pip …`` without builds, and again with them where it failed for want of a wheel.

        ``arguments`` end in ``-``: the requirements come by ``standard_input``. None when canceled, with
        nothing left of it.
        """
        result = await self.uv.using(self.interpreter).run(arguments, standard_input, canceled, log=log)
        if result is None or not result.needs_build:
            return result
        if log is not None:
            await log.write(b"There is not a wheel for each of them: asking those without one \xe2\x80\xa6\n")
        async with self._site(standard_input) as site:
            return await self._call(site, arguments, canceled, log)

    async def install(
        self, packages: str, options: Sequence[str], target: Path, canceled: asyncio.Event, log: LogSink
    ) -> UvResult | None:
        """Build and install the lines ``packages`` into a folder that is not there yet; None when canceled.

        Raises DependenciesFailed where the build made what can't be taken over.
        """
        async with self._site(packages) as site:
            arguments = ["install", "--target", str(site / "target"), *options, "-"]
            result = await self._call(site, arguments, canceled, log)
            if result and result.is_success:
                await asyncio.to_thread(take_over, site / "target", target, self._uid, self._most_bytes)
            return result

    @property
    def _uid(self) -> int:
        return os.geteuid() if self.cage.uid is None else self.cage.uid

    @property
    def _most_bytes(self) -> int:
        return self.uv.build_limit_mb * _MEGABYTE

    @asynccontextmanager
    async def _site(self, requirements: str) -> AsyncIterator[Path]:
        """A folder that belongs to the build, and is gone after it."""
        if self._uid == 0:
            raise DependenciesFailed("a package without a wheel would have to be built as root")
        site = self.folders.jobs / f"build-{secrets.token_hex(8)}"
        site.parent.mkdir(parents=True, exist_ok=True)
        try:
            files = {_REQUIREMENTS: requirements, **_certificates(self.uv.environ)}
            await asyncio.to_thread(make_job_folder, site, files, self.cage.uid)
            yield site
        finally:
            await asyncio.shield(asyncio.create_task(_remove(site)))

    async def _call(
        self,
        site: Path,
        arguments: Sequence[str],
        canceled: asyncio.Event,
        log: LogSink | None,
    ) -> UvResult | None:
        messages = Messages(log, site)
        launch = await asyncio.to_thread(self._launch, site, arguments)
        ended, is_too_much = await self._watched(launch, messages, canceled)
        await messages.end()
        if is_too_much:
            limit = f"{self.uv.build_limit_mb} MB"
            text = f"error: the build put more than {limit} into its folder (setting build_limit_mb)"
            return UvResult(is_success=False, output=b"", messages=(text,))
        if ended.ended_by is not EndedBy.ITSELF:
            return None
        output = await asyncio.to_thread(read_output, site / "output", self._uid, _OUTPUT_BYTES)
        return UvResult(ended.exit_code == 0, output, tuple(messages.lines))

    async def _watched(
        self, launch: Launch, messages: Messages, canceled: asyncio.Event
    ) -> tuple[Ended, bool]:
        """Run it to an end with nothing left, also when this is cancelled in the middle."""
        stop = Stop()
        running = asyncio.create_task(_run(launch, messages, stop))
        canceling = asyncio.create_task(canceled.wait())
        filling = asyncio.create_task(_until_fuller(launch.folder, self._most_bytes))
        try:
            await asyncio.wait((running, canceling, filling), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.set_at_once()
            canceling.cancel()
            is_too_much = filling.done() and not running.done()
            filling.cancel()
            await _ended(running)
        return running.result(), is_too_much

    def _launch(self, site: Path, arguments: Sequence[str]) -> Launch:
        runner = place_runner(self.folders.shared)
        python = str(self.interpreter.path)
        command = (python, "-I", "-S", "-B", "-X", "utf8", "-c", BOOTSTRAP_PROGRAM, str(runner))
        before = () if arguments[0] == "compile" else ("-r",)
        sources = (str(site / _REQUIREMENTS), *before, "-")
        program = [str(self._place_uv()), "pip", *arguments[:-1], *before, *sources]
        plan = {"program": program, "output": str(site / "output")}
        given = json.dumps({"input": index_options(self.uv.environ)}).encode()
        limits = replace(self.cage.limits, file_size_bytes=self._most_bytes)
        return Launch(command, plan, site, self._environ(site), given, replace(self.cage, limits=limits))

    def _environ(self, site: Path) -> dict[str, str]:
        """Nothing secret: whatever is built sees it."""
        environ = {"PATH": os.defpath} | build_environ(self.uv.environ) | self.interpreter.environ
        if (site / _CERTIFICATES).exists():
            environ["SSL_CERT_FILE"] = str(site / _CERTIFICATES)
        own = {
            "HOME": str(site),
            "TMPDIR": str(site / TEMPORARY),
            "UV_CACHE_DIR": str(site / "cache"),
            "UV_PYTHON": str(self.interpreter.path),
            "UV_PYTHON_DOWNLOADS": "never",
            "NO_COLOR": "1",
            "WM_JOB_ID": site.name,  # by which what it leaves behind is known
        }
        return environ | own

    def _place_uv(self) -> Path:
        """Uv itself, or a copy that the account can run and not read.

        What can't be read can't be looked into while it runs, so the credentials of an index stay with it.
        """
        if self.cage.uid is None:
            return self.uv.program
        state = self.uv.program.stat()
        known_by = f"{self.uv.program}\0{state.st_mtime_ns}\0{state.st_size}".encode()
        place = self.folders.shared / "uv" / hashlib.sha256(known_by).hexdigest()[:16]
        if not place.exists():
            place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            place.parent.chmod(0o755)
            aside = place.with_name(f".{place.name}-{secrets.token_hex(4)}")
            shutil.copyfile(self.uv.program, aside)
            aside.chmod(0o711)
            aside.rename(place)
        return place


def _certificates(environ: Mapping[str, str]) -> dict[str, str]:
    """The account of a build need not reach the file of the worker; there is nothing secret in it."""
    with suppress(KeyError, OSError):
        text = Path(environ["SSL_CERT_FILE"]).read_text(encoding="utf-8", errors="replace")
        return {_CERTIFICATES: text}
    return {}


async def _run(launch: Launch, messages: Messages, stop: Stop) -> Ended:
    # The memory of a build is none of the job's own.
    return await follow(start(launch), launch.cage, Sinks(messages.write), stop, None)


async def _ended(running: asyncio.Task[Ended]) -> None:
    """Wait for the end however often this is cancelled: the account must have nothing left running."""
    is_cancelled = False
    while not running.done():
        try:
            await asyncio.wait((running,))
        except asyncio.CancelledError:
            is_cancelled = True
    if is_cancelled:
        raise asyncio.CancelledError


async def _until_fuller(folder: Path, most_bytes: int) -> None:
    while await asyncio.to_thread(_size, folder, most_bytes) <= most_bytes:  # noqa: ASYNC110 - the disk tells nobody
        await asyncio.sleep(_LOOK_SECONDS)


def _size(folder: Path, most_bytes: int) -> int:
    """What lies in a folder that is being written to, at least; counted no further than it matters."""
    size = 0
    steps: list[str | Path] = [folder]
    while steps and size <= most_bytes:
        with suppress(OSError), os.scandir(steps.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    size += _ENTRY_BYTES + entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        steps.append(entry.path)
    return size


async def _remove(site: Path) -> None:
    with suppress(FileNotFoundError):
        await remove_job_folder(site)
