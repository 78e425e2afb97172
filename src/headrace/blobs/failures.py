"""Sorts what a store can throw; its own texts, which may hold URLs and keys, stay in the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import (
    BaseError,
    InvalidPathError,
    PermissionDeniedError,
    UnauthenticatedError,
    UnknownConfigurationKeyError,
)

from headrace.errors import Damaged, HeadraceError, Misconfigured, Unavailable

log = logging.getLogger(__name__)

_REFUSED = (PermissionDeniedError, UnauthenticatedError, UnknownConfigurationKeyError, InvalidPathError)


@contextmanager
def translated(name: str, *, is_new: bool = False) -> Iterator[None]:
    """Turn what the store throws into our own errors: Damaged, Misconfigured or Unavailable.

    What is missing is a blob that was stored, or, where it is new, the bucket that it was to lie in.
    """
    try:
        yield
    except HeadraceError:
        raise
    except FileNotFoundError as error:
        if is_new:
            raise Misconfigured("the bucket that blob_store names does not exist") from error
        raise Damaged(f"blob {name} is missing in the blob store") from error
    except _REFUSED as error:
        log.warning("the blob store refuses %s: %s", name, _first_line(error))
        raise Misconfigured("the blob store refuses us; `headrace doctor` says more") from error
    except (BaseError, OSError, TimeoutError) as error:
        log.warning("the blob store failed at %s: %s", name, _first_line(error))
        raise Unavailable("the blob store can't be reached; try again later") from error


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__
