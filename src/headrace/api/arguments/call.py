"""A call that starts a script: its arguments, and the event that a preprocessor is given instead."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from headrace.api.arguments.body import Body, read_body, refuse_cookie
from headrace.api.arguments.cloud_events import METADATA_ARGUMENT
from headrace.api.arguments.forms import gathered
from headrace.api.arguments.webhook import Webhook
from headrace.api.context import WorkspaceCaller, get_context
from headrace.api.file_bodies import store_uploads
from headrace.api.run_options import Options, RunOptions
from headrace.api.scopes import require_file_scope
from headrace.errors import InvalidInput
from headrace.lifecycle.launch import Wish
from headrace.model.json_text import parse_object, raw_member, to_json, with_members

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_INCLUDED = 100
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})
SECRET_QUERY = frozenset({"token"})

_OWN_CLIENT = "x-windmill-client"
"""Header by which the public command line marks its calls: somebody gives the arguments of ``main`` there."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")


async def _call(request: Request, options: Options, caller: WorkspaceCaller) -> Wish:
    body = await read_body(request, takes_text=options.raw)
    wish = _wish(request, options, body)
    if not body.files:
        return wish
    require_file_scope(caller.principal)
    return dataclasses.replace(wish, files=await store_uploads(caller, body.files))


async def _call_by_get(request: Request, options: Options, payload: str | None = None) -> Wish:
    refuse_cookie(request, "a GET that runs a script")
    if not payload:
        return _wish(request, options, Body())
    data = _decoded(payload)
    parse_object(data, "payload", unique=True)
    return _wish(request, options, Body(data, is_object=True, text=data.decode()))


Call = Annotated[Wish, Depends(_call)]
"""What a POST asks for: its options, and its body as arguments."""
CallByGet = Annotated[Wish, Depends(_call_by_get)]
"""The same of a GET, whose arguments are in ``payload``: base64url of a JSON object."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose body has the arguments among other things, as the member ``args``."""

    request: Request
    options: RunOptions

    async def wish(self, *, has_args: bool, tag: str | None = None, body: bytes | None = None) -> Wish:
        """What it asks for. ``body`` is the object with the arguments where it is not the whole body."""
        for field in ("raw", "wrap_body", "retry"):
            if getattr(self.options, field):
                raise InvalidInput(field, "is for deployed scripts called by path or hash; leave it out")
        data = await self.request.body() if body is None else body
        args = raw_member(data, "args") if has_args else None
        options = self.options.model_copy(update={"tag": self.options.tag or tag})
        return options.wish(_with_included(self.request, options, args or b"{}"))


async def _asked(request: Request, options: Options) -> Asked:
    return Asked(request, options)


Ask = Annotated[Asked, Depends(_asked)]


def _wish(request: Request, options: RunOptions, body: Body) -> Wish:
    webhook = Webhook(
        body=body.value,
        raw_string=body.text,
        query={name: value for name, value in request.query_params.items() if name not in SECRET_QUERY},
        headers={name: value for name, value in request.headers.items() if name not in SECRET_HEADERS},
    )
    args = _with_included(request, options, _arguments(options, body))
    is_for_preprocessor = not options.skip_preprocessor and _OWN_CLIENT not in request.headers
    return options.wish(args, webhook.event if is_for_preprocessor else None)


def _arguments(options: RunOptions, body: Body) -> bytes:
    if options.wrap_body or not body.is_object:
        is_empty = body.value is None or (body.value.strip() == b"null")
        # What is no object becomes the argument `body` (features J21); null says that there are none.
        args = b"{}" if is_empty and not options.wrap_body else b'{"body":%s}' % (body.value or b"null")
    else:
        args = body.value or b"{}"
    more: dict[str, bytes] = {}
    if options.raw:
        if body.files:
            raise InvalidInput("raw", "is for bodies that are text, and a form with files is none")
        more["raw_string"] = to_json(body.text)
    if body.envelope is not None:
        more[METADATA_ARGUMENT] = body.envelope
    return with_members(args, more) if more else args


def _with_included(request: Request, options: RunOptions, args: bytes) -> bytes:
    more = _included_headers(request, options) | _included_query(request, options)
    return with_members(args, {name: to_json(value) for name, value in more.items()}) if more else args


def _included_headers(request: Request, options: RunOptions) -> dict[str, str]:
    names = _names(options.include_header, "include_header")
    found: dict[str, str] = {}
    for name in (*names, *get_context(request).settings.include_headers):
        if not _HEADER_NAME.fullmatch(name):
            raise InvalidInput("include_header", f"{name[:50]!a} is no name of a header")
        if name.lower() in SECRET_HEADERS:
            raise InvalidInput("include_header", f"{name} holds a credential, which is not passed on")
        if values := request.headers.getlist(name):
            found[name.lower().replace("-", "_")] = ", ".join(values)
    return found


def _included_query(request: Request, options: RunOptions) -> dict[str, str | list[str]]:
    names = _names(options.include_query, "include_query")
    if secret := [name for name in names if name in SECRET_QUERY]:
        raise InvalidInput("include_query", f"{secret[0]} holds a credential, which is not passed on")
    return gathered(_asked_for(request.query_params.multi_items(), names)) if names else {}


def _asked_for(pairs: Iterable[tuple[str, str]], names: list[str]) -> Iterable[tuple[str, str]]:
    return (pair for pair in pairs if pair[0] in names)


def _names(text: str | None, field: str) -> list[str]:
    names = [name.strip(" ") for name in text.split(",") if name.strip(" ")] if text else []
    if len(names) > MOST_INCLUDED:
        raise InvalidInput(field, f"has more than {MOST_INCLUDED} names")
    return names


def _decoded(payload: str) -> bytes:
    try:
        return base64.b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("payload", "must be base64url of a JSON object") from None
