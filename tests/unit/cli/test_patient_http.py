"""What a raw connection may send: no smuggled second request, no endless head, no sender without an end."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import uvicorn

from headrace.api.app import make_app
from headrace.cli import patient_http
from headrace.cli.patient_http import PatientHttp

HEAD = b"GET /api/version HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /api/version HTTP/1.1\r\nHost: localhost\r\n"
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """The port of a server without a database."""
    config = uvicorn.Config(make_app(), port=0, http=PatientHttp, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    yield server.servers[0].sockets[0].getsockname()[1]
    await server.shutdown()


async def answers(port: int, *pieces: bytes) -> str:
    """All that is answered to these bytes, until the server hangs up or nothing more is sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return (await reader.read()).decode()
    finally:
        writer.close()


def statuses(said: str) -> list[int]:
    return [int(number) for number in re.findall(r"HTTP/1\.1 (\d+)", said)]


SMUGGLED = {
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + HIDDEN,
    "two equal lengths": POST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "a list of lengths": POST + b"Content-Length: 0, 44\r\n\r\n" + HIDDEN,
    "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + HIDDEN,
    "odd chunks": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks first": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a space before the colon": POST + b"Content-Length : 44\r\n\r\n" + HIDDEN,
    "a sign": POST + b"Content-Length: +44\r\n\r\n" + HIDDEN,
    "hexadecimal": POST + b"Content-Length: 0x2c\r\n\r\n" + HIDDEN,
    "a negative chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + HIDDEN,
    "a chunk without its end": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n" + HIDDEN,
    "bare line feeds": HEAD.replace(b"\r\n", b"\n") + b"\n" + HIDDEN,
    "a bare line feed in a header": HEAD + b"X: a\nContent-Length: 44\r\n\r\n" + HIDDEN,
    "a bare return": HEAD + b"X: a\rContent-Length: 44\r\n\r\n" + HIDDEN,
    "a NUL": HEAD + b"X: a\x00b\r\n\r\n" + HIDDEN,
    "a folded header": HEAD + b"X: a\r\n Content-Length: 44\r\n\r\n" + HIDDEN,
    "a folded length": POST + b"Content-Length:\r\n 44\r\n\r\n" + HIDDEN,
    "two hosts": HEAD + b"Host: evil\r\nConnection: close\r\n\r\n",
    "no host": b"GET /api/version HTTP/1.1\r\nConnection: close\r\n\r\n",
    "an old protocol": b"GET /api/version\r\n\r\n",
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("name", SMUGGLED)
async def test_what_two_readers_could_read_differently_is_refused(port: int, name: str):
    said = await answers(port, SMUGGLED[name])
    assert statuses(said) == [400], said
    assert "x-request-id" in said


async def test_a_proper_request_is_answered_in_pieces_and_in_a_row(port: int):
    whole = HEAD + b"\r\n" + HEAD + b"Connection: close\r\n\r\n"
    assert statuses(await answers(port, whole)) == [200, 200]
    assert statuses(await answers(port, *(whole[at : at + 1] for at in range(len(whole))))) == [200, 200]


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"".join(b"a%d: b\r\n" % number for number in range(250)) + b"\r\n",
        HEAD + b"a: " + b"b" * 70_000 + b"\r\n\r\n",
        HEAD + b"a: " + b"b" * 2_000_000,
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        HEAD + b"b" * 2_000_000,
    ],
    ids=["many headers", "a long header", "an endless header", "a long URL", "an endless name"],
)
async def test_a_head_that_is_too_large_is_refused(port: int, head: bytes):
    try:
        said = await answers(port, head)
    except ConnectionResetError:
        return  # it hung up while we were still sending
    assert statuses(said) == [431]


async def test_a_head_that_does_not_come_to_its_end_is_not_waited_for(
    port: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(patient_http, "HEAD_SECONDS", 0.1)
    slow = await asyncio.gather(
        *(answers(port, *pieces) for pieces in ([], [b"G"], [HEAD], [b"\r\n"], [HEAD, b"X: "])),
        *(answers(port, HEAD) for _ in range(95)),
    )
    assert {tuple(statuses(said)) for said in slow} == {(408,)}
    assert statuses(await answers(port, HEAD + b"Connection: close\r\n\r\n")) == [200]


async def test_a_body_that_hardly_comes_is_not_waited_for(port: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patient_http, "BODY_SECONDS", 0.1)
    login = b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
    assert statuses(await answers(port, login, b"{")) == [408]


async def test_who_goes_on_sending_after_a_refusal_is_hung_up_on(port: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patient_http, "LINGER_SECONDS", 0.1)
    refused = b"POST /api/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
    assert statuses(await answers(port, refused, b"{")) == [404]
