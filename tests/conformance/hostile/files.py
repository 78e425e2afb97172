"""Tries to read, change and leave files and the like: of other jobs, of the worker, of the machine."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Mapping
from typing import Any

from tests.conformance.hostile.trying import call, libc, tries_of, try_all

_CREATE, _OWN_USER_KEYRING, _SEARCH = 0o1000, -4, 10


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(200)


def _adds_to(folder: str) -> object:
    path = os.path.join(folder, "hostile.pth")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    os.unlink(path)
    return path


def _opens_to_write(path: str) -> object:
    os.close(os.open(path, os.O_RDWR))
    return path


def lists_the_folder_of_another_job(given: Mapping[str, Any]) -> object:
    return os.listdir(given["neighbour"]["folder"])


def reads_the_code_of_another_job(given: Mapping[str, Any]) -> object:
    return _read(given["neighbour"]["code"])


def reads_temporary_files_of_another_job(given: Mapping[str, Any]) -> object:
    return _read(given["neighbour"]["kept"])


def adds_to_the_folder_of_another_job(given: Mapping[str, Any]) -> object:
    return _adds_to(given["neighbour"]["folder"])


def reads_what_another_job_has_in_tmp(given: Mapping[str, Any]) -> object:
    return _read(given["neighbour"]["in tmp"])


def reads_what_another_job_has_in_shared_memory(given: Mapping[str, Any]) -> object:
    return _read(given["neighbour"]["in shared memory"])


def attaches_a_segment_of_another_job(given: Mapping[str, Any]) -> object:
    return libc.shmget(int(given["mark"], 16), 0, 0) >= 0


def opens_a_queue_of_another_job(given: Mapping[str, Any]) -> object:
    return libc.mq_open(f"/{given['mark']}".encode(), os.O_RDONLY) >= 0


def finds_a_key_of_another_job(given: Mapping[str, Any]) -> object:
    return call("keyctl", _SEARCH, _OWN_USER_KEYRING, b"user", given["mark"].encode(), 0)


def lists_the_jobs_of_the_worker(given: Mapping[str, Any]) -> object:
    return os.listdir(given["jobs"])


def lists_the_cache(given: Mapping[str, Any]) -> object:
    return "listed", os.listdir(given["cache"])


def adds_to_the_cache(given: Mapping[str, Any]) -> object:
    return _adds_to(given["cache"])


def reads_a_secret_of_the_worker(given: Mapping[str, Any]) -> object:
    return _read(given["secret"])


def links_a_secret_of_the_worker(given: Mapping[str, Any]) -> object:
    os.link(given["secret"], "linked")
    return _read("linked")


def reads_an_open_file_of_the_machine(given: Mapping[str, Any]) -> object:
    return _read(given["open file"])


def changes_an_open_file_of_the_machine(given: Mapping[str, Any]) -> object:
    return _opens_to_write(given["open file"])


def reads_passwords_of_the_machine(_given: Mapping[str, Any]) -> object:
    return _read("/etc/shadow")


def changes_accounts_of_the_machine(_given: Mapping[str, Any]) -> object:
    return _opens_to_write("/etc/passwd")


def changes_what_every_program_loads(_given: Mapping[str, Any]) -> object:
    return _adds_to("/etc") or _adds_to("/usr/lib") or _adds_to("/usr/local/lib")


def plans_a_deed_for_later(_given: Mapping[str, Any]) -> object:
    for folder in (
        "/var/spool/cron/crontabs",
        "/var/spool/cron",
        "/etc/cron.d",
        "/var/spool/at",
        "/run/systemd",
    ):
        try:
            return _adds_to(folder)
        except OSError:
            continue
    return None


def adds_to_the_runner(_given: Mapping[str, Any]) -> object:
    return _adds_to(_folder_of("headrace_runner"))


def changes_the_runner(_given: Mapping[str, Any]) -> object:
    return _opens_to_write(os.path.join(_folder_of("headrace_runner"), "job.py"))


def adds_to_environments(given: Mapping[str, Any]) -> object:
    return _adds_to(given["environments"])


def adds_to_the_interpreter(_given: Mapping[str, Any]) -> object:
    for folder in (os.path.dirname(os.__file__), *site.getsitepackages(), os.path.dirname(sys.executable)):
        try:
            return _adds_to(folder)
        except OSError:
            continue
    return None


def changes_the_interpreter(_given: Mapping[str, Any]) -> object:
    return _opens_to_write(os.__file__)


def moves_its_own_folder(_given: Mapping[str, Any]) -> object:
    folder = os.environ["HOME"]
    os.rename(folder, f"{folder}-moved")
    os.rename(f"{folder}-moved", folder)
    return folder


def _folder_of(package: str) -> str:
    return os.path.dirname(sys.modules[package].__file__ or "")


def _leave(given: Mapping[str, Any], folder: str) -> None:
    os.close(os.open(os.path.join(folder, given["mark"]), os.O_WRONLY | os.O_CREAT))


def main(**given: Any) -> dict[str, list[object]]:
    found = try_all(tries_of(globals()), given)
    for folder in given["leave in"]:
        try:
            _leave(given, folder)
        except OSError:
            continue
    libc.shmget(int(given["mark"], 16) | given["own"], 4096, _CREATE | 0o666)
    return found
