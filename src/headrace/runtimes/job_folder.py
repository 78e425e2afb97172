"""The folder of one attempt: made with its code in it, belongs to the job, removed when the job is over."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

TEMPORARY = "tmp"
"""Name of the job's own folder for temporary files, in its folder."""


def make_job_folder(folder: Path, files: dict[str, str], uid: int | None) -> None:
    """Make a folder of mode 0700 with ``files`` (name in it → text); all of it belongs to ``uid`` if given.

    Raises FileExistsError where it is there: no two attempts share one.
    """
    folder.mkdir(mode=0o700)
    made = [folder, folder / TEMPORARY]
    made[1].mkdir(mode=0o700)
    for name, text in files.items():
        file = folder / name
        for parent in reversed(file.relative_to(folder).parents[:-1]):
            if not (folder / parent).is_dir():
                (folder / parent).mkdir(mode=0o700)
                made.append(folder / parent)
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        made.append(file)
    if uid is not None:
        for path in made:
            os.chown(path, uid, uid)


async def remove_job_folder(folder: Path) -> None:
    """Remove a folder with all that the job put there; raises OSError where that can't be done."""
    await asyncio.to_thread(shutil.rmtree, folder, onerror=_open_up_and_retry)


async def remove_what_is_left(folder: Path) -> None:
    """Remove a folder that whoever should have done it may have left; what can't be removed is logged."""
    try:
        await remove_job_folder(folder)
    except FileNotFoundError:
        pass
    except OSError:
        log.exception("%s can't be removed", folder)


def _open_up_and_retry(deed: Callable[[str], object], path: str, _error: object) -> None:
    """A job may take away its own right to a folder; it is ours to give back. Links are not followed."""
    refused = Path(path)
    if refused.is_symlink():
        raise OSError(f"{path} can't be removed")
    refused.parent.chmod(0o700)
    if refused.is_dir():
        refused.chmod(0o700)
        shutil.rmtree(refused)
    else:
        deed(path)
