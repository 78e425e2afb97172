"""PostgreSQL for one machine, started and stopped by this process.

It listens on a unix socket in a private folder, asks everybody for a password, and never outlives the
process that started it: the kernel tells it when that one dies. Nothing about it is less durable than
PostgreSQL's defaults.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from headrace import failpoint
from headrace.clock import monotonic
from headrace.db.connection import Login, connect
from headrace.db.leftovers import end_leftovers
from headrace.db.postgres_files import (
    DATABASE,
    MAJOR,
    OWNER,
    Places,
    explained,
    find_places,
    find_programs,
    make_data_dir,
    make_folders,
    read_password,
    refuse_other_major,
    sync_folder,
)
from headrace.db.programs import Account, Program, find_account, start_program
from headrace.errors import Misconfigured, Unavailable

log = logging.getLogger(__name__)

FAST_STOP_SECONDS = 30.0
QUICK_STOP_SECONDS = 10.0
START_SECONDS = 600.0
"""Bound of a start; one after a crash may have much to recover."""

_LARGEST_LOG = 16 * 1024**2
_ASK_AGAIN_SECONDS = 0.02
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}


class EmbeddedPostgres:
    """A PostgreSQL that runs. ``url`` is its owner's, a secret, and the same at every start."""

    def __init__(self, url: str, program: Program, lock: int) -> None:
        self.url = url
        self._program = program
        self._lock: int | None = lock

    @property
    def pid(self) -> int:
        """Process id of the postmaster."""
        return self._program.pid

    async def wait(self) -> int:
        """Wait until the postmaster ends, by whatever; its exit code, or minus a signal's number.

        To start it again, ``stop`` this one first: that gives the data folder free.
        """
        return await self._program.wait()

    async def stop(self) -> None:
        """Stop it: open transactions are rolled back, what is committed stays. Harmless when it is over."""
        try:
            await _stop(self._program)
        finally:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None


async def start_postgres(data_dir: Path) -> EmbeddedPostgres:
    """Start PostgreSQL on the data in ``data_dir``, made first where there are none; ends when it answers.

    What an earlier process left running or half-made there is ended or removed. Raises Misconfigured
    where another process uses the folder, where it or an account is unfit, and where PostgreSQL does
    not start, with the last lines of its log.
    """
    places = find_places(data_dir)
    account = _account()
    with explained(places.data_dir):
        make_data_dir(places, account)
        lock = _lock(places)
    try:
        with explained(places.data_dir):
            return await _start(places, account, lock)
    except BaseException:
        os.close(lock)
        raise


def running_url(data_dir: Path) -> str | None:
    """The owner's URL of the PostgreSQL that another process runs on this folder; None where none does."""
    places = find_places(data_dir)
    with explained(places.data_dir):
        if not places.lock.exists() or not places.password.exists():
            return None
        descriptor = os.open(places.lock, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _url(places, read_password(places)[0])
        finally:
            os.close(descriptor)
    return None


def _account() -> Account | None:
    account = find_account()
    if account is None and os.geteuid() == 0:
        raise Misconfigured(
            "PostgreSQL does not run as root, and this machine has neither an account `postgres` nor"
            " `nobody`: add one, run Headrace as another user, or use --database-url"
        )
    return account


def _lock(places: Places) -> int:
    descriptor = os.open(places.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise Misconfigured(
            f"the data folder {places.data_dir} is in use by process {holder or '(unknown)'}: stop that one"
            " first, or choose another --data-dir"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


async def _start(places: Places, account: Account | None, lock: int) -> EmbeddedPostgres:
    refuse_other_major(places)
    await end_leftovers(places.data)
    make_folders(places, account)
    programs = find_programs(places, account)
    if places.log.exists() and places.log.stat().st_size > _LARGEST_LOG:
        places.log.replace(places.log.with_suffix(".log.1"))
    for half_made in places.postgres.glob("*.new-*"):
        shutil.rmtree(half_made, ignore_errors=True)
    password, is_new = read_password(places)
    if not places.data.exists():
        await _make_data(places, account, programs, password)
    elif is_new:
        await _type(_set_password(password), places.data, places, account, programs)
    # Its process is over, whoever has that number now.
    (places.data / "postmaster.pid").unlink(missing_ok=True)
    settings = {**_SETTINGS, "unix_socket_directories": str(places.socket_dir)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = [programs / "postgres", "-D", places.data, *options]
    program = start_program(command, account, places.log, death_signal=signal.SIGINT)
    url = _url(places, password)
    try:
        await _until_ready(url, program, places)
    except BaseException:
        await _stop(program)
        raise
    return EmbeddedPostgres(url, program, lock)


async def _make_data(places: Places, account: Account | None, programs: Path, password: str) -> None:
    """Make the data aside and rename them, so that a kill in the middle leaves nothing half-made."""
    log.info("making a database in %s", places.data)
    aside = places.data.with_name(f"{MAJOR}.new-{secrets.token_hex(4)}")
    command = [programs / "initdb", "-D", aside, "-U", OWNER, "-E", "UTF8", "--locale=C"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--auth=trust"]
    program = start_program(command, account, places.log, death_signal=signal.SIGKILL)
    await _succeeded(program, "initdb", places)
    # Nobody has been let in yet: from here on nobody is without the password.
    (aside / "pg_hba.conf").write_text("local all all scram-sha-256\n")
    orders = f"{_set_password(password)}create database {DATABASE}\n"
    await _type(orders, aside, places, account, programs)
    await failpoint.reach("before_data_are_renamed")
    aside.rename(places.data)
    sync_folder(places.postgres)


def _set_password(password: str) -> str:
    return f"alter role {OWNER} password '{password}'\n"


async def _type(orders: str, data: Path, places: Places, account: Account | None, programs: Path) -> None:
    """Carry out SQL, a statement a line, on data that no server uses."""
    command = [programs / "postgres", "--single", "-D", data, "-c", "exit_on_error=on", "postgres"]
    program = start_program(command, account, places.log, death_signal=signal.SIGKILL, typed=orders)
    await _succeeded(program, "postgres --single", places)


async def _succeeded(program: Program, name: str, places: Places) -> None:
    try:
        code = await program.wait()
    except BaseException:
        program.signal(signal.SIGKILL)
        raise
    if code != 0:
        raise _failed(f"{name} failed (exit code {code})", places)


async def _until_ready(url: str, program: Program, places: Places) -> None:
    gives_up_at = monotonic() + START_SECONDS
    while not program.is_over:
        try:
            connection = await connect(Login(url), "start")
        except Unavailable:
            if monotonic() > gives_up_at:
                raise _failed(f"PostgreSQL did not get ready within {START_SECONDS:.0f} s", places) from None
            await program.ends_within(_ASK_AGAIN_SECONDS)
        else:
            await connection.close()
            return
    raise _failed(f"PostgreSQL ended at once (exit code {await program.wait()})", places)


def _failed(what: str, places: Places) -> Misconfigured:
    with suppress(OSError):
        lines = places.log.read_text(errors="replace").splitlines()[-15:]
        return Misconfigured(f"{what}; the last lines of {places.log}:\n  " + "\n  ".join(lines))
    return Misconfigured(f"{what}, and its log {places.log} can't be read")


def _url(places: Places, password: str) -> str:
    return f"postgresql://{OWNER}:{password}@/{DATABASE}?host={quote(str(places.socket_dir), safe='')}"


async def _stop(program: Program) -> None:
    for number, seconds in ((signal.SIGINT, FAST_STOP_SECONDS), (signal.SIGQUIT, QUICK_STOP_SECONDS)):
        program.signal(number)
        if await program.ends_within(seconds):
            return
        log.warning("PostgreSQL still runs %.0f s after %s", seconds, number.name)
    program.signal(signal.SIGKILL)
    await program.wait()
