r"""Finds what a job streams among what it prints: lines ``WM_STREAM: <text>``, ``\n`` ends a line in it.

That is how the public clients print it. Everything else is log.
"""

from __future__ import annotations

MARK = b"WM_STREAM: "


class StreamLines:
    """Cuts output into log and stream, however it comes; a mark counts at the beginning of a line only."""

    def __init__(self) -> None:
        self._held = b""
        self._is_at_start = True
        self._is_in_stream = False

    def feed(self, data: bytes) -> list[tuple[bool, bytes]]:
        """What has come, in order: whether it is of the stream, and the bytes. May hold back a few."""
        data, self._held = self._held + data, b""
        pieces: list[tuple[bool, bytes]] = []
        position = 0
        while position < len(data):
            if self._is_in_stream:
                position = self._take_stream(data, position, pieces)
            elif self._is_at_start:
                position = self._look_for_mark(data, position)
            else:
                position = self._take_log(data, position, pieces)
        return pieces

    def end(self) -> list[tuple[bool, bytes]]:
        """What was held back, when nothing more comes."""
        held, self._held = self._held, b""
        return [(self._is_in_stream, held)] if held else []

    def _take_stream(self, data: bytes, begin: int, pieces: list[tuple[bool, bytes]]) -> int:
        end = data.find(b"\n", begin)
        self._is_in_stream, self._is_at_start = end < 0, end >= 0
        text = data[begin : None if end < 0 else end]
        if end < 0 and text.endswith(b"\\"):
            self._held, text = b"\\", text[:-1]  # an n may follow
        if text:
            pieces.append((True, text.replace(b"\\n", b"\n")))
        return len(data) if end < 0 else end + 1

    def _look_for_mark(self, data: bytes, begin: int) -> int:
        beginning = data[begin : begin + len(MARK)]
        if beginning == MARK:
            self._is_in_stream, self._is_at_start = True, False
            return begin + len(MARK)
        if MARK.startswith(beginning):
            self._held = beginning
            return len(data)
        self._is_at_start = False
        return begin

    def _take_log(self, data: bytes, begin: int, pieces: list[tuple[bool, bytes]]) -> int:
        end = data.find(b"\n" + MARK, begin)
        if end < 0:
            # The last line may be a mark of which the rest has yet to come.
            end = data.rfind(b"\n", begin)
            if end < 0 or not MARK.startswith(data[end + 1 :]):
                pieces.append((False, data[begin:]))
                return len(data)
        self._is_at_start = True
        pieces.append((False, data[begin : end + 1]))
        return end + 1
