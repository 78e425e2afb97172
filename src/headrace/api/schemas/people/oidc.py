"""Identity tokens, as OpenID Connect has them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class OpenidConfiguration(BaseModel):
    """What OpenID Connect Discovery asks for, as far as it concerns who only checks tokens."""

    issuer: str
    jwks_uri: str
    response_types_supported: list[str] = ["id_token"]
    subject_types_supported: list[str] = ["public"]
    id_token_signing_alg_values_supported: list[str] = ["RS256"]
    claims_supported: list[str] = [
        "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "workspace", "permissioned_as", "username", "email",
        "groups", "job_id", "path",
    ]  # fmt: skip


class Jwks(BaseModel):
    """A set of public keys."""

    keys: list[dict[str, Any]]
