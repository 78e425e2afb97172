"""Identity tokens: signed statements of who somebody is here, for services elsewhere (OpenID Connect).

Whoever gets one asks ``<issuer>/.well-known/openid-configuration`` where our public keys are, and needs to
know nothing else of us.
"""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from headrace.clock import now
from headrace.store import runs
from headrace.store.people import signing_keys
from headrace.store.people.signing_keys import SigningKey

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.principal import Principal

ALGORITHM = "RS256"


async def issue(
    connection: Connection, principal: Principal, *, issuer: str, audience: str, seconds: float
) -> str:
    """A token for ``audience``, good for ``seconds``: who the principal is, and of a job also which one."""
    key = (await _keys(connection))[0]
    claims = await _claims(connection, principal)
    issued_at = now()
    claims |= {
        "iss": issuer,
        "aud": audience,
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + timedelta(seconds=seconds),
        "jti": secrets.token_hex(16),
    }
    return jwt.encode(claims, key.private_pem, algorithm=ALGORITHM, headers={"kid": key.id})


async def published_keys(connection: Connection) -> list[dict[str, Any]]:
    """The public halves of all keys, as JSON Web Keys."""
    return [_public(key) for key in await _keys(connection)]


async def _keys(connection: Connection) -> list[SigningKey]:
    keys = await signing_keys.list_all(connection)
    if not keys:
        await signing_keys.add_first(connection, await asyncio.to_thread(_make_key))
        keys = await signing_keys.list_all(connection)
    return keys


def _make_key() -> SigningKey:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return SigningKey(secrets.token_hex(8), pem.decode())


def _public(key: SigningKey) -> dict[str, Any]:
    private = serialization.load_pem_private_key(key.private_pem.encode(), password=None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise AssertionError("identity tokens are signed with RSA")  # noqa: TRY004 - a fault of ours
    members = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    return members | {"kid": key.id, "use": "sig", "alg": ALGORITHM}


async def _claims(connection: Connection, principal: Principal) -> dict[str, Any]:
    identity = principal.permissioned_as
    claims: dict[str, Any] = {
        "sub": f"{principal.workspace}:{identity}",
        "workspace": principal.workspace,
        "permissioned_as": identity,
        "username": principal.username,
        "email": principal.email,
        "groups": list(principal.groups),
    }
    if principal.workspace is not None and principal.job is not None:
        run = await runs.read(connection, principal.workspace, principal.job)
        claims |= {"job_id": str(principal.job), "path": run.path if run else None}
    return claims
