"""Pythons that uv downloads into the shared folder, where the setting ``python_downloads`` allows it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from headrace.runtimes.base import LockFailed
from headrace.runtimes.python.uv import UvTool

_FOLDER = "pythons"


async def download_python(uv: UvTool, shared: Path, specifier: str, canceled: asyncio.Event) -> None:
    """Download one that meets a specifier such as ``==3.14.*``.

    Raises LockFailed with uv's reason, or when canceled. uv itself lets one at a time into the folder.
    """
    folder = shared / _FOLDER
    arguments = ["install", "--no-bin", "--install-dir", str(folder), specifier]
    result = await uv.run_python(arguments, canceled)
    if result is None or not result.is_success:
        reason = result.reason() if result else "it was canceled"
        raise LockFailed(f"Python {specifier} is not on this worker and can't be downloaded: {reason}")


def downloaded_pythons(shared: Path) -> list[Path]:
    """What was downloaded so far."""
    return sorted((shared / _FOLDER).glob("*/bin/python3.[0-9]*[0-9]"))
