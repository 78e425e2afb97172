"""The folder of one attempt: made with its code in it, belongs to the job, removed when the job is over."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
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
    await asyncio.to_thread(remove_tree, folder)


def remove_tree(top: Path) -> None:
    """The same, while the caller waits.

    A folder in a folder is moved up before it is emptied: so neither depth nor the length of a path matters.
    A job may have taken away its own right to a folder; it is ours to give back. Links are not followed.
    """
    top.chmod(0o700)
    unique, count = secrets.token_hex(8), 0
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        for entry in list(os.scandir(folder)):
            if entry.is_dir(follow_symlinks=False):
                count += 1
                moved = top / f"{unique}-{count}"
                Path(entry).chmod(0o700)
                Path(entry).rename(moved)
                waiting.append(moved)
            else:
                Path(entry).unlink()
        if folder != top:
            folder.rmdir()
    top.rmdir()


async def remove_what_is_left(folder: Path) -> None:
    """Remove a folder that whoever should have done it may have left; what can't be removed is logged."""
    try:
        await remove_job_folder(folder)
    except FileNotFoundError:
        pass
    except OSError:
        log.exception("%s can't be removed", folder)
