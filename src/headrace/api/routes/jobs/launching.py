"""What routes that start jobs share: one transaction for the key, the deed and the job."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Header, Request

from headrace.api.context import Caller
from headrace.db.failures import retried
from headrace.errors import InvalidInput
from headrace.lifecycle import launch
from headrace.lifecycle.launch import Launched, RawCode, Wish
from headrace.lifecycle.raw_script import give_raw_scripts
from headrace.model.ids import JobId, parse_script_hash
from headrace.model.job import Idempotency
from headrace.model.path import check_path

if TYPE_CHECKING:
    from headrace.db.connection import Connection

Deed = Callable[["Connection"], Awaitable[Launched]]


async def _idempotency(
    request: Request, key: Annotated[str | None, Header(alias="Idempotency-Key")] = None
) -> Idempotency | None:
    if key is None:
        return None
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise InvalidInput("Idempotency-Key", "must be 1 to 255 printable characters")
    query = b"&".join(sorted(request.scope["query_string"].split(b"&")))
    content = b"\n".join((request.scope["path"].encode(), query, await request.body()))
    return Idempotency(request.scope["route"].path, key, hashlib.sha256(content).digest())


IdempotencyKey = Annotated[Idempotency | None, Depends(_idempotency)]


async def launch_path(caller: Caller, path: str, wish: Wish, key: Idempotency | None) -> JobId:
    """Start the newest version of a script."""
    check_path(path)
    return await launch_by(
        caller, key, lambda connection: launch.run_path(connection, caller.principal, path, wish, key)
    )


async def launch_version(caller: Caller, text: str, wish: Wish, key: Idempotency | None) -> JobId:
    """Start one version of a script, also one that has been superseded."""
    version = parse_script_hash(text)
    return await launch_by(
        caller, key, lambda connection: launch.run_hash(connection, caller.principal, version, wish, key)
    )


async def launch_code(
    caller: Caller,
    code: RawCode,
    wish: Wish,
    key: Idempotency | None,
    raw_imports: Mapping[str, str] | None = None,
) -> JobId:
    """Start raw code, as the caller. ``raw_imports`` are those of ``launch_by``."""
    return await launch_by(
        caller,
        key,
        lambda connection: launch.run_preview(connection, caller.principal, code, wish, key),
        raw_imports,
    )


async def launch_by(
    caller: Caller, key: Idempotency | None, deed: Deed, raw_imports: Mapping[str, str] | None = None
) -> JobId:
    """Start a job by a deed, and wake who waits for such a job.

    A key that was used before gives the job of then, whatever has become of what it ran. ``raw_imports``
    are paths that the job imports from stored source, by its hashes, instead of what is deployed.
    """

    async def transaction() -> Launched:
        async with caller.transaction() as connection:
            if key is not None:
                earlier = await launch.find_earlier(connection, caller.principal, key)
                if earlier is not None:
                    return earlier
            launched = await deed(connection)
            await give_raw_scripts(connection, caller.principal, launched, raw_imports or {})
            return launched

    launched = await retried(transaction)
    launched.announce(caller.context.switchboard)
    return launched.job


def calling(wish: Wish, entry: str | None) -> Wish:
    """A wish for another function than ``main``. Raises InvalidInput where that is no name."""
    if entry is not None and not entry.isidentifier():
        raise InvalidInput("entrypoint_function", "must be the name of a function")
    return dataclasses.replace(wish, entry=entry or wish.entry)
