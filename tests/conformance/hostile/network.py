"""Tries to reach over the network and by sockets what is no business of a job."""

from __future__ import annotations

import fcntl
import socket
import struct
from collections.abc import Mapping
from typing import Any

from tests.conformance.hostile.trying import tries_of, try_all

_SET_FLAGS, _SET_ADDRESS, _UP = 0x8914, 0x8916, 1


def _connect(family: int, address: object) -> object:
    with socket.socket(family) as line:
        line.settimeout(5)
        line.connect(address)  # pyright: ignore[reportArgumentType] - the families differ in it
    return address


def reaches_a_port_of_the_machine(given: Mapping[str, Any]) -> object:
    return _connect(socket.AF_INET, ("127.0.0.1", given["port"]))


def reaches_an_abstract_socket(given: Mapping[str, Any]) -> object:
    return _connect(socket.AF_UNIX, f"\0{given['mark']}")


def reaches_an_abstract_socket_of_another_job(given: Mapping[str, Any]) -> object:
    return _connect(socket.AF_UNIX, f"\0{given['mark']}-neighbour")


def reaches_an_open_socket_of_the_machine(given: Mapping[str, Any]) -> object:
    return _connect(socket.AF_UNIX, given["socket"])


def changes_the_network(_given: Mapping[str, Any]) -> object:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        fcntl.ioctl(line, _SET_FLAGS, struct.pack("16sH", b"lo", _UP))
    return True


def main(**given: Any) -> dict[str, list[object]]:
    return try_all(tries_of(globals()), given)
