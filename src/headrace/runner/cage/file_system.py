"""What jobs at the level ``sandbox`` see of the machine's files: what is listed, and nothing else.

A root file system of its own is put together once for each fork server, from read-only views of the
machine's folders. Each slot adds the processes that it may see, and each job a ``/tmp`` and ``/dev/shm``.
"""

from __future__ import annotations

import os
import stat

from . import linux

SYSTEM = ("/bin", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/sbin", "/usr", "/nix/store")
"""Programs, libraries and their settings. What only root may read there stays unreadable."""
_LITTLE = ("/sys/devices/system/cpu", "/run/systemd/resolve")
"""How many processors there are, and where names are looked up on machines with systemd."""
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "fd/0",
    "/dev/stdout": "fd/1",
    "/dev/stderr": "fd/2",
}
_TEMPORARY, _SHARED_MEMORY = "/tmp", "/dev/shm"  # noqa: S108 - mounted anew for each job
_SCAFFOLD, _NEW, _OLD = _TEMPORARY, "/new", "/old"


class Sources:
    """The machine's files and folders that a sandbox shows, opened by who may still reach all of them.

    ``read_only`` and ``writable`` are absolute paths; the latter are as the machine's own rights have them.
    What isn't there, or not for this process, is left out.
    """

    def __init__(self, read_only: list[str], writable: list[str]) -> None:
        self.links: dict[str, str] = {}
        self.opened: dict[str, int] = {}
        self.writable = {
            name for path in writable for name in (os.path.abspath(path), os.path.realpath(path))
        }
        for path in (*SYSTEM, *_LITTLE, *(f"/dev/{name}" for name in _DEVICES), *read_only, *writable):
            self._open(path)

    def _open(self, path: str) -> None:
        if os.path.islink(path) and os.path.dirname(path) == "/":
            self.links[path] = os.readlink(path)
            return
        # By the name that is given, and by that which it has without links: programs use either.
        for name in {os.path.abspath(path), os.path.realpath(path)}:
            if name not in self.opened:
                try:
                    self.opened[name] = os.open(name, os.O_PATH | os.O_CLOEXEC)
                except (FileNotFoundError, NotADirectoryError, PermissionError):
                    pass


def build_root(sources: Sources) -> list[str]:
    """Replace the root of this mount namespace by one that shows these and nothing else.

    The caller is the init of a new PID namespace. Returns what is shown in ``/tmp``, for ``make_private``.
    """
    linux.make_mounts_private()
    # The old root has to stay reachable while the new one is made: somewhere both can hang from.
    linux.mount_tmpfs(_SCAFFOLD, "size=4m,mode=755")
    os.mkdir(_SCAFFOLD + _NEW)
    os.mkdir(_SCAFFOLD + _OLD)
    linux.pivot_root(_SCAFFOLD, _SCAFFOLD + _OLD)
    os.chdir("/")
    os.symlink(f"{_OLD}/proc", "/proc")
    linux.mount_tmpfs(_NEW, "size=4m,mode=755")
    for folder in ("dev", "dev/shm", "proc", "tmp"):
        os.mkdir(f"{_NEW}/{folder}")
    for path, target in (_LINKS | sources.links).items():
        os.symlink(target, _NEW + path)
    shown = _show_all(sources)
    linux.mount_proc(f"{_NEW}/proc")  # as long as the old one is there: the kernel asks for that
    linux.make_read_only(_NEW, with_what_is_below=False)
    linux.unmount(_OLD)
    os.chdir(_NEW)
    linux.pivot_root(".", ".")
    linux.unmount(".")
    os.chdir("/")
    return [path for path in shown if path.startswith(f"{_TEMPORARY}/")]


def show_processes() -> None:
    """In a new PID namespace: show its processes, in a mount namespace of its own."""
    linux.unshare(linux.NEW_MOUNTS)
    linux.mount_proc("/proc")


def make_private(disk_bytes: int, in_temporary: list[str]) -> None:
    """For one job: temporary files, shared memory and message queues that nobody else sees.

    They end with the last process that has them. Files of each kind take ``disk_bytes`` at most.
    ``in_temporary`` is what ``build_root`` has shown in ``/tmp`` and is to be seen there all the same.
    """
    linux.unshare(linux.NEW_MOUNTS | linux.NEW_IPC)
    kept = [os.open(path, os.O_PATH | os.O_CLOEXEC) for path in in_temporary]
    options = f"size={disk_bytes},nr_inodes={max(1024, disk_bytes // 4096)},mode=1777"
    for folder in (_TEMPORARY, _SHARED_MEMORY):
        linux.mount_tmpfs(folder, options)
    for path, descriptor in zip(in_temporary, kept, strict=True):
        _make_place(path, is_folder=_is_folder(descriptor))
        linux.bind(f"/proc/self/fd/{descriptor}", path)
        os.close(descriptor)


def _show_all(sources: Sources) -> list[str]:
    shown: dict[str, bool] = {}
    for path, descriptor in sorted(sources.opened.items()):
        may_write = path in sources.writable or path.startswith("/dev/")
        above = max((place for place in shown if path.startswith(f"{place}/")), key=len, default=None)
        # What lies in a folder that is shown already needs no view of its own, unless its mode is another.
        if above is None or shown[above] != may_write:
            _make_place(_NEW + path, is_folder=_is_folder(descriptor))
            linux.bind(f"/proc/self/fd/{descriptor}", _NEW + path)
            if not may_write:
                linux.make_read_only(_NEW + path)
            shown[path] = may_write
        os.close(descriptor)
    return list(shown)


def _make_place(target: str, *, is_folder: bool) -> None:
    if os.path.exists(target):
        return
    os.makedirs(target if is_folder else os.path.dirname(target), exist_ok=True)
    if not is_folder:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o666))


def _is_folder(descriptor: int) -> bool:
    return stat.S_ISDIR(os.fstat(descriptor).st_mode)
