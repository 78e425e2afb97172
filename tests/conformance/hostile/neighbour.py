"""A job that has something to lose: it leaves it everywhere, says where, and waits."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import time
from contextlib import suppress
from typing import Any

from tests.conformance.hostile.trying import call, libc

_CREATE, _OWN_USER_KEYRING, _SET_TIMEOUT = 0o1000, -4, 15


def main(mark: str, **_given: Any) -> None:
    os.umask(0)
    kept = os.path.join(tempfile.mkdtemp(), "kept")
    in_tmp, in_shared_memory = f"/tmp/{mark}-neighbour", f"/dev/shm/{mark}-neighbour"
    for path in (kept, in_tmp, in_shared_memory):
        with open(path, "w") as file:
            file.write(mark)
    assert libc.shmget(int(mark, 16), 4096, _CREATE | 0o666) >= 0
    libc.mq_open(f"/{mark}".encode(), os.O_CREAT | os.O_RDWR, 0o666, None)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"\0{mark}-neighbour")
    listening.listen()
    with suppress(OSError):  # where keys are refused, there is none to be found
        key = call("add_key", b"user", mark.encode(), b"x", 1, _OWN_USER_KEYRING)
        call("keyctl", _SET_TIMEOUT, key, 120)
    told = {
        "pid": os.getpid(),
        "folder": os.getcwd(),
        "code": __file__,
        "kept": kept,
        "in tmp": in_tmp,
        "in shared memory": in_shared_memory,
    }
    print(json.dumps(told), flush=True)
    time.sleep(60)
