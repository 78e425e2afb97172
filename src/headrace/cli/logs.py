"""``headrace logs``: the log of a job, to its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from headrace.cli.client import Client, find_address
from headrace.cli.options import build_settings, settings_options
from headrace.model.ids import parse_job_id

if TYPE_CHECKING:
    from headrace.cli.client import Address


@click.command
@click.argument("job", metavar="ID")
@settings_options("data_dir")
def logs(job: str, **given: str | None) -> int:
    """Print the log of a job as it grows, until the job ends.

    The exit code is 0 where the job succeeded, 1 where it did not. Ctrl-C stops the printing, not the job.
    """
    address = find_address(build_settings(given).data_dir)
    return 0 if asyncio.run(_follow(address, str(parse_job_id(job, "ID")))) else 1


async def _follow(address: Address, job: str) -> bool:
    async with Client(address) as client:
        async for piece in client.follow(job):
            click.echo(piece, nl=False)
        ended = await client.result(job)
    return ended is not None and ended.is_success
