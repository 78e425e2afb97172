"""Looks at the blob store: writes a blob, reads it and removes it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from headrace.blobs.places import blob_folder, open_blobs
from headrace.cli.checkups.finding import Finding, Health

if TYPE_CHECKING:
    from headrace.settings import Settings

NAME = "blob store"


async def check_blobs(settings: Settings) -> list[Finding]:
    """Whether large results, logs and files can be stored; raises HeadraceError where they can't."""
    folder = blob_folder(settings)
    if folder is None:
        await open_blobs(settings).try_out()
        return [Finding(NAME, Health.OK, f"{settings.blob_store} takes, gives and removes")]
    if not folder.exists():
        return [Finding(NAME, Health.OK, f"the folder {folder}, made at the first start")]
    if not os.access(folder, os.W_OK | os.X_OK):
        cure = "let the user who runs Headrace own it, or choose another --blob-store"
        return [Finding(NAME, Health.BROKEN, f"{folder} can't be written to", cure)]
    await open_blobs(settings).try_out()
    return [Finding(NAME, Health.OK, f"the folder {folder} takes, gives and removes")]
