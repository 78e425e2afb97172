"""Whether a request that a cookie signs came from a page of ours.

A browser sends the cookie with whatever a foreign page asks for, and says in its headers whose page that was.
Programs send no such header and may use the cookie, as the public command line does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from headrace.errors import PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Mapping

_OWN = frozenset({"same-origin", "none"})
"""Of ``Sec-Fetch-Site``; a browser says ``none`` where the user typed the address."""
_READING = frozenset({"GET", "HEAD"})


def require_own_site(method: str, headers: Mapping[str, str], scheme: str, base_url: str) -> None:
    """Raise PermissionDenied unless the request came from our own origin, or from no browser.

    Our own are that of ``base_url`` and the one that the request was sent to. A browser that says nothing
    of where it comes from may read, but not write.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in _OWN:
        raise _foreign()
    if origin is None and site is None and "referer" in headers:
        page = urlsplit(headers["referer"])
        origin = f"{page.scheme}://{page.netloc}"
    if origin is not None:
        base = urlsplit(base_url)
        if origin not in (f"{scheme}://{headers.get('host', '')}", f"{base.scheme}://{base.netloc}"):
            raise _foreign()
    elif site is None and method not in _READING and "mozilla" in headers.get("user-agent", "").lower():
        raise _foreign()


def _foreign() -> PermissionDenied:
    return PermissionDenied(
        "a page of another site may not use the cookie `token`; send `Authorization: Bearer <token>`"
    )
