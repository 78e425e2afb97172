"""A result that comes while its job runs: what the job tells piece by piece, or prints as a stream."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from headrace.runtimes.base import LogSink
from headrace.worker.job_log import JobLog, Store
from headrace.worker.stream_lines import StreamLines


class JobStream:
    """Takes output, passes on to the log what is not of the stream, and keeps the stream.

    It is stored in batches as logs are, for those who look on; at the end ``text`` has all of it. A
    stream beyond ``most_bytes``, the limit of a result, is given up: ``on_too_large`` is called once.
    """

    def __init__(
        self,
        log: LogSink,
        store: Store,
        on_stale: Callable[[], None],
        most_bytes: int,
        on_too_large: Callable[[], None],
    ) -> None:
        self.size = 0
        """Bytes of the stream so far, in UTF-8."""
        self._log = log
        self._stored = JobLog(store, on_stale)
        self._most = most_bytes
        self._on_too_large = on_too_large
        self._lines = StreamLines()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._parts: list[str] = []

    @property
    def is_too_large(self) -> bool:
        """Whether there was more of it than a result may have."""
        return self.size > self._most

    @property
    def text(self) -> str | None:
        """All of the stream; None where there was none."""
        return "".join(self._parts) if self._parts else None

    async def write(self, data: bytes) -> None:
        """Take what the job prints."""
        await self._take_pieces(self._lines.feed(data))

    async def take(self, data: bytes) -> None:
        """Take a piece that the job told, which is whole."""
        await self._keep(data.decode("utf-8", "replace"), len(data))

    async def close(self) -> None:
        """Nothing more comes. What is not stored yet need not be: the result has it."""
        await self._take_pieces(self._lines.end())
        if tail := self._decoder.decode(b"", final=True):
            await self._keep(tail, len(tail))
        await self._stored.close()

    async def _take_pieces(self, pieces: list[tuple[bool, bytes]]) -> None:
        for is_stream, data in pieces:
            if is_stream:
                await self._keep(self._decoder.decode(data), len(data))
            else:
                await self._log.write(data)

    async def _keep(self, text: str, size: int) -> None:
        if self.is_too_large:
            return
        self.size += size
        if self.is_too_large:
            self._parts.clear()
            self._on_too_large()
        elif text:
            self._parts.append(text.replace("\x00", "\ufffd"))
            await self._stored.write(text.encode())
