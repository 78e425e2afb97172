"""CloudEvents 1.0 over HTTP: what happened is the arguments, what is told about it stands beside them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote

from headrace.errors import InvalidInput
from headrace.model.json_text import parse_object, raw_members, to_json, with_members

if TYPE_CHECKING:
    from fastapi import Request

KIND = "application/cloudevents+json"
BATCH_KIND = "application/cloudevents-batch+json"
METADATA_ARGUMENT = "WEBHOOK__METADATA__"

_HEADER = "ce-"
_REQUIRED = ("id", "source", "type")


def unfold(data: bytes) -> tuple[bytes | None, bytes]:
    """The data of an event in one JSON object (None without any), and the envelope. Raises InvalidInput.

    Data in base64 stay so, as a text.
    """
    parse_object(data, "body", unique=True)
    envelope = raw_members(data)
    content, in_base64 = envelope.pop("data", None), envelope.pop("data_base64", None)
    if content is not None and in_base64 is not None:
        raise InvalidInput("data", "stands beside data_base64; an event has one of them")
    if in_base64 is not None:
        _require_base64(in_base64)
    made = with_members(b"{}", envelope)
    _require_envelope(json.loads(made))
    return content or in_base64, made


def envelope_of_headers(request: Request) -> bytes | None:
    """The envelope of an event whose data are the body, from headers ``ce-…``; None where it is no event."""
    if "ce-specversion" not in request.headers:
        return None
    envelope = {
        name.removeprefix(_HEADER): unquote(value)
        for name, value in request.headers.items()
        if name.startswith(_HEADER)
    }
    if (kind := request.headers.get("content-type")) is not None:
        envelope["datacontenttype"] = kind
    _require_envelope(envelope)
    made = to_json(envelope)
    parse_object(made, "ce- headers")
    return made


def _require_envelope(envelope: Mapping[str, object]) -> None:
    if envelope.get("specversion") != "1.0":
        raise InvalidInput("specversion", "must be '1.0', the version of CloudEvents that is spoken here")
    for name in _REQUIRED:
        if not isinstance(value := envelope.get(name), str) or not value:
            raise InvalidInput(name, "must be a text: a CloudEvent has it")


def _require_base64(raw: bytes) -> None:
    text = json.loads(raw)
    try:
        base64.b64decode(text if isinstance(text, str) else "?", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("data_base64", "must be base64") from None
