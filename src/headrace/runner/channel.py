"""What a job tells its worker, apart from what it prints: kind, length, peak of memory, JSON text.

``headrace.sandbox.frames`` reads them.
"""

from __future__ import annotations

import os
import struct

RESULT = b"R"
"""The value that the script returned."""
ERROR = b"E"
"""An error object: name, message, stack, extra."""

_HEADER = struct.Struct(">cQQ")


def send(descriptor: int, kind: bytes, payload: bytes) -> None:
    """Write one frame and close the descriptor; nobody may be listening any more."""
    left = memoryview(_HEADER.pack(kind, len(payload), _peak_memory_kb()) + payload)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
        os.close(descriptor)
    except OSError:
        pass


def _peak_memory_kb() -> int:
    """The most memory this process has had. The kernel's own account of it, in rusage, begins before exec."""
    try:
        with open("/proc/self/status", "rb") as status:
            for line in status:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0
