"""What a job tells its worker, apart from what it prints: kind, length, peak of memory, text in UTF-8.

``headrace.sandbox.frames`` reads them. Any number of notes may come before the one answer.
"""

from __future__ import annotations

import os
import struct

RESULT = b"R"
"""Answer: the value that the script returned, as JSON."""
ERROR = b"E"
"""Answer: an error object as JSON: name, message, stack, extra."""
STREAMED = b"S"
"""Note: a piece of the result that comes while the job runs, as plain text."""
ARGUMENTS = b"A"
"""Note: the arguments that a preprocessor made for ``main``, a JSON object."""
LAST = b"L"
"""Note of a resident process: it ends after the answer that follows. Without payload."""

_HEADER = struct.Struct(">cQQ")


class InvalidResult(ValueError):
    """What the script returned has no form in which it could be told."""


def note(descriptor: int, kind: bytes, payload: bytes) -> None:
    """Write one frame before the answer; nobody may be listening any more."""
    try:
        _write(descriptor, _HEADER.pack(kind, len(payload), 0) + payload)
    except OSError:
        pass


def send(descriptor: int, kind: bytes, payload: bytes, peak_memory_kb: int) -> None:
    """Write the answer and close the descriptor; nobody may be listening any more.

    ``peak_memory_kb`` is 0 where whoever waits for this process knows it.
    """
    try:
        _write(descriptor, _HEADER.pack(kind, len(payload), peak_memory_kb) + payload)
        os.close(descriptor)
    except OSError:
        pass


def answer(descriptor: int, kind: bytes, payload: bytes, peak_memory_kb: int) -> None:
    """Write an answer after which others may come; raises OSError where nobody can be reached any more."""
    _write(descriptor, _HEADER.pack(kind, len(payload), peak_memory_kb) + payload)


def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def peak_memory_kb() -> int:
    """The most memory this process has had. The kernel's own account of it, in rusage, begins before exec."""
    try:
        with open("/proc/self/status", "rb") as status:
            for line in status:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0
