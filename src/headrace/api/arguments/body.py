"""The body of a call that starts a script, whatever kind it is of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.api.arguments import cloud_events
from headrace.api.arguments.content_type import ContentType, content_type
from headrace.api.arguments.forms import read_multipart, read_urlencoded
from headrace.errors import InvalidInput, PermissionDenied
from headrace.model.json_text import decode_text, parse_json

if TYPE_CHECKING:
    from fastapi import Request

    from headrace.api.file_bodies import Upload


@dataclass(frozen=True, slots=True)
class Body:
    """What a body says. ``value`` is JSON as it came, None where there is none; ``text`` is all that came.

    ``envelope`` is what a CloudEvent tells about itself, as a JSON object. A body with ``files``, a form, has
    no ``text``.
    """

    value: bytes | None = None
    is_object: bool = False
    text: str = ""
    envelope: bytes | None = None
    files: tuple[Upload, ...] = ()


async def read_body(request: Request, *, takes_text: bool) -> Body:
    """Read and check a body: JSON, a form, a CloudEvent or, with ``takes_text``, any text.

    Raises InvalidInput, and PermissionDenied for what a foreign page could have sent with the cookie.
    """
    data = await request.body()
    kind = content_type(request)
    if not kind.is_json:
        refuse_cookie(request, f"a body of type {kind.kind}")
    match kind.kind:
        case "application/x-www-form-urlencoded":
            return Body(read_urlencoded(data), is_object=True, text=_text(data))
        case "multipart/form-data":
            form = read_multipart(data, kind.boundary)
            text = "" if form.files else _text(data)
            return Body(form.value, is_object=True, text=text, files=form.files)
        case cloud_events.BATCH_KIND:
            raise InvalidInput("Content-Type", "is a batch of CloudEvents; send them one by one")
        case cloud_events.KIND:
            value, envelope = cloud_events.unfold(data)
            return _json(value or b"", _text(data), envelope)
        case _ if kind.is_json:
            return _json(data, None, cloud_events.envelope_of_headers(request))
        case _ if kind.is_text and takes_text:
            return Body(text=_text(data))
        case _:
            raise _not_taken(kind)


def refuse_cookie(request: Request, what: str) -> None:
    """Refuse what a foreign page can send unless the caller shows a token that such a page can't add.

    A browser adds the cookie by itself. Raises PermissionDenied.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    has_shown_a_token = scheme.lower() == "bearer" and token.strip()
    if not has_shown_a_token and request.cookies.get("token"):
        raise PermissionDenied(f"{what} needs `Authorization: Bearer <token>`: the cookie alone will not do")


def _json(data: bytes, text: str | None, envelope: bytes | None) -> Body:
    if not data.strip():
        return Body(text=_text(data) if text is None else text, envelope=envelope)
    value = parse_json(data, "body", unique=True)
    return Body(data, isinstance(value, dict), data.decode() if text is None else text, envelope)


def _text(data: bytes) -> str:
    text = decode_text(data, "body")
    if "\x00" in text:
        raise InvalidInput("body", "has a NUL character, which can't be stored")
    return text


def _not_taken(kind: ContentType) -> InvalidInput:
    way = "send application/json, a form, or application/cloudevents+json"
    if kind.is_text:
        way = "texts are taken with raw=true, as the argument raw_string"
    return InvalidInput("Content-Type", f"{kind.kind[:100]!a} is not taken: {way}")
