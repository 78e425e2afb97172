"""What OpenAPI says about bodies and answers that no model describes."""

from __future__ import annotations

from typing import Any

_FORM: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "string"}}
_FORM_WITH_FILES: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "type": "string",
        "description": 'A text or a file; files become a list of `{"s3": key, "filename": name}`.',
    },
}
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1},
        "type": {"type": "string", "minLength": 1},
        "data": {"description": "The arguments."},
    },
    "additionalProperties": True,
}
_EXAMPLE = {"name": "Ada", "times": 3}

TAKES_ARGUMENTS: dict[str, Any] = {
    "requestBody": {
        "description": "The arguments, by name. What is no object becomes the argument `body`.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "additionalProperties": True},
                "example": _EXAMPLE,
            },
            "application/x-www-form-urlencoded": {"schema": _FORM, "example": {"name": "Ada"}},
            "multipart/form-data": {"schema": _FORM_WITH_FILES, "example": {"name": "Ada"}},
            "application/cloudevents+json": {
                "schema": _EVENT,
                "example": {"specversion": "1.0", "id": "1", "source": "/a", "type": "b", "data": _EXAMPLE},
            },
        },
    }
}
"""The body of a route with ``Call``."""

TAKES_BUNDLE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["preview", "file"],
                    "properties": {
                        "preview": {"type": "string", "description": "A preview as JSON."},
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "What is run: a Python file.",
                        },
                    },
                },
                "example": {
                    "preview": '{"language": "python3", "kind": "bundle", "args": {}}',
                    "file": "def main():\n    return 1\n",
                },
            }
        },
    }
}
"""The body of a route that runs a bundle."""


def _says(sentence: str) -> dict[str, Any]:
    return {"description": sentence, "content": {"text/plain": {"schema": {"type": "string"}}}}


WAITS: dict[int | str, dict[str, Any]] = {504: _says("The job did not end within the limit; it goes on.")}
"""Further answers of a route that waits for a job."""

ANSWERS_AS_TOLD: dict[int | str, dict[str, Any]] = {
    200: {
        "description": (
            "The result as JSON, also an error's. A result with the keys `windmill_status_code`,"
            " `windmill_content_type` or `windmill_headers` sets status, content type and headers."
        ),
        "content": {"application/json": {"schema": {}}},
    },
    502: _says("The result asks for an answer that can't be given."),
    **WAITS,
}
"""The same of one that answers as the result tells it to."""
