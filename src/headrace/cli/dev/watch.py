"""Tells when something may have changed below a folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING

from watchfiles import awatch

from headrace.cli.folder.read import find_folders
from headrace.errors import Misconfigured, NotFound

if TYPE_CHECKING:
    from pathlib import Path

_QUIET_MS = 100
"""An editor saves, a checkout writes, in several steps: we look when nothing has happened for so long."""
_LONGEST_MS = 2_000
"""Something that never stops changing is looked at all the same."""
_SOON_MS = 500


async def changes(root: Path) -> AsyncIterator[None]:
    """Yield whenever something may have changed, whether it did or not; the caller looks.

    Only folders that may hold something of a workspace are watched, each by itself, so that an
    environment or a repository beside them costs nothing. Raises NotFound where ``root`` has gone,
    Misconfigured where it can't be watched.
    """
    while folders := find_folders(root):
        try:
            async for _ in _changes_until_one(root, folders):
                yield
        except FileNotFoundError:
            # One of them went away between our look and the watch.
            continue
        except ExceptionGroup:
            # The name of what has changed is no text: it can't be told, but something has changed.
            yield
        except (OSError, RuntimeError) as error:
            raise Misconfigured(
                f"{root} can't be watched: {error}; WATCHFILES_FORCE_POLLING=1 looks at the files instead"
            ) from None
    raise NotFound(f"the folder {root} is gone")


async def _changes_until_one(root: Path, folders: list[Path]) -> AsyncIterator[None]:
    """Watch these folders. After a change there may be others."""
    watching = awatch(
        *folders,
        recursive=False,
        watch_filter=None,
        debounce=_LONGEST_MS,
        step=_QUIET_MS,
        rust_timeout=_SOON_MS,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    )
    is_first = True
    async with aclosing(watching):
        async for seen in watching:
            if seen or is_first:
                # The first time, since something may have happened before the watch began.
                yield
            if seen or (is_first and find_folders(root) != folders):
                return
            is_first = False
