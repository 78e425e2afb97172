"""A job that has something to lose: it leaves it everywhere, says where, and waits."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import tempfile
import time
from typing import Any

from tests.conformance.hostile.trying import call, libc

_CREATE, _OWN_USER_KEYRING, _SET_TIMEOUT = 0o1000, -4, 15


def main(mark: str, **_given: Any) -> None:
    secret = mark.encode()
    os.umask(0)
    kept = os.path.join(tempfile.mkdtemp(), "kept")
    in_shared_memory = f"/dev/shm/{mark}-neighbour"
    in_tmp = f"/tmp/{mark}-neighbour"
    for path in (kept, in_shared_memory, in_tmp, "kept"):
        with open(path, "wb") as file:
            file.write(secret)
    number = int(mark, 16) & 0x7FFFFFFF
    segment = libc.shmget(number, 4096, _CREATE | 0o666)
    address = libc.shmat(segment, None, 0)
    assert segment >= 0, address
    queue = libc.mq_open(f"/{mark}".encode(), os.O_CREAT | os.O_RDWR, 0o666, None)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"\0{mark}-neighbour")
    listening.listen()
    try:
        key = call("add_key", b"user", secret, secret, len(secret), _OWN_USER_KEYRING)
        has_key = call("keyctl", _SET_TIMEOUT, key, 120) == 0
    except OSError:
        has_key = False
    told = {
        "folder": os.getcwd(),
        "code": __file__,
        "kept": kept,
        "in shared memory": in_shared_memory,
        "in tmp": in_tmp,
        "segment": number,
        "has a queue": queue >= 0,
        "has a key": has_key,
        "errno": ctypes.get_errno(),
    }
    print(json.dumps(told), flush=True)
    time.sleep(60)
