"""What the query of a route that starts a job may say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict

from headrace.api.instants import Instant
from headrace.api.retry_option import RetryPolicy, read_retry_option
from headrace.api.tags import Tag
from headrace.errors import InvalidInput
from headrace.lifecycle.launch import Wish
from headrace.model.ids import JobId, parse_job_id
from headrace.model.json_text import raw_member
from headrace.model.path import check_identity

_MOST_SECONDS_AHEAD = 10 * 366 * 86400
_ENTRY_ARGUMENT = "_ENTRYPOINT_OVERRIDE"

_MOST_CACHE_SECONDS = 2**31 - 1
_REFUSED = frozenset({"memory_id"})
"""Options of the contract that we don't have. To ignore one would run something else than was asked for."""


class RunOptions(BaseModel):
    """Options of a job; those about the body are for routes whose body is the arguments."""

    model_config = ConfigDict(extra="allow")

    scheduled_for: Instant | None = None
    scheduled_in_secs: Annotated[int | None, Query(ge=0, le=_MOST_SECONDS_AHEAD)] = None
    parent_job: str | None = None
    root_job: str | None = None
    job_id: str | None = None
    tag: Tag | None = None
    timeout: Annotated[int | None, Query(ge=1, le=10**9)] = None
    priority: Annotated[int | None, Query(ge=0, le=100)] = None
    invisible_to_owner: bool = False
    permissioned_as: str | None = None
    skip_preprocessor: bool = False
    queue_limit: Annotated[int | None, Query(ge=0, le=10**6)] = None
    wrap_body: bool = False
    raw: bool = False
    include_header: str | None = None
    include_query: str | None = None
    retry: Annotated[str | None, Query(description=RetryPolicy.__doc__)] = None
    cache_ttl: Annotated[int | None, Query(ge=0, le=_MOST_CACHE_SECONDS)] = None

    def wish(self, args: bytes, event: Callable[[], bytes] | None = None) -> Wish:
        """The same in the words of ``lifecycle``; raises InvalidInput for ids that are none.

        ``event`` is given where a preprocessor may make the arguments of it.
        """
        if refused := sorted(_REFUSED & (self.model_extra or {}).keys()):
            raise InvalidInput(refused[0], "is not supported; leave it out")
        if self.permissioned_as is not None:
            check_identity(self.permissioned_as, "permissioned_as")
        return Wish(
            args=args,
            scheduled_for=self.scheduled_for,
            scheduled_in_seconds=self.scheduled_in_secs,
            parent_job=_id(self.parent_job, "parent_job"),
            root_job=_id(self.root_job, "root_job"),
            job_id=_id(self.job_id, "job_id"),
            tag=self.tag,
            timeout_seconds=self.timeout,
            priority=self.priority,
            invisible_to_owner=self.invisible_to_owner,
            permissioned_as=self.permissioned_as,
            queue_limit=self.queue_limit,
            entry=_entry(args),
            event=event,
            retry=read_retry_option(self.retry),
            cache_seconds=self.cache_ttl or None,
        )


async def _options(options: Annotated[RunOptions, Query()]) -> RunOptions:
    return options


Options = Annotated[RunOptions, Depends(_options)]


def _entry(args: bytes) -> str | None:
    """The function that the reserved argument asks for (features J25); the argument itself is kept."""
    if _ENTRY_ARGUMENT.encode() not in args or (raw := raw_member(args, _ENTRY_ARGUMENT)) is None:
        return None
    entry = json.loads(raw)
    if not isinstance(entry, str) or not entry.isidentifier():
        raise InvalidInput(_ENTRY_ARGUMENT, "must be the name of a function")
    return entry


def _id(text: str | None, field: str) -> JobId | None:
    return parse_job_id(text, field) if text else None
