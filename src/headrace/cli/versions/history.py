"""``headrace history``: who deployed which version of a script, when, and why."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

import click

from headrace.cli.client import Client, find_address
from headrace.cli.options import build_settings, settings_options
from headrace.cli.show.terminal import without_controls
from headrace.cli.versions.lookup import Version, read_history
from headrace.model.path import check_path

if TYPE_CHECKING:
    from headrace.cli.client import Address


@click.command
@click.argument("path")
@settings_options("data_dir")
def history(path: str, **given: str | None) -> None:
    """List the versions of a script, newest first: number, hash, when, by whom, why.

    Versions that it had before it moved show the path that they had.
    """
    address = find_address(build_settings(given).data_dir)
    versions = asyncio.run(_read(address, check_path(path, "PATH")))
    name = max((len(version.created_by) for version in versions), default=0)
    for version in versions:
        click.echo(_line(version, path, name))


async def _read(address: Address, path: str) -> list[Version]:
    async with Client(address) as client:
        return await read_history(client, path)


def _line(version: Version, path: str, name: int) -> str:
    when = datetime.fromisoformat(version.created_at).strftime("%Y-%m-%d %H:%M:%SZ")
    reason = without_controls(version.message.strip().partition("\n")[0])
    elsewhere = f"({version.path}) " if version.path != path else ""
    line = f"{version.number:>4}  {version.hash}  {when}  {version.created_by:<{name}}  {elsewhere}{reason}"
    return line.rstrip()
