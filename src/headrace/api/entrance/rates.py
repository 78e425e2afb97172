"""How often somebody may ask, in this server."""

from __future__ import annotations

import hashlib
import ipaddress
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from headrace.clock import monotonic
from headrace.errors import TooMany

if TYPE_CHECKING:
    from starlette.types import Scope

    from headrace.settings import Settings

_LOGIN = "/api/auth/login"
_CREDENTIALS = (b"authorization", b"cookie")


class Rate:
    """At most so many in any so many seconds, for each key; keys that were idle that long are forgotten."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._taken: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, key: str, now: float) -> float:
        """Count one and return 0, or count none and return in how many seconds there is room."""
        self._forget(now)
        times = self._taken.setdefault(key, deque())
        while times and times[0] <= now - self._seconds:
            times.popleft()
        if len(times) >= self._most:
            return times[0] + self._seconds - now
        times.append(now)
        self._taken.move_to_end(key)
        return 0.0

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._taken)

    def _forget(self, now: float) -> None:
        while self._taken:
            key, times = next(iter(self._taken.items()))
            if times and times[-1] > now - self._seconds:
                return
            del self._taken[key]


class RateCheck:
    """Refuses requests beyond ``requests_per_second`` of one token, or of one address without a token.

    Attempts to sign in are counted by address, by ``logins_per_minute``. 0 stands for no limit.
    """

    def __init__(self, settings: Settings) -> None:
        self._requests = Rate(settings.requests_per_second, 1) if settings.requests_per_second else None
        self._logins = Rate(settings.logins_per_minute, 60) if settings.logins_per_minute else None

    def __call__(self, scope: Scope) -> None:
        """Raise TooMany, which says when to come again."""
        if self._requests is not None:
            _take(self._requests, _caller(scope), "requests (setting requests_per_second)")
        if self._logins is not None and scope["path"] == _LOGIN:
            _take(self._logins, _address(scope), "attempts to sign in (setting logins_per_minute)")


def _take(rate: Rate, key: str, what: str) -> None:
    if seconds := rate.take(key, monotonic()):
        raise TooMany(f"too many {what}; try again in {seconds:.1f} s", seconds)


def _caller(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name in _CREDENTIALS:
            return hashlib.sha256(value).hexdigest()
    return _address(scope)


def _address(scope: Scope) -> str:
    """Where a request comes from; whoever has one address of IPv6 has all of its /64."""
    client = scope.get("client")
    text = client[0] if client else ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
