"""Tries to get at what an installation keeps: its database, its keys, its processes."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from typing import Any

from tests.conformance.hostile.trying import tries_of, try_all


def _any_of(pids: list[int], deed: Callable[[int], object]) -> object:
    for pid in pids:
        try:
            found = deed(pid)
        except OSError:
            continue
        if found:
            return pid
    return None


def _holds_something(path: str) -> bool:
    with open(path, "rb") as file:
        return bool(file.read(1))


def lists_the_data_folder(given: Mapping[str, Any]) -> object:
    return os.listdir(given["data"])


def _reads(name: str) -> Callable[[Mapping[str, Any]], object]:
    return lambda given: _holds_something(os.path.join(given["data"], name))


def reads_the_password_of_the_database(given: Mapping[str, Any]) -> object:
    return _reads("database-owner.password")(given)


def reads_the_passwords_of_the_roles(given: Mapping[str, Any]) -> object:
    return _reads("database-roles.json")(given)


def reads_the_key_of_all_secrets(given: Mapping[str, Any]) -> object:
    return _reads("secret.key")(given)


def reads_the_token_of_the_administrator(given: Mapping[str, Any]) -> object:
    return _reads("client.json")(given)


def reads_the_log_of_the_database(given: Mapping[str, Any]) -> object:
    return _reads("postgres/postgres.log")(given)


def reads_the_version_of_the_database(given: Mapping[str, Any]) -> object:
    return _reads("postgres/18/PG_VERSION")(given)


def connects_to_the_database(given: Mapping[str, Any]) -> object:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(os.path.join(given["data"], "run", ".s.PGSQL.5432"))
    return True


def is_told_how_to_connect_to_the_database(_given: Mapping[str, Any]) -> object:
    named = [name for name in os.environ if name.startswith(("PG", "HEADRACE", "DATABASE"))]
    return named or os.path.exists(os.path.expanduser("~/.pgpass"))


def reads_environments_of_the_installation(given: Mapping[str, Any]) -> object:
    return _any_of(given["pids"], lambda pid: _holds_something(f"/proc/{pid}/environ"))


def reads_memory_of_the_installation(given: Mapping[str, Any]) -> object:
    return _any_of(given["pids"], lambda pid: os.open(f"/proc/{pid}/mem", os.O_RDONLY))


def lists_descriptors_of_the_installation(given: Mapping[str, Any]) -> object:
    return _any_of(given["pids"], lambda pid: os.listdir(f"/proc/{pid}/fd"))


def signals_the_installation(given: Mapping[str, Any]) -> object:
    return _any_of(given["pids"], lambda pid: os.kill(pid, 0) is None)


def main(**given: Any) -> dict[str, list[object]]:
    return try_all(tries_of(globals()), given)
