"""Removes the folder of a job, whatever the job made of it."""

from __future__ import annotations

import os
import stat


def remove_folder(folder: str) -> bool:
    """Remove a folder with all that is in it; says whether it is gone. Nothing that could race is left alive.

    A folder in a folder is moved up before it is emptied: so neither its depth nor the length of its path
    matters. Links are not followed; rights that a job took from itself are ours to give back.
    """
    try:
        if not os.path.lexists(folder):
            return True
        _open_up(folder, None)
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _empty(top)
        finally:
            os.close(top)
        os.rmdir(folder)
    except OSError:
        return False
    return True


def _empty(top: int) -> None:
    unique = os.urandom(8).hex()
    count = 0
    folders = _take_files(top)
    while folders:
        name = folders.pop()
        _open_up(name, top)
        inside = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=top)
        try:
            for below in _take_files(inside):
                count += 1
                moved = f"{unique}-{count}"
                _open_up(below, inside)
                os.rename(below, moved, src_dir_fd=inside, dst_dir_fd=top)
                folders.append(moved)
        finally:
            os.close(inside)
        os.rmdir(name, dir_fd=top)


def _take_files(folder: int) -> list[str]:
    """Remove all that is no folder; returns the names of the others."""
    folders: list[str] = []
    for name in os.listdir(folder):
        if stat.S_ISDIR(os.lstat(name, dir_fd=folder).st_mode):
            folders.append(name)
        else:
            os.unlink(name, dir_fd=folder)
    return folders


def _open_up(name: str, folder: int | None) -> None:
    if os.lstat(name, dir_fd=folder).st_mode & 0o700 != 0o700:
        os.chmod(name, 0o700, dir_fd=folder)
