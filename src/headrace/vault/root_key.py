"""The root key of an installation: one key outside the database, under which all others are encrypted.

It lies in a file of the data folder that only its owner can read, made at the first start, unless a setting
names another file or gives the key itself. Servers need it; workers and jobs never see it.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headrace.errors import Misconfigured
from headrace.vault.ciphertext import KEY_BYTES, new_key

if TYPE_CHECKING:
    from pathlib import Path

    from headrace.settings import Settings

FILE_NAME = "secret.key"


@dataclass(frozen=True, slots=True)
class RootKey:
    """The key, and where it came from, for messages."""

    key: bytes = field(repr=False)
    place: str


def load_root_key(settings: Settings) -> RootKey:
    """The key that the settings give or name, else the data folder's. Raises Misconfigured."""
    if settings.secret_key is not None:
        return RootKey(_parse(settings.secret_key.reveal(), "secret_key"), "the setting secret_key")
    file = key_file(settings)
    try:
        text = file.read_text(encoding="ascii")
    except FileNotFoundError:
        if settings.secret_key_file is not None:
            raise Misconfigured(f"{file} is missing, which the setting secret_key_file names") from None
        raise Misconfigured(
            f"{file} is missing: run `headrace migrate` with this data folder, or copy the file from the"
            " machine where it was run"
        ) from None
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{file} can't be read: {error}") from error
    return RootKey(_parse(text, str(file)), str(file))


def make_root_key(settings: Settings, *, is_in_use: bool) -> None:
    """Make the data folder's key where there is none and the settings name no other.

    ``is_in_use`` says that the database has secrets already; then Misconfigured is raised instead, for a
    new key could not decrypt them.
    """
    file = settings.data_dir / FILE_NAME
    if settings.secret_key is not None or settings.secret_key_file is not None or file.exists():
        return
    if is_in_use:
        raise Misconfigured(
            f"{file} is missing, and the secrets of this database can't be decrypted without it: copy it"
            " from a backup, or from a machine where a server runs on this database"
        )
    aside = file.with_suffix(".tmp")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(base64.b64encode(new_key()).decode() + "\n")
        out.flush()
        os.fsync(descriptor)
    aside.rename(file)


def key_file(settings: Settings) -> Path:
    """The file that the key is read from, unless a setting gives it."""
    return settings.secret_key_file or settings.data_dir / FILE_NAME


def _parse(text: str, place: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Misconfigured(
            f"{place} is no key: it has to be {KEY_BYTES} bytes in base64, as `openssl rand -base64"
            f" {KEY_BYTES}` prints them"
        )
    return key
