"""A call from outside, as the event that a script's preprocessor is given (features §3.11)."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.model.json_text import parse_object, to_json, with_members


@dataclass(frozen=True, slots=True)
class Webhook:
    """A request that starts a job; ``body`` is JSON, None where there was none. Credentials are left out."""

    body: bytes | None
    raw_string: str
    query: dict[str, str]
    headers: dict[str, str]

    def event(self) -> bytes:
        """``{"kind": "webhook", "body", "raw_string", "query", "headers"}``.

        ``body`` is JSON as it came, null where there was none; a name that is repeated has its last value.
        """
        members = {
            "kind": b'"webhook"',
            "body": self.body or b"null",
            "raw_string": to_json(self.raw_string),
            "query": to_json(self.query),
            "headers": to_json(self.headers),
        }
        event = with_members(b"{}", members)
        parse_object(event, "event")
        return event
