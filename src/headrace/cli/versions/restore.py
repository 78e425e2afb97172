"""``headrace restore``: an old version of a script once more, on top of the newest one."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import click

from headrace.api.schemas.new_script import NewScriptBody
from headrace.cli.client import Client, find_address
from headrace.cli.options import build_settings, settings_options
from headrace.cli.versions.lookup import Version, choose, read_history, read_version
from headrace.errors import Conflict
from headrace.model.path import check_path

if TYPE_CHECKING:
    from headrace.cli.client import Address

_OF_THE_DEPLOYMENT = {"path", "parent_hash", "auto_parent", "deployment_message", "skip_draft_deletion"}
"""What a body says about the deployment, not about the version."""
_KEPT = {field.alias or name for name, field in NewScriptBody.model_fields.items()} - _OF_THE_DEPLOYMENT


@click.command
@click.argument("path")
@click.argument("version")
@click.option("-m", "--message", default=None, help="Why; by default, from which version.")
@settings_options("data_dir")
def restore(path: str, version: str, message: str | None, **given: str | None) -> None:
    """Deploy an old version of a script once more, with its settings and its lock; prints the new hash.

    A version is named by its hash, or the beginning of it. An archived script comes back.
    """
    address = find_address(build_settings(given).data_dir)
    click.echo(asyncio.run(_restore(address, check_path(path, "PATH"), version, message)))


async def _restore(address: Address, path: str, text: str, message: str | None) -> str:
    async with Client(address) as client:
        history = await read_history(client, path)
        newest, wanted = history[0], choose(history, text, path)
        _require_useful(newest, wanted, path)
        fields = await read_version(client, wanted)
        body: dict[str, Any] = {name: fields[name] for name in _KEPT & fields.keys()}
        body |= {
            "path": path,
            "parent_hash": newest.hash,
            "deployment_message": message or f"version {wanted.number}, {wanted.hash}, once more",
            # It was no draft that was deployed.
            "skip_draft_deletion": True,
        }
        return await client.post("scripts/create", json.dumps(body).encode())


def _require_useful(newest: Version, wanted: Version, path: str) -> None:
    if newest.path != path:
        raise Conflict(f"{path} has moved to {newest.path}: restore it there")
    if wanted == newest and not newest.is_archived:
        raise Conflict(f"version {wanted.hash} is the newest one of {path} already")
