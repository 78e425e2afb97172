"""The task of the benchmarks as a peer runs it: it leaves its begin and end beside the witness, too."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from benchmarks.task import TASK

_SCOPE: dict[str, Any] = {}
exec(TASK, _SCOPE)


def run(witness: str, number: int, n: int) -> int:
    """Do the task, then add a line with two instants to the file ``times`` beside the witness."""
    began = time.time()
    result = _SCOPE["main"](witness, number, n)
    out = os.open(times_of(witness), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(out, f"{began} {time.time()}\n".encode())
    os.close(out)
    return result


def times_of(witness: str) -> Path:
    """The file of the instants."""
    return Path(witness).with_name("times")
