"""``headrace diff``: what changed between two versions of a script."""

from __future__ import annotations

import asyncio
import difflib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from headrace.cli.client import Client, find_address
from headrace.cli.options import build_settings, settings_options
from headrace.cli.show.terminal import without_controls
from headrace.cli.versions.lookup import Version, choose, read_history, read_version
from headrace.errors import NotFound
from headrace.model.path import check_path

if TYPE_CHECKING:
    from headrace.cli.client import Address


@click.command
@click.argument("path")
@click.argument("versions", nargs=-1, metavar="[VERSION [VERSION]]")
@click.option("--lock", is_flag=True, help="Compare the locks as well.")
@settings_options("data_dir")
def diff(path: str, versions: tuple[str, ...], lock: bool, **given: str | None) -> None:
    """Show what changed in a script, as a unified diff of its source.

    Without a version: by its newest one. With one: from that to the newest. With two: from the first to the
    second. A version is named by its hash, or the beginning of it.
    """
    if len(versions) > 2:
        raise click.UsageError("two versions at most can be compared")
    address = find_address(build_settings(given).data_dir)
    old, new = asyncio.run(_read(address, check_path(path, "PATH"), versions))
    for part, suffix in (("content", ""), *([("lock", " lock")] if lock else [])):
        for line in _compare(old, new, part, suffix):
            # Colour and nothing else may not reach a terminal; a file gets what is there.
            click.echo(without_controls(line) if sys.stdout.isatty() else line, color=True)


async def _read(
    address: Address, path: str, wanted: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Any]]:
    async with Client(address) as client:
        old, new = _pair(await read_history(client, path), path, wanted)
        return await read_version(client, old), await read_version(client, new)


def _pair(history: list[Version], path: str, wanted: tuple[str, ...]) -> tuple[Version, Version]:
    chosen = [choose(history, text, path) for text in wanted]
    match chosen:
        case [old, new]:
            return old, new
        case [old]:
            return old, history[0]
        case _:
            if len(history) < 2:
                raise NotFound(f"{path} has no version before its newest one to compare that with")
            return history[1], history[0]


def _compare(old: dict[str, Any], new: dict[str, Any], part: str, suffix: str) -> Iterator[str]:
    return difflib.unified_diff(
        (old.get(part) or "").splitlines(),
        (new.get(part) or "").splitlines(),
        f"{old['path']}@{old['hash']}{suffix}",
        f"{new['path']}@{new['hash']}{suffix}",
        lineterm="",
    )
