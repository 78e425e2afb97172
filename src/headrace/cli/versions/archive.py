"""``headrace archive``: takes a script away from its path; its versions stay."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from headrace.cli.client import Client, find_address
from headrace.cli.options import build_settings, settings_options
from headrace.model.path import check_path

if TYPE_CHECKING:
    from headrace.cli.client import Address


@click.command
@click.argument("path")
@settings_options("data_dir")
def archive(path: str, **given: str | None) -> None:
    """Archive a script: nothing is at its path any more, its versions can be run by hash and restored."""
    address = find_address(build_settings(given).data_dir)
    click.echo(asyncio.run(_archive(address, check_path(path, "PATH"))))


async def _archive(address: Address, path: str) -> str:
    async with Client(address) as client:
        return await client.post(f"scripts/archive/p/{quote(path)}", b"")
