"""Emails: the names of users on the instance."""

from __future__ import annotations

import re
import unicodedata

from headrace.errors import InvalidInput

MOST_CHARACTERS = 254

_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_{|}~-]+@[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")


def folded(email: str) -> str:
    """An email as it is compared: letters that only look another way are the same (NFKC, case folded)."""
    return unicodedata.normalize("NFKC", email).casefold()


def check_email(email: str, field: str = "email") -> str:
    """The folded form of a well-formed email, by which users are stored; raises InvalidInput."""
    email = folded(email.strip())
    if len(email) > MOST_CHARACTERS or not _EMAIL.fullmatch(email):
        raise InvalidInput(field, "must look like name@host, of letters without accents, digits and . _ + -")
    return email


def username_of(email: str) -> str:
    """The username that an email suggests."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", email.partition("@")[0])[:50].rstrip("-")
    return name if name and not name.startswith("-") else "user"
