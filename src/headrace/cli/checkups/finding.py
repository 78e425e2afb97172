"""What a look at one thing gave, and programs tried out as somebody else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_SECONDS = 30


class Health(StrEnum):
    """How it is: well, working in a weaker way, or keeping jobs from running."""

    OK = "ok"
    WEAKER = "weaker"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's; ``cure`` says what to do about what is not well."""

    name: str
    health: Health
    text: str
    cure: str = ""


def tried(command: Sequence[str | Path], uid: int | None = None, gid: int | None = None) -> str | None:
    """What a program prints, run under a uid that we may take; None where it can't be run or fails."""
    try:
        done = subprocess.run(
            command,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
            user=uid,
            group=uid if gid is None else gid,
            extra_groups=None if uid is None else [],
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def closed_to(folder: Path, uid: int, gid: int) -> Path | None:
    """The outermost folder on the way into an existing one that a uid may not enter; None if it gets in."""
    for step in (*reversed(folder.parents), folder):
        if tried(["/bin/sh", "-c", 'test -x "$1"', "sh", step], uid, gid) is None:
            return step
    return None
