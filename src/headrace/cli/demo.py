"""``headrace demo``: a server with a folder's workspace in it, and the jobs that show what it does."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import click

from headrace.cli.client import Address, Client
from headrace.cli.folder.deploy import Change, Deployed, deploy_folder, read_lock_state
from headrace.cli.folder.read import WorkspaceFiles, read_workspace, read_yaml
from headrace.cli.installation import running
from headrace.cli.log_lines import set_up_log
from headrace.cli.options import DATABASE, build_settings, settings_options, variable_of
from headrace.cli.show.result import show_result
from headrace.cli.show.terminal import LogView, Style, Terminal
from headrace.cli.up import say_how_to_sign_in
from headrace.clock import monotonic
from headrace.errors import HeadraceError, InvalidInput
from headrace.model.path import check_path
from headrace.settings import Secret

if TYPE_CHECKING:
    from headrace.cli.installation import Installation
    from headrace.settings import Settings

WORKSPACE = "demo"
JOBS_FILE = "demo.yaml"

_MOST_VALUE = 40
_MOST_REASON = 200
"""The log above it has all of it."""


@dataclass(frozen=True, slots=True)
class DemoJob:
    """A script to run, and its arguments."""

    path: str
    args: dict[str, Any]


@click.command
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--once", is_flag=True, help="Stop when the jobs have run; exit code 1 if one failed.")
@settings_options("host", "port", "base_url", "workers", "isolation", "superadmin_token", *DATABASE)
def demo(folder: Path, once: bool, **given: str | None) -> int:
    """Start everything with the workspace of FOLDER in it, and run the jobs of its demo.yaml.

    The next start keeps the data and deploys what has changed. Ctrl-C ends it, also in the middle of a job.
    """
    settings = build_settings(given)
    if given["log_level"] is None and not os.environ.get(variable_of("log_level")):
        settings = dataclasses.replace(settings, log_level="warning")
    set_up_log(settings, "demo")
    show = _Show(Terminal(), folder, read_workspace(folder), _read_jobs(folder / JOBS_FILE))
    return asyncio.run(_demo(settings, show, is_once=once))


def _read_jobs(file: Path) -> list[DemoJob]:
    entries = read_yaml(file)
    if not isinstance(entries, list):
        raise InvalidInput(str(file), "must be a list of jobs, each with path and args")
    return [_read_job(entry, f"{file}, job {position}") for position, entry in enumerate(entries, 1)]


def _read_job(entry: Any, place: str) -> DemoJob:
    match entry:
        case {"path": str() as path, "args": dict() as args}:
            return DemoJob(check_path(path, place), args)
        case {"path": str() as path}:
            return DemoJob(check_path(path, place), {})
        case _:
            raise InvalidInput(place, "must have a path and, where it takes some, args")


async def _demo(settings: Settings, show: _Show, *, is_once: bool) -> int:
    terminal = show.terminal
    began = monotonic()
    asked = asyncio.Event()
    terminal.say("Starting PostgreSQL, a server and a worker …", Style.BOLD)
    async with running(settings, asked, WORKSPACE) as installation:
        if not asked.is_set():
            terminal.say(f"  up after {monotonic() - began:.1f} s; all data are kept in {settings.data_dir}")
        is_good = await _play_until(asked, show, installation)
        if is_good is not None:
            _say_goodbye(show, installation, is_once=is_once)
            if not is_once:
                await asked.wait()
        if asked.is_set():
            terminal.say("Stopping …")
    if is_good is None:
        raise click.Abort
    return 0 if is_good or not is_once else 1


async def _play_until(asked: asyncio.Event, show: _Show, installation: Installation) -> bool | None:
    """Whether all went well; None where Ctrl-C came first. Then the job that ran has been canceled."""
    address = Address(installation.url, Secret(installation.welcome.token), WORKSPACE)
    async with Client(address) as client:
        playing = asyncio.create_task(show.play(client))
        asking = asyncio.create_task(asked.wait())
        try:
            await asyncio.wait((playing, asking), return_when=asyncio.FIRST_COMPLETED)
        finally:
            asking.cancel()
            if not playing.done():
                playing.cancel()
        try:
            return await playing
        except asyncio.CancelledError:
            return None


def _say_goodbye(show: _Show, installation: Installation, *, is_once: bool) -> None:
    show.terminal.say()
    if not is_once:
        say_how_to_sign_in(installation.url, installation.welcome)
        show.terminal.say("Ctrl-C stops it.")
    else:
        show.terminal.say(f"`headrace demo {show.folder}` without --once keeps it running.")
        if installation.welcome.password is not None:
            show.terminal.say(
                f"Sign in there as {installation.welcome.email} with the password"
                f" {installation.welcome.password} (it is shown this once)."
            )


class _Show:
    """The course of the demo: deploy, lock, run."""

    def __init__(self, terminal: Terminal, folder: Path, files: WorkspaceFiles, jobs: list[DemoJob]) -> None:
        self.terminal = terminal
        self.folder = folder
        self._files = files
        self._jobs = jobs
        self._summaries = {script.path: script.fields.get("summary") or "" for script in files.scripts}
        self._unfit: dict[str, str] = {}
        """Why a script can't be run."""

    async def play(self, client: Client) -> bool:
        """Everything in order; whether all went well."""
        deployed = await self._deploy(client)
        await self._lock(client, [item for item in deployed if item.version])
        results = [await self._run(client, job, position) for position, job in enumerate(self._jobs, 1)]
        refused = sum(item.change is Change.REFUSED for item in deployed)
        self._say_sum(results, refused)
        return all(results) and not refused and not self._unfit

    async def _deploy(self, client: Client) -> list[Deployed]:
        self.terminal.say()
        self.terminal.say(f"Deploying {self.folder} to the workspace {WORKSPACE}", Style.BOLD)
        deployed: list[Deployed] = []
        async for item in deploy_folder(client, self._files):
            deployed.append(item)
            if item.problem is None:
                self.terminal.say(f"  {item.change.value:<9}  {item.noun} {item.name}")
            else:
                self.terminal.say(f"  refused    {item.noun} {item.name}: {item.problem}", Style.RED)
                self._unfit[item.name] = "it was not deployed"
        return deployed

    async def _lock(self, client: Client, scripts: list[Deployed]) -> None:
        """Wait until the packages that each script imports are known exactly."""
        states = [(item, await read_lock_state(client, item.version or "")) for item in scripts]
        pending = [(item, state.job) for item, state in states if not state.is_locked and state.job]
        if pending:
            self.terminal.say()
            self.terminal.say("Locking what the scripts import", Style.BOLD)
        try:
            for item, job in pending:
                await self._lock_one(client, item, job)
        except asyncio.CancelledError:
            for _, job in pending:
                await _cancel(client, job)
            raise

    async def _lock_one(self, client: Client, item: Deployed, job: str) -> None:
        began = monotonic()
        self.terminal.say(f"  {item.name}")
        await self._follow(client, job, f"locking {item.name}")
        state = await read_lock_state(client, item.version or "")
        if state.is_locked:
            self.terminal.say(f"  locked after {monotonic() - began:.1f} s", Style.GREEN)
            return
        reason = state.error or "its dependencies job ended without a lock"
        self.terminal.say(f"  {item.name} could not be locked: {shorten(reason, _MOST_REASON)}", Style.RED)
        self._unfit[item.name] = "what it imports could not be locked"

    async def _run(self, client: Client, job: DemoJob, position: int) -> bool:
        """Run one job and show all of it; whether it succeeded."""
        say = self.terminal.say
        say()
        summary = self._summaries.get(job.path)
        say(f"{position}/{len(self._jobs)}  {job.path}{f': {summary}' if summary else ''}", Style.BOLD)
        if job.args:
            say(
                f"  {', '.join(_argument(name, value) for name, value in job.args.items())}"[
                    : self.terminal.width
                ]
            )
        if reason := self._unfit.get(job.path):
            say(f"  not run: {reason}", Style.RED)
            return False
        try:
            started = await client.start_script(job.path, json.dumps(job.args).encode())
        except HeadraceError as error:
            say(f"  not run: {error}", Style.RED)
            return False
        try:
            await self._follow(client, started, "waiting for the job")
        except asyncio.CancelledError:
            await _cancel(client, started)
            raise
        return await self._show_end(client, started)

    async def _show_end(self, client: Client, job: str) -> bool:
        ended = await client.result(job)
        if ended is None:
            raise AssertionError("a job whose log has come to its end has ended")
        self.terminal.say()
        for line in show_result(ended.result, self.terminal.width - 2).splitlines():
            self.terminal.say(f"  {line}".rstrip())
        facts = await client.get(f"jobs_u/get/{job}", no_logs="true", no_code="true")
        self.terminal.say()
        style = Style.GREEN if ended.is_success else Style.RED
        self.terminal.say(f"  {facts['status']}, ran {facts.get('duration_ms', 0) / 1000:.2f} s", style)
        self.terminal.say(f"  job {job}", Style.DIM)
        self.terminal.say(f"  {client.url_of(job)}", Style.DIM)
        return ended.is_success

    async def _follow(self, client: Client, job: str, for_what: str) -> None:
        view = LogView(self.terminal)
        async with self.terminal.waiting(for_what):
            async for piece in client.follow(job):
                view.add(piece)
        view.close()

    def _say_sum(self, results: list[bool], refused: int) -> None:
        self.terminal.say()
        is_good = all(results) and not refused and not self._unfit
        text = f"{sum(results)} of {len(results)} jobs succeeded"
        if unfit := ", ".join(self._unfit):
            text += f"; not usable: {unfit}"
        self.terminal.say(text, Style.GREEN if is_good else Style.RED)


async def _cancel(client: Client, job: str) -> None:
    """Stop a job on the way out; where no server answers any more, its end is the worker's business."""
    try:
        await client.cancel(job, "the demo was stopped")
    except HeadraceError:
        return


def _argument(name: str, value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return f"{name} = {text if len(text) <= _MOST_VALUE else text[: _MOST_VALUE - 1] + '…'}"
