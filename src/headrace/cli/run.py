"""``headrace run``: a deployed script or a file as a job, followed to its end."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headrace.cli.client import Client, find_address
from headrace.cli.options import build_settings, settings_options
from headrace.errors import HeadraceError, InvalidInput
from headrace.model.json_text import parse_object
from headrace.model.path import check_path

if TYPE_CHECKING:
    from headrace.cli.client import Address, Ended

Start = Callable[[Client], Awaitable[str]]
Say = Callable[[str], None]

_LAST_WORDS_SECONDS = 15.0
"""How long we wait for a job that was canceled to end."""


@click.command
@click.argument("what", metavar="PATH_OR_FILE")
@click.option(
    "-d",
    "--data",
    default="{}",
    metavar="JSON",
    help="Arguments as a JSON object; @FILE reads them from a file, - from standard input.",
)
@click.option("--tag", default=None, help="Run on workers with this tag.")
@click.option("--silent", is_flag=True, help="Don't show the log.")
@settings_options("data_dir")
def run(what: str, data: str, tag: str | None, silent: bool, **given: str | None) -> int:
    """Run a deployed script (f/… or u/…), or a Python file that is not deployed.

    The log goes to standard error while the job runs, the result to standard output as JSON. The exit
    code is 0 where the job succeeded, 1 where it did not. Ctrl-C cancels the job.
    """
    address = find_address(build_settings(given).data_dir)
    start = _starter(what, read_arguments(data), tag)
    ended = asyncio.run(_run(address, start, is_silent=silent))
    click.echo(json.dumps(ended.result, ensure_ascii=False, indent=2))
    return 0 if ended.is_success else 1


def read_arguments(data: str) -> bytes:
    """The JSON object that ``--data`` names: itself, ``@FILE`` or ``-``; raises InvalidInput."""
    match data[:1]:
        case "-" if data == "-":
            text = sys.stdin.buffer.read()
        case "@":
            text = _read_text(Path(data[1:]), "--data").encode()
        case _:
            text = data.encode(errors="surrogateescape")
    parse_object(text, "--data")
    return text


async def see_through(client: Client, start: Start, say: Say, show_log: Say, reason: str = "Ctrl-C") -> Ended:
    """Start a job and follow it to its end; canceled, it cancels the job first, with a reason.

    ``say`` is told of the job in lines, ``show_log`` gets its log in pieces as they come. Raises what
    ``Client`` does.
    """
    starting = asyncio.ensure_future(start(client))
    try:
        # Once the request is under way there may be a job: we have to learn which.
        job = await asyncio.shield(starting)
        say(f"job {job}")
        async for piece in client.follow(job):
            show_log(piece)
    except asyncio.CancelledError:
        await _cancel(client, await starting, say, reason)
        raise
    ended = await client.result(job)
    if ended is None:
        raise AssertionError("a job whose log has come to its end has ended")
    return ended


def _starter(what: str, args: bytes, tag: str | None) -> Start:
    file = Path(what)
    if file.is_file():
        if file.suffix != ".py":
            raise InvalidInput(what, "is no Python file: its name must end in .py")
        content = _read_text(file, "PATH_OR_FILE")
        return lambda client: client.start_preview(content, args, path=_path_of(file), tag=tag)
    try:
        path = check_path(what)
    except InvalidInput:
        raise InvalidInput(
            what, "is neither a file nor the path of a script, which looks like f/<folder>/<name>"
        ) from None
    return lambda client: client.start_script(path, args, tag=tag)


def _path_of(file: Path) -> str | None:
    """The path that a file would have when the current folder is a workspace: imports count from there."""
    try:
        return check_path(file.with_suffix("").as_posix())
    except InvalidInput:
        return None


def _read_text(file: Path, field: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(field, f"{file} can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(field, f"{file} is not valid UTF-8 at byte {error.start}") from None


async def _run(address: Address, start: Start, *, is_silent: bool) -> Ended:
    def tell(text: str, *, nl: bool = True) -> None:
        if not is_silent:
            click.echo(text, nl=nl, err=True)

    async with Client(address) as client:
        return await see_through(client, start, tell, partial(tell, nl=False))


async def _cancel(client: Client, job: str, say: Say, reason: str) -> None:
    try:
        is_stopped = await client.cancel(job, reason)
        async with asyncio.timeout(_LAST_WORDS_SECONDS):
            async for _ in client.follow(job):
                pass
    except (HeadraceError, TimeoutError) as error:
        click.echo(f"job {job} may still run: {error or 'it does not end'}", err=True)
        return
    say(f"job {job} {'canceled' if is_stopped else 'had ended already'}")
