"""The command: options, and what is done in which order."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headrace.cli.client import Client, find_address
from headrace.cli.dev.bench import Bench
from headrace.cli.dev.board import Board
from headrace.cli.dev.locks import Locks
from headrace.cli.dev.play import Play, Wish
from headrace.cli.dev.sync import Sync
from headrace.cli.options import build_settings, settings_options
from headrace.cli.run import read_arguments
from headrace.cli.show.terminal import Terminal
from headrace.errors import InvalidInput, NotFound
from headrace.model.path import check_path

if TYPE_CHECKING:
    from headrace.cli.client import Address


@click.command
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--run", "subject", default=None, metavar="PATH", help="Run this script, and again on Enter.")
@click.option("--function", default=None, metavar="NAME", help="Call this function of it instead of main.")
@click.option(
    "-d",
    "--data",
    default="{}",
    metavar="JSON",
    help="Arguments as a JSON object; @FILE reads them from a file, - from standard input.",
)
@click.option("--tag", default=None, help="Run on workers with this tag.")
@click.option("--rerun", is_flag=True, help="Run again after each change.")
@click.option("--once", is_flag=True, help="Deploy what has changed, run, and end.")
@settings_options("data_dir")
def dev(
    folder: Path,
    subject: str | None,
    function: str | None,
    data: str,
    tag: str | None,
    rerun: bool,
    once: bool,
    **given: str | None,
) -> int:
    """Bring a server up to the workspace in FOLDER, then watch it and deploy what changes.

    Nothing is ever removed from the server. At a terminal, Enter runs the script again, or the one saved
    last; q ends. Ctrl-C cancels the job that runs, a second one ends. The exit code follows the last job:
    0 or 1; with --once it is 1, too, where something could not be deployed.
    """
    if not folder.is_dir():
        raise InvalidInput(str(folder), "is no folder")
    address = find_address(build_settings(given).data_dir)
    wish = Wish(read_arguments(data), function, tag)
    path = _path_in(folder, subject) if subject else None
    return asyncio.run(_dev(address, folder, wish, path, is_rerun=rerun, is_once=once))


def _path_in(folder: Path, subject: str) -> str:
    """The path of a script that is named by its path, or by its file."""
    name = subject.removesuffix(".py")
    prefix = f"{folder.as_posix()}/"
    path = check_path(name.removeprefix(prefix) if subject.endswith(".py") else name, "--run")
    if not (folder / f"{path}.py").is_file():
        raise InvalidInput("--run", f"there is no file {folder / f'{path}.py'}")
    return path


async def _dev(
    address: Address, folder: Path, wish: Wish, path: str | None, *, is_rerun: bool, is_once: bool
) -> int:
    board = Board(Terminal())
    async with Client(address) as client:
        await _check_address(client, address)
        locks = Locks(client, board)
        sync, play = Sync(client, folder, board, locks), Play(client, folder, board, wish)
        try:
            if is_once:
                return await _once(sync, locks, play, path)
            where = f"the workspace {address.workspace} at {address.url}"
            bench = Bench(sync, play, board, folder, path, is_rerun=is_rerun)
            return await bench.work(where)
        finally:
            await locks.close()


async def _check_address(client: Client, address: Address) -> None:
    """Raise what is wrong with URL, token or workspace before anything is said about files."""
    try:
        await client.get("users/whoami")
    except NotFound:
        raise NotFound(
            f"there is no workspace {address.workspace} at {address.url} that you are a member of"
        ) from None


async def _once(sync: Sync, locks: Locks, play: Play, path: str | None) -> int:
    synced = await sync.run()
    is_good = await locks.all_there() and synced.is_good
    if path is not None and is_good:
        is_good = (await play.run(path)).is_success
    return 0 if is_good else 1
