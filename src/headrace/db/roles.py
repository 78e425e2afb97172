"""The two unprivileged database roles and the file that keeps their passwords."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from headrace.db.connection import Login
from headrace.errors import Misconfigured

SERVER_ROLE = "headrace_server"
WORKER_ROLE = "headrace_worker"
FILE_NAME = "database-roles.json"


@dataclass(frozen=True, slots=True)
class RoleLogins:
    """How requests (``server``) and workers log in."""

    server: Login
    worker: Login


def load_roles(data_dir: Path, url: str) -> RoleLogins:
    """Read the roles' passwords; raises Misconfigured where ``headrace migrate`` has not made them."""
    file = data_dir / FILE_NAME
    try:
        passwords = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Misconfigured(
            f"{file} is missing: run `headrace migrate` with this data folder, or copy the file from"
            " the machine where it was run"
        ) from None
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{file} can't be read: {error}") from error
    return _logins(passwords, url)


def make_roles(data_dir: Path, url: str) -> RoleLogins:
    """Like ``load_roles``, but makes the file, readable by its owner only, where there is none."""
    file = data_dir / FILE_NAME
    if not file.exists():
        passwords = {role: secrets.token_urlsafe(32) for role in (SERVER_ROLE, WORKER_ROLE)}
        aside = file.with_suffix(".tmp")
        aside.unlink(missing_ok=True)
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(passwords, out)
            out.flush()
            os.fsync(descriptor)
        aside.rename(file)
    return load_roles(data_dir, url)


def _logins(passwords: dict[str, str], url: str) -> RoleLogins:
    return RoleLogins(
        server=Login(url, SERVER_ROLE, passwords[SERVER_ROLE]),
        worker=Login(url, WORKER_ROLE, passwords[WORKER_ROLE]),
    )
