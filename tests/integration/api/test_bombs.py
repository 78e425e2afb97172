"""What breaks readers of JSON, at every entrance that the description names."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from headrace.api.app import make_app
from tests.ground.people import WORKSPACE
from tests.integration.api.callers import NOBODYS_JOB, Api, deploy, in_workspace
from tests.integration.api.test_bad_input import BAD_JSON

DOCUMENT: dict[str, Any] = make_app().openapi()
SCHEMAS = DOCUMENT["components"]["schemas"]

ADDRESS = {
    "workspace": WORKSPACE,
    "path": "u/alice/x",
    "id": NOBODYS_JOB,
    "job": NOBODYS_JOB,
    "job_id": NOBODYS_JOB,
    "hash": "0" * 16,
    "language": "python3",
}
"""Values of parts of addresses; any other part is ``x``."""

JSON = "application/json"

# Bodies that are not what they are said to be: name, body, Content-Type.
MISLABELED = [
    ("UTF-16 as said", '{"x": 1}'.encode("utf-16"), f"{JSON}; charset=utf-16"),
    ("Latin-1 as said", '{"x": "é"}'.encode("latin-1"), f"{JSON}; charset=latin-1"),
    ("UTF-7", b'{"x": "+AAA-"}\xff', f"{JSON}; charset=utf-7"),
    ("overlong", b'{"x": "\xc0\xaf"}', JSON),
    ("text", b'{"x": 1}', "text/plain"),
    ("no media type", b'{"x": 1}', "/"),
    ("empty media type", b"\xff", ""),
]

NO_JSON = [(name, body, JSON) for name, (body, _) in BAD_JSON.items() if len(body) < 50_000] + MISLABELED

# Values that are JSON and yet odd in almost any field.
ODD: list[Any] = [
    -1, 0, 2**31, 2**63, 2**64, -(2**63) - 1, 1e308, -0.0, 5e-324, 10**3999,
    "", " 1", "1e3", "٣", "x" * 10_000, "a\nb", "\u202e", "\u017fK", "../../etc/passwd", "%00", "\ufeff",
    "infinity", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "294277-01-01T00:00:00Z",
    "2026-01-01T00:00:00+99:99",
    NOBODYS_JOB.upper(), f"{{{NOBODYS_JOB}}}", NOBODYS_JOB.replace("-", ""),
    None, True, [], {}, [None], {"": None}, [[[[]]]], ["x"] * 2000, {str(n): n for n in range(2000)},
]  # fmt: skip


def entrances() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, address and schema of the body of every operation that takes one in JSON."""
    for path, methods in DOCUMENT["paths"].items():
        address = re.sub(r"\{(\w+)\}", lambda part: ADDRESS.get(part[1], "x"), path.removeprefix("/api"))
        for method, said in methods.items():
            content = said.get("requestBody", {}).get("content", {})
            if JSON in content:
                yield method, address, resolved(content[JSON].get("schema", {}))


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, or that it refers to."""
    return SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def simple(schema: dict[str, Any]) -> Any:
    """Some value that fits a schema, well enough to get further than the first field."""
    schema = resolved(schema)
    for key in ("examples", "enum", "anyOf", "oneOf"):
        if options := schema.get(key):
            return simple(options[0]) if key in ("anyOf", "oneOf") else options[0]
    if "const" in schema:
        return schema["const"]
    if schema.get("type") == "object":
        return {name: simple(schema["properties"][name]) for name in schema.get("required", [])}
    plain = {"array": [], "integer": 1, "number": 1, "boolean": False, "string": "u/alice/x"}
    return plain.get(schema.get("type", ""))


def assert_no_fault(answer: httpx.Response, *what: object) -> None:
    # Nobody works here, so a job that is waited for does not end.
    assert answer.status_code < 500 or answer.status_code == 504, (*what, answer.status_code, answer.text)
    assert not re.search('Traceback|asyncpg|pydantic|File "', answer.text), (*what, answer.text)


@pytest.mark.long
async def test_what_is_no_json_is_refused_everywhere_in_every_form(api: Api):
    await send_no_json(api, per_entrance=len(NO_JSON))


async def test_what_is_no_json_is_refused_everywhere(api: Api):
    await send_no_json(api, per_entrance=8)


async def send_no_json(api: Api, per_entrance: int) -> None:
    """Send so many bodies that are no JSON to each entrance; every form gets its turn."""
    forms = itertools.cycle(NO_JSON)
    for method, address, _ in entrances():
        for name, body, kind in itertools.islice(forms, per_entrance):
            answer = await api.superadmin.request(
                method, address, content=body, headers={"Content-Type": kind} if kind else {}
            )
            assert_no_fault(answer, method, address, name)
            if kind == JSON:
                assert answer.status_code >= 400, (method, address, name, answer.text)


@pytest.mark.long
async def test_no_field_breaks_on_any_odd_value(api: Api):
    await throw(api, per_field=len(ODD))


async def test_no_field_breaks_on_an_odd_value(api: Api):
    await throw(api, per_field=2)


async def throw(api: Api, per_field: int) -> None:
    """Put odd values into each field of each body, the others being simple; every value gets its turn."""
    values = itertools.cycle(ODD)
    for method, address, schema in entrances():
        body = simple(schema)
        for name in schema.get("properties", {}):
            for value in itertools.islice(values, per_field):
                sent = json.dumps({**body, name: value}).encode()
                answer = await api.superadmin.request(
                    method, address, content=sent, headers={"Content-Type": JSON}
                )
                assert_no_fault(answer, method, address, sent[:200])


async def test_large_bodies_are_read_or_refused_soon(api: Api):
    sizes = [
        b"{" + b",".join(b'"%d":0' % n for n in range(90_000)) + b"}",
        b"[" + b"0," * 400_000 + b"0]",
        b'{"x": "' + b"a" * 900_000 + b'"}',
        b'{"x": ' * 10_000 + b"1" + b"}" * 10_000,
        b'{"x": 1, "x": 2}',
        b'{"' + b"\\u0061" * 100_000 + b'": 1}',
    ]
    for path in ("/workspaces/create", f"/w/{WORKSPACE}/jobs/run/preview", f"/w/{WORKSPACE}/scripts/create"):
        for body in sizes:
            answer = await api.superadmin.post(path, content=body, headers={"Content-Type": JSON})
            assert_no_fault(answer, path, body[:40])
            assert answer.status_code in (400, 413)


BOUNDARY = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n1\r\n'
FORMS = {
    "many parts": (BOUNDARY, b"".join(PART % b"a" for _ in range(10_000)) + b"--x--\r\n"),
    "no end": (BOUNDARY, PART % b"a"),
    "no name": (BOUNDARY, b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"),
    "no header": (BOUNDARY, b"--x\r\n\r\n1\r\n--x--\r\n"),
    "another boundary": (BOUNDARY, b"--y\r\n\r\n1\r\n--y--\r\n"),
    "no boundary": ("multipart/form-data", PART % b"a" + b"--x--\r\n"),
    "a long boundary": (f"multipart/form-data; boundary={'x' * 5000}", b"--x--\r\n"),
    "a NUL in a name": (BOUNDARY, PART % b"a\x00b" + b"--x--\r\n"),
    "a name that is no text": (BOUNDARY, PART % b"\xff\xed\xa0\x80" + b"--x--\r\n"),
    "a value that is no text": (BOUNDARY, (PART % b"a").replace(b"1", b"\xff\x00") + b"--x--\r\n"),
    "a long header of a part": (BOUNDARY, PART % (b"a" * 900_000) + b"--x--\r\n"),
    "many fields": ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(90_000))),
    "a field that is no text": ("application/x-www-form-urlencoded", b"a=%ff&b=%00&%ED%A0%80=1"),
    "odd types": ('application/json; charset="x\\"; =;;;', b"{}"),
    "XML": ("application/xml", b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'),
    "bytes": ("application/octet-stream", b"\x00\xff" * 1000),
}


async def test_forms_and_other_bodies_of_a_run_are_read_or_refused(api: Api):
    await deploy(api.superadmin, "u/alice/x")
    for path in ("jobs/run/p/u/alice/x", "jobs/run_wait_result/p/u/alice/x", "jobs/run/preview"):
        for name, (kind, body) in FORMS.items():
            answer = await api.superadmin.post(
                in_workspace(path), content=body, headers={"Content-Type": kind}
            )
            assert_no_fault(answer, path, name)
