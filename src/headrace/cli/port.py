"""Takes the port a server is to listen on."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from headrace.errors import Misconfigured

if TYPE_CHECKING:
    from headrace.settings import Settings


def bind(settings: Settings) -> socket.socket:
    """A socket that has the port but does not listen yet: callers are refused until somebody does.

    Port 0 takes a free one. Raises Misconfigured where it can't be had.
    """
    where = f"port {settings.port} on {settings.host}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        taken = socket.socket(family, kind, protocol)
    except OSError as error:
        raise Misconfigured(f"{settings.host} is no address of this machine ({error.strerror})") from error
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        taken.bind(address)
    except OSError as error:
        taken.close()
        match error.errno:
            case errno.EADDRINUSE:
                why = "is in use by another program: stop that one, or choose another --port"
            case errno.EACCES:
                why = "may be taken by root only: choose another --port, from 1024 on"
            case errno.EADDRNOTAVAIL:
                why = "can't be had: this machine has no such address; choose another --host"
            case _:
                why = f"can't be had: {error.strerror}"
        raise Misconfigured(f"{where} {why}") from error
    return taken
