"""Secrets as texts that tell nothing: AES-256-GCM under a key of their workspace.

A ciphertext reads ``encrypted:1:<origin>:<base64>``. The origin is the path that it was made for, or the
identity (``u/alice``) of who had it made for no path yet; it is authenticated together with the workspace,
so a ciphertext of another workspace or with another origin can't be decrypted.
"""

from __future__ import annotations

import base64
import re
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORM = re.compile(r"encrypted:1:([A-Za-z0-9_./@+-]*):([A-Za-z0-9_-]+=*)")


class CantDecrypt(ValueError):
    """It is no ciphertext, or not one of this key, workspace and origin."""


def new_key() -> bytes:
    """A random key."""
    return secrets.token_bytes(KEY_BYTES)


def encrypt(key: bytes, workspace: str, origin: str, text: str) -> str:
    """The ciphertext of a text; two of the same text differ."""
    sealed = seal(key, _binding(workspace, origin), text.encode())
    return f"encrypted:1:{origin}:{base64.urlsafe_b64encode(sealed).decode()}"


def decrypt(key: bytes, workspace: str, ciphertext: str) -> str:
    """The text again; raises CantDecrypt."""
    origin, sealed = _parts(ciphertext)
    return unseal(key, _binding(workspace, origin), sealed).decode()


def origin_of(ciphertext: str) -> str:
    """What it was made for, as it says itself; raises CantDecrypt."""
    return _parts(ciphertext)[0]


def seal(key: bytes, binding: bytes, data: bytes) -> bytes:
    """Encrypted bytes, behind a random nonce; ``binding`` is authenticated with them."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, binding)


def unseal(key: bytes, binding: bytes, sealed: bytes) -> bytes:
    """The bytes again; raises CantDecrypt for another key, another binding and what was changed."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], binding)
    except (InvalidTag, ValueError):
        raise CantDecrypt from None


def _binding(workspace: str, origin: str) -> bytes:
    return f"headrace secret\0{workspace}\0{origin}".encode()


def _parts(ciphertext: str) -> tuple[str, bytes]:
    form = _FORM.fullmatch(ciphertext)
    if form is None:
        raise CantDecrypt
    try:
        return form[1], base64.b64decode(form[2], altchars=b"-_", validate=True)
    except ValueError:
        raise CantDecrypt from None
