"""Identity tokens can be checked by anybody who knows the address, and say who asked for them."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import jwt
import pytest

from tests.integration.api.callers import Api, PlayedWorker, deploy, in_workspace, run

AUDIENCE = "https://vault.acme.test"


async def read_claims(api: Api, token: str, audience: str = AUDIENCE) -> dict[str, Any]:
    """What a service elsewhere does with a token, beginning with nothing but our address."""
    found = (await api.anonymous.get("/.well-known/openid-configuration")).json()
    keys = (await api.anonymous.get(found["jwks_uri"].removeprefix(found["issuer"]))).json()["keys"]
    (key,) = [key for key in keys if key["kid"] == jwt.get_unverified_header(token)["kid"]]
    assert not set(key) & {"d", "p", "q", "dp", "dq", "qi"}, "only the public half is published"
    algorithms = found["id_token_signing_alg_values_supported"]
    return jwt.decode(token, jwt.PyJWK(key), algorithms=algorithms, audience=audience, issuer=found["issuer"])


async def ask(caller: httpx.AsyncClient, query: str = "", audience: str = AUDIENCE) -> httpx.Response:
    return await caller.post(in_workspace(f"oidc/token/{audience}{query}"))


async def test_a_job_tells_elsewhere_who_it_is(api: Api, worker: PlayedWorker):
    await deploy(api.alice, "u/alice/x")
    job = await run(api.alice, "u/alice/x")
    taken = await worker.take()
    async with api.client(taken.token) as inside:
        answer = await ask(inside)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    claims = await read_claims(api, answer.text)
    assert (claims["sub"], claims["job_id"], claims["path"]) == ("acme:u/alice", job, "u/alice/x")
    assert (claims["email"], claims["workspace"]) == ("alice@acme.test", "acme")
    assert claims["exp"] - claims["iat"] == 3600


async def test_a_token_is_for_one_audience_and_as_long_as_was_asked(api: Api):
    first, second = await asyncio.gather(ask(api.alice), ask(api.alice, "?expires_in=60", "sts.acme.test"))
    claims = await read_claims(api, second.text, "sts.acme.test")
    assert (claims["exp"] - claims["iat"], "job_id" in claims) == (60, False)
    await read_claims(api, first.text)
    with pytest.raises(jwt.InvalidAudienceError):
        await read_claims(api, second.text)
    for query in ("?expires_in=0", "?expires_in=100000", "?expires_in=nan", "?expires_in=x"):
        assert (await ask(api.alice, query)).status_code == 400, query
