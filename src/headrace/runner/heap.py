"""Fills the holes in a server's memory before it forks.

Objects that went while modules were loaded have left holes all over it. What a fork allocates would come to
lie in them, one here and one there, and each would cost the copy of a page.
"""

from __future__ import annotations

import ctypes
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LARGE = (*(1 << power for power in range(16, 10, -1)), *range(1032, 16, -16))
"""Bytes of blocks that the C library is asked for, the largest first: so none is cut for a smaller one."""
_SMALL = range(512, 32, -16)
"""Sizes of objects that Python keeps in pools, a size in each."""
_HEADING, _UNIT = 8, 16
"""Of a block of glibc."""
_POOL_BYTES = 1 << 14
_MOST_BYTES = 16 << 20

_kept: list[bytes] = []
"""What fills the holes of Python's own pools."""


def fill_holes() -> None:
    """Allocate of each size until memory comes in one piece, and keep it for good."""
    left = _MOST_BYTES
    if "CS_GNU_LIBC_VERSION" in os.confstr_names:
        for size in _LARGE:
            stride = (size + _HEADING + _UNIT - 1) // _UNIT * _UNIT
            left -= _fill(lambda size=size: _malloc(size), stride, 3, left)
    for size in _SMALL:
        left -= _fill(lambda size=size: _new_object(size), size, max(3, _POOL_BYTES // size // 2), left)


def _fill(allocate: Callable[[], int], stride: int, row: int, most_bytes: int) -> int:
    """Allocate until ``row`` addresses follow each other; returns how many bytes that took."""
    taken = following = last = 0
    while following < row and taken < most_bytes:
        address = allocate()
        following = following + 1 if address - last == stride else 0
        last = address
        taken += stride
    return taken


def _new_object(size: int) -> int:
    _kept.append(bytes(size - _EMPTY))
    return id(_kept[-1])


_EMPTY = b"".__sizeof__()
_malloc = ctypes.CDLL(None).malloc
_malloc.restype, _malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
