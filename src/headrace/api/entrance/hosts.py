"""Names by which this server may be called: a page elsewhere must not reach it under a name of its own."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from headrace.errors import InvalidInput

if TYPE_CHECKING:
    from starlette.types import Scope

    from headrace.settings import Settings

_LOCAL = frozenset({"localhost"})


class HostCheck:
    """Refuses a Host header that names somebody else.

    Addresses pass, for no foreign name leads to them. So do ``trusted_hosts`` and the host of ``base_url``;
    where neither is set, a server that listens to this machine alone is called ``localhost``, and any other
    one may have any name.
    """

    def __init__(self, settings: Settings) -> None:
        names = {name.lower().rstrip(".") for name in settings.trusted_hosts}
        if settings.base_url is not None:
            names.add((urlsplit(settings.base_url).hostname or "").lower())
        is_open = not names and not _is_loopback(settings.host)
        self._names = None if is_open else names | _LOCAL

    def __call__(self, scope: Scope) -> None:
        """Raise InvalidInput for a name that is not ours, more than one Host, or none in HTTP/1.1."""
        given = [value for name, value in scope["headers"] if name == b"host"]
        if len(given) > 1 or (not given and scope.get("http_version", "1.1") != "1.0"):
            raise InvalidInput("Host", "must be given once")
        if self._names is None or not given:
            return
        name = _name_of(given[0].decode("latin-1"))
        if name not in self._names and not _is_address(name):
            raise InvalidInput("Host", "is no name of this server (settings base_url and trusted_hosts)")


def _name_of(host: str) -> str:
    """The name in a Host header, without port and brackets."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host.lower() in _LOCAL or (_is_address(host) and ipaddress.ip_address(host).is_loopback)
