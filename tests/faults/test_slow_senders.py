"""A server among clients that send slowly, and behind a proxy."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from tests.faults.site import Site

SLOW = 500
HEAD = b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"


async def test_slow_senders_stop_nobody(site: Site):
    server = await site.installation.server(database_connections=2)
    where = urlsplit(server.url)
    opened = await asyncio.gather(*(asyncio.open_connection(where.hostname, where.port) for _ in range(SLOW)))
    for number, (_, writer) in enumerate(opened):
        writer.write(HEAD if number % 2 else HEAD + b"\r\n{")
    await asyncio.gather(*(site.enqueue(server, key=str(number)) for number in range(20)))
    assert len(site.acknowledged) == 20
    for _, writer in opened:
        writer.close()


@pytest.mark.long
async def test_attempts_to_sign_in_are_counted_by_the_address_that_a_trusted_proxy_tells(site: Site):
    server = await site.installation.server(trusted_proxies="127.0.0.0/8", logins_per_minute=1)
    async with server.client("nobody") as client:

        async def login(address: str, number: str) -> int:
            headers = {"X-Forwarded-For": address, "X-Request-Id": number}
            body = {"email": "x@x.test", "password": "x"}
            return (await client.post("/auth/login", json=body, headers=headers)).status_code

        answers = [
            await login("10.0.0.1", "try-1"),
            await login("10.0.0.1", "try-2"),
            await login("10.0.0.2", "3"),
        ]
    assert answers == [401, 429, 401]
    await server.says("request try-1 by nobody, POST /api/auth/login: 401 ")
    await server.says("request try-2 by nobody, POST /api/auth/login: 429 too many attempts to sign in")
