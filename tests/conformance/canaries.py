"""Things of a machine that a job has no business with; what becomes of them is looked at from outside."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_KEPT = b"nobody has touched this"
_REMOVE = 0
_OWN = 1 << 30

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Canaries:
    """A folder of the machine that everybody may enter, and marks of what jobs leave.

    ``mark`` is in the name of whatever a job makes outside its own folder, and the key of a segment of
    memory; one with ``_OWN`` added is left by the hostile job, one without it by its neighbour.
    """

    folder: Path
    mark: str
    secret: Path
    """Only the worker may read it."""

    @property
    def open_file(self) -> Path:
        """Everybody may read and write it."""
        return self.folder / "open"

    @property
    def socket(self) -> Path:
        """Everybody may connect to it."""
        return self.folder / "socket"

    @property
    def places(self) -> list[Path]:
        """Folders in which everybody may make files, as on most machines."""
        return [self.folder / "drop", Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")]

    def told(self) -> dict[str, Any]:
        """Where all of it is, for a script."""
        return {
            "mark": self.mark,
            "secret": str(self.secret),
            "open file": str(self.open_file),
            "socket": str(self.socket),
            "own": _OWN,
            "leave in": [str(place) for place in self.places],
        }

    def left(self) -> set[str]:
        """Where something is that a job has made, by the name of the place; a segment of memory is one."""
        places = ["drop" if place.name == "drop" else str(place) for place in self.places]
        left = {name for name, place in zip(places, self.places, strict=True) if (place / self.mark).exists()}
        return left | ({"memory"} if _libc.shmget(int(self.mark, 16) | _OWN, 0, 0) >= 0 else set())

    def are_untouched(self) -> bool:
        """Whether all that they hold is as it was."""
        return [self.open_file.read_bytes(), self.secret.read_bytes()] == [_KEPT] * 2

    def remove(self) -> None:
        """Remove all that is there, whoever made it."""
        shutil.rmtree(self.folder)
        self.secret.unlink()
        for place in self.places[1:]:
            for path in place.glob(f"{self.mark}*"):
                path.unlink()
        for number in (int(self.mark, 16), int(self.mark, 16) | _OWN):
            if (segment := _libc.shmget(number, 0, 0)) >= 0:
                _libc.shmctl(segment, _REMOVE, None)
        _libc.mq_unlink(f"/{self.mark}".encode())


@contextmanager
def canaries(worker_root: Path) -> Iterator[Canaries]:
    """Make them; ``worker_root`` belongs to the worker, and so does its secret."""
    folder = Path(tempfile.mkdtemp(prefix="canaries-", dir="/var/tmp"))
    folder.chmod(0o755)
    made = Canaries(
        folder, f"{1 + secrets.randbelow(_OWN - 1):08x}", worker_root / f"secret-{secrets.token_hex(4)}"
    )
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as abstract:
        try:
            (folder / "drop").mkdir()
            (folder / "drop").chmod(0o777)
            for file, mode in ((made.open_file, 0o666), (made.secret, 0o600)):
                file.write_bytes(_KEPT)
                file.chmod(mode)
            owner = worker_root.stat()
            os.chown(made.secret, owner.st_uid, owner.st_gid)
            listening.bind(str(made.socket))
            made.socket.chmod(0o666)
            listening.listen()
            abstract.bind(f"\0{made.mark}")
            abstract.listen()
            yield made
        finally:
            with suppress(FileNotFoundError):
                made.remove()
