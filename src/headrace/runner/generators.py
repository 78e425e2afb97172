"""What a function gives piece by piece: strings are told while they come, anything else is collected."""

from __future__ import annotations

import os

from . import channel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator
    from typing import Any


def collect(generator: Generator[Any, Any, Any], descriptor: int) -> Any:
    """Go through a generator.

    Its result is the list of its items. Of one that gives strings only it is what it returns: the
    strings themselves have been told, and whoever heard them has them.
    """
    pieces = _Pieces(descriptor)
    while True:
        try:
            item = next(generator)
        except StopIteration as end:
            return end.value if pieces.are_streamed else pieces.items
        pieces.take(item)


async def collect_async(iterator: AsyncIterator[Any], descriptor: int) -> Any:
    """The same for an asynchronous generator, which returns nothing."""
    pieces = _Pieces(descriptor)
    async for item in iterator:
        pieces.take(item)
    return None if pieces.are_streamed else pieces.items


class _Pieces:
    def __init__(self, descriptor: int) -> None:
        self.items: list[Any] = []
        self.are_streamed = False
        self._descriptor = descriptor
        self._owner = os.getpid()

    def take(self, item: Any) -> None:
        if isinstance(item, str) and (self.are_streamed or not self.items):
            self.are_streamed = True
            self._tell(item)
        else:
            self.are_streamed = False
        self.items.append(item)

    def _tell(self, text: str) -> None:
        try:
            data = text.encode()
        except UnicodeEncodeError:
            raise channel.InvalidResult(
                "the stream has half of a surrogate pair in a string, which is not text"
            ) from None
        # A child that the script forked may come this way too; only the job itself speaks.
        if data and os.getpid() == self._owner:
            channel.note(self._descriptor, channel.STREAMED, data)
