"""Where packages come from: package indexes, their certificates and credentials, as uv is told of them."""

from __future__ import annotations

import netrc
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from headrace.settings import Settings

# fmt: off
_PLAIN = frozenset({
    "PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
    "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy", "UV_INDEX_STRATEGY", "UV_INSECURE_HOST",
    "UV_SYSTEM_CERTS", "UV_NATIVE_TLS", "UV_OFFLINE", "UV_EXCLUDE_NEWER", "UV_HTTP_TIMEOUT",
    "UV_HTTP_RETRIES", "UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_BUILDS", "UV_CONCURRENT_INSTALLS",
})
"""What a build, which is code of others, sees of the worker's environment. Nothing of it is secret."""
_OF_THE_WORKER = frozenset({
    "HOME", "TMPDIR", "XDG_CONFIG_HOME", "NETRC", "SSL_CLIENT_CERT", "UV_DEFAULT_INDEX", "UV_INDEX",
    "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_KEYRING_PROVIDER",
    "UV_PYTHON_INSTALL_MIRROR", "UV_PYTHON_DOWNLOADS_JSON_URL",
})
"""What besides them only the worker's own uv sees, which runs no code of others."""
_OTHER_NAMES = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_EXTRA_INDEX_URL",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
    "PY_TRUSTED_HOST": "UV_INSECURE_HOST",
    "PY_INDEX_CERT": "SSL_CERT_FILE",
    "PIP_CERT": "SSL_CERT_FILE",
    "PY_NATIVE_CERT": "UV_SYSTEM_CERTS",
    "PY_CONCURRENT_DOWNLOADS": "UV_CONCURRENT_DOWNLOADS",
}
"""Variables that people carry over from pip and Windmill; uv's own go before them."""
# fmt: on
_OF_AN_INDEX = re.compile(r"UV_INDEX_\w+_(?:USERNAME|PASSWORD)")
_NAMED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)=(?P<url>.*)")
_SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def uv_environ(environ: Mapping[str, str], settings: Settings | None = None) -> dict[str, str]:
    """What uv sees: of the settings first, then of the worker's environment, then of what pip is set to.

    uv does not read pip's settings, so pip is asked, here and only here. The values hold credentials.
    """
    own = _of_settings(settings) if settings else {}
    kept = {name: value for name, value in environ.items() if _is_passed_on(name) and value}
    if "UV_DEFAULT_INDEX" in own:
        kept.pop("UV_INDEX_URL", None)
    kept |= own
    for other, name in _OTHER_NAMES.items():
        if environ.get(other) and not (name == "UV_DEFAULT_INDEX" and "UV_INDEX_URL" in kept):
            kept.setdefault(name, environ[other])
    if "UV_DEFAULT_INDEX" not in kept and "UV_INDEX_URL" not in kept:
        kept |= _named("UV_DEFAULT_INDEX", _ask_pip("index-url"))
    if "SSL_CERT_FILE" not in kept:
        kept |= _named("SSL_CERT_FILE", _ask_pip("cert"))
    if "SSL_CERT_FILE" not in kept and _SYSTEM_CERTIFICATES.exists():
        kept.setdefault("UV_SYSTEM_CERTS", "true")  # whoever runs this machine says whom it trusts
    return kept


def build_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """What of uv's environment a build may see: no credentials. ``index_options`` has those."""
    return {name: value for name, value in environ.items() if name in _PLAIN}


def index_options(environ: Mapping[str, str]) -> str:
    """The indexes of uv's environment as lines of a file of requirements, with their credentials.

    uv is given them where nobody but itself can read them. A keyring is not asked.
    """
    lines: list[str] = []
    if default := environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL"):
        lines.append(f"--index-url {_with_credentials(default, environ)}")
    others = f"{environ.get('UV_INDEX', '')} {environ.get('UV_EXTRA_INDEX_URL', '')}".split()
    lines += [f"--extra-index-url {_with_credentials(url, environ)}" for url in others]
    links = environ.get("UV_FIND_LINKS", "").split(",")
    lines += [f"--find-links {link.strip()}" for link in links if link.strip()]
    return "".join(f"{line}\n" for line in lines)


def shown_indexes(environ: Mapping[str, str]) -> list[str]:
    """The indexes and places of wheels, in the order in which they are asked, without credentials."""
    urls = [line.split(" ", 1) for line in index_options(environ).splitlines()]
    first = [url for option, url in urls if option != "--index-url"]
    default = [url for option, url in urls if option == "--index-url"] or ["PyPI"]
    return [without_credentials(url) for url in first + default]


def without_credentials(text: str) -> str:
    """A text whose web addresses show no user and no password."""
    return _CREDENTIALS.sub("***@", text)


_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


def _is_passed_on(name: str) -> bool:
    return name in _PLAIN or name in _OF_THE_WORKER or _OF_AN_INDEX.fullmatch(name) is not None


def _of_settings(settings: Settings) -> dict[str, str]:
    extra = settings.extra_index_urls.reveal() if settings.extra_index_urls else ""
    return (
        _named("UV_DEFAULT_INDEX", settings.index_url.reveal() if settings.index_url else None)
        | _named("UV_EXTRA_INDEX_URL", " ".join(re.split(r"[,\s]+", extra.strip())))
        | _named("UV_INSECURE_HOST", " ".join(settings.index_trusted_hosts))
        | _named("SSL_CERT_FILE", str(settings.index_ca_file) if settings.index_ca_file else None)
        | _named("UV_SYSTEM_CERTS", "true" if settings.index_native_tls else None)
        | _named("UV_FIND_LINKS", ",".join(settings.find_links))
        | _named("UV_PYTHON_INSTALL_MIRROR", settings.python_mirror)
    )


def _with_credentials(index: str, environ: Mapping[str, str]) -> str:
    """An index such as ``name=https://…``, with what the environment or netrc says of it."""
    named = _NAMED.fullmatch(index)
    url = named["url"] if named else index
    parts = urlsplit(url)
    if "@" in parts.netloc or not parts.hostname:
        return url
    user = password = None
    if named:
        prefix = f"UV_INDEX_{re.sub(r'[^A-Za-z0-9]', '_', named['name']).upper()}"
        user, password = environ.get(f"{prefix}_USERNAME"), environ.get(f"{prefix}_PASSWORD")
    if user is None and password is None:
        user, password = _of_netrc(parts.hostname, environ)
    if user is None and password is None:
        return url
    login = f"{quote(user or '', safe='')}:{quote(password or '', safe='')}"
    return parts._replace(netloc=f"{login}@{parts.netloc}").geturl()


def _of_netrc(host: str, environ: Mapping[str, str]) -> tuple[str | None, str | None]:
    file = environ.get("NETRC") or f"{environ.get('HOME', '')}/.netrc"
    with suppress(OSError, netrc.NetrcParseError, UnicodeDecodeError):
        if found := netrc.netrc(file).authenticators(host):
            return found[0], found[2]
    return None, None


def _named(name: str, value: str | None) -> dict[str, str]:
    return {name: value} if value else {}


def _ask_pip(setting: str) -> str | None:
    command = [sys.executable, "-m", "pip", "config", "get", f"global.{setting}"]
    with suppress(OSError, subprocess.TimeoutExpired):  # there need not be a pip
        found = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        if found.returncode == 0:
            return found.stdout.strip() or None
    return None
