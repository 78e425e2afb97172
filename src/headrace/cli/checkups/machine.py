"""Looks at what jobs need on this machine: for each thing a finding and, where it fails, a cure.

Nothing is changed: no folder is made, nothing is copied, no PostgreSQL is started.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.cli.bootstrap import read_client_file
from headrace.cli.checkups.blobs import check_blobs
from headrace.cli.checkups.database import check_database
from headrace.cli.checkups.finding import Finding, Health, closed_to
from headrace.cli.checkups.isolation import check_isolation
from headrace.cli.checkups.python import check_environments, check_index, check_python, check_uv
from headrace.cli.checkups.secret_key import check_secret_key
from headrace.cli.port import bind
from headrace.db.embedded import running_url
from headrace.db.postgres_files import find_places
from headrace.db.programs import find_account
from headrace.errors import HeadraceError
from headrace.sandbox.accounts import FIRST_UID

if TYPE_CHECKING:
    from headrace.settings import Settings

_OLDEST_KERNEL = (5, 3)
"""The first one that lets us wait for processes that are not our children."""
_GIGABYTE = 1024**3
_FEWEST_BYTES, _FEW_BYTES = _GIGABYTE // 4, 2 * _GIGABYTE

_CURES = {
    "system": "run Headrace on Linux",
    "Python": "correct it",
    "uv": "install Headrace again with all it needs",
    "data folder": "choose another --data-dir, or run this as the user who owns it",
    "environments": "let this be run by the user who runs the worker",
    "PostgreSQL": "start it, or correct --database-url and --data-dir",
    "secret key": "put the right key there, from a backup or from the machine of a server",
    "blob store": "correct --blob-store and what belongs to it",
    "isolation": "use --isolation auto",
    "port": "choose another --port or --host",
    "package index": "name another one in --index-url",
}

Check = Callable[["Settings"], Awaitable[list[Finding]]]


async def look_at_all(settings: Settings, *, online: bool) -> list[Finding]:
    """All findings in the order they are best read; the package index is asked only where ``online``."""
    checks: dict[str, Check] = {
        "system": check_system,
        "Python": check_python,
        "uv": check_uv,
        "data folder": check_data_dir,
        "environments": check_environments,
        "PostgreSQL": check_database,
        "secret key": check_secret_key,
        "blob store": check_blobs,
        "isolation": check_isolation,
        "port": check_port,
    }
    if online:
        checks["package index"] = check_index
    findings: list[Finding] = []
    for name, check in checks.items():
        try:
            findings += await check(settings)
        except HeadraceError as error:
            findings.append(_failed(name, str(error)))
        except (OSError, ValueError) as error:
            findings.append(_failed(name, f"it can't be looked at ({error})"))
    return findings


def _failed(name: str, sentence: str) -> Finding:
    """Most of our sentences say what is wrong, then, after a colon, what to do."""
    text, _, cure = sentence.partition(": ")
    if not cure or text.startswith("/"):
        return Finding(name, Health.BROKEN, sentence, _CURES[name])
    return Finding(name, Health.BROKEN, text, cure)


async def check_system(settings: Settings) -> list[Finding]:
    """The operating system and its kernel."""
    del settings
    name, release = platform.system(), platform.release()
    shown = f"{name} {release} on {platform.machine()}, {os.cpu_count()} processors"
    if name != "Linux":
        return [Finding("system", Health.BROKEN, shown, "run Headrace on Linux, in a container for example")]
    numbers = tuple(int(part) for part in release.split("-")[0].split(".")[:2] if part.isdigit())
    if numbers < _OLDEST_KERNEL:
        cure = f"use a kernel of {'.'.join(map(str, _OLDEST_KERNEL))} or newer"
        return [Finding("system", Health.BROKEN, f"{shown}: the kernel is too old", cure)]
    return [Finding("system", Health.OK, shown)]


async def check_data_dir(settings: Settings) -> list[Finding]:
    """The data folder: who may write and enter, how much room, who uses it."""
    folder = settings.data_dir
    place = next(step for step in (folder, *folder.parents) if step.exists())
    found = Finding("data folder", Health.OK, _shown_data_dir(folder))
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        text = f"{folder}: {place} can't be written to"
        return [Finding(found.name, Health.BROKEN, text, "choose another --data-dir, or make it writable")]
    for who, uid, gid in _entrants(settings):
        closed = closed_to(place, uid, gid)
        if closed == Path("/"):
            cure = "let it have the capabilities SETUID and SETGID, or run Headrace as another user"
            return [Finding(found.name, Health.BROKEN, f"Headrace may not run programs as {who}", cure)]
        if closed is not None:
            text = f"{folder}: {who} may not enter {closed}"
            cure = f"run `chmod o+x {closed}`, or choose another --data-dir"
            return [Finding(found.name, Health.BROKEN, text, cure)]
    return [found, _check_room(place)]


def _entrants(settings: Settings) -> list[tuple[str, int, int]]:
    """Name, uid and gid of those who have to get into the data folder."""
    if os.geteuid() != 0:
        return []
    entrants = [(f"the uid {FIRST_UID} of jobs", FIRST_UID, FIRST_UID)]
    account = find_account()
    if account is not None and settings.database_url is None:
        entrants.insert(0, (f"PostgreSQL's account {account.name}", account.uid, account.gid))
    return entrants


def _shown_data_dir(folder: Path) -> str:
    if not folder.exists():
        return f"{folder}, made at the first start"
    if running_url(folder) is None:
        return f"{folder}, used by nobody"
    return f"{folder}, in use by process {find_places(folder).lock.read_text().strip()}"


def _check_room(place: Path) -> Finding:
    free = shutil.disk_usage(place).free
    text = f"{free / _GIGABYTE:.1f} GB are free below {place}"
    if free < _FEWEST_BYTES:
        return Finding("room", Health.BROKEN, text, "make room, or choose another --data-dir")
    if free < _FEW_BYTES:
        return Finding("room", Health.WEAKER, text, "make room: packages of jobs may take gigabytes")
    return Finding("room", Health.OK, text)


async def check_port(settings: Settings) -> list[Finding]:
    """Whether the port can be had, or is the one that Headrace listens on already."""
    shown = f"{settings.host}:{settings.port}"
    running = read_client_file(settings.data_dir).get("url") if running_url(settings.data_dir) else None
    if running is not None and running == settings.url:
        return [Finding("port", Health.OK, f"{shown}, where `headrace up` listens")]
    bind(settings).close()
    return [Finding("port", Health.OK, f"{shown} is free" if settings.port else "any free one is taken")]
