"""A wire to PostgreSQL that can be cut, slowed down, silenced, or robbed of one reply.

It speaks as much of the protocol as is needed to know which statement is being carried out: prepared
statements by the text they were parsed from, simple queries by their own.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104
_END_OF_REPLY = b"Z"  # PostgreSQL is ready for the next statement
_OUTAGE = (OSError, asyncio.IncompleteReadError)
_PATIENCE_SECONDS = 40


class _Mischief(Enum):
    DROP_REPLY = auto()
    HOLD_REQUEST = auto()
    HOLD_REPLY = auto()


@dataclass(frozen=True, eq=False)
class Trap:
    """Lies in wait for one statement. ``sprung`` once it was there, and done to it what was to be done."""

    text: str
    is_commit: bool
    mischief: _Mischief
    sprung: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        """Wait until it was sprung."""
        await self._wait(self.sprung, "came by")

    async def release(self) -> None:
        """Let a request that was held go on to PostgreSQL, and wait until that has answered it."""
        self.released.set()
        await self._wait(self.answered, "was answered")

    async def _wait(self, event: asyncio.Event, what: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await event.wait()
        except TimeoutError:
            raise AssertionError(f"no statement with {self.text!r} {what}") from None

    def is_for(self, statement: str, transaction: list[str]) -> bool:
        """Whether this is the statement, or the COMMIT of a transaction that had it."""
        if self.is_commit:
            return statement.upper().startswith("COMMIT") and any(self.text in sql for sql in transaction)
        return self.text in statement


class Proxy:
    """Listens on ``url``. Everything it is told to do holds for all its connections."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self._traps: list[Trap] = []
        self._links: set[_Link] = set()
        self._flow = asyncio.Event()
        self._flow.set()
        self._server: asyncio.Server | None = None
        self.delay_seconds = 0.0
        """How long each reply of PostgreSQL is kept."""

    @property
    def url(self) -> str:
        """What clients are to use in place of the URL given."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        login = self._upstream.netloc.rpartition("@")[0]
        return f"postgresql://{login}@127.0.0.1:{port}{self._upstream.path}"

    def drop_reply(self, text: str, *, commit: bool = False) -> Trap:
        """Let the next statement that contains ``text`` be carried out, and cut the way before its reply.

        With ``commit`` it is the COMMIT of the next transaction that had such a statement.
        """
        return self._set(Trap(text, commit, _Mischief.DROP_REPLY))

    def hold_request(self, text: str, *, commit: bool = False) -> Trap:
        """Keep the next such statement from PostgreSQL, until it is released."""
        return self._set(Trap(text, commit, _Mischief.HOLD_REQUEST))

    def hold_reply(self, text: str, *, commit: bool = False) -> Trap:
        """Let the next such statement be carried out, and keep its reply, for ever."""
        return self._set(Trap(text, commit, _Mischief.HOLD_REPLY))

    def cut(self) -> None:
        """Cut all connections, both ways; new ones are let through."""
        for link in list(self._links):
            link.cut()

    def silence(self) -> None:
        """Keep everything, both ways, and close nothing: a network that is gone without a word."""
        self._flow.clear()

    def resume(self) -> None:
        """Let everything pass again."""
        self._flow.set()

    async def start(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=2**24)

    async def stop(self) -> None:
        """Stop listening and cut everything."""
        assert self._server is not None
        self._server.close()
        self.cut()
        for link in list(self._links):
            await link.is_over.wait()

    def _set(self, trap: Trap) -> Trap:
        self._traps.append(trap)
        return trap

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await self._open_upstream()
        except OSError:
            writer.transport.abort()
            return
        link = _Link(self, reader, writer, up_reader, up_writer)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)
            link.is_over.set()

    async def _open_upstream(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if folder := parse_qs(self._upstream.query).get("host"):
            socket = Path(folder[0]) / f".s.PGSQL.{self._upstream.port or 5432}"
            return await asyncio.open_unix_connection(str(socket), limit=2**24)
        host, port = self._upstream.hostname or "127.0.0.1", self._upstream.port or 5432
        return await asyncio.open_connection(host, port, limit=2**24)

    def spring(self, statement: str, transaction: list[str]) -> Trap | None:
        """The trap that this statement goes into, if any; for one statement each."""
        trap = next((trap for trap in self._traps if trap.is_for(statement, transaction)), None)
        if trap is not None:
            self._traps.remove(trap)
        return trap

    async def may_pass(self) -> None:
        """Wait while the network is silent."""
        await self._flow.wait()


class _Link:
    """One connection of a client, and its own to PostgreSQL."""

    def __init__(
        self,
        proxy: Proxy,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._reader, self._writer = reader, writer
        self._up_reader, self._up_writer = up_reader, up_writer
        self._statements: dict[str, str] = {}
        self._transaction: list[str] = []
        self._one_byte_answers = 0
        self._trap: Trap | None = None
        self.is_over = asyncio.Event()

    async def run(self) -> None:
        """Carry messages until either end is closed."""
        pumps = [asyncio.create_task(self._carry_up()), asyncio.create_task(self._carry_down())]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        self.cut()
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)

    def cut(self) -> None:
        """Close both ends without a word."""
        self._writer.transport.abort()
        self._up_writer.transport.abort()

    async def _carry_up(self) -> None:
        with suppress(*_OUTAGE):
            await self._carry_greeting()
            while True:
                header = await self._reader.readexactly(5)
                body = await self._reader.readexactly(struct.unpack("!I", header[1:])[0] - 4)
                if (statement := self._statement(header[:1], body)) is not None:
                    await self._begin(statement)
                await self._proxy.may_pass()
                self._up_writer.write(header + body)
                await self._up_writer.drain()

    async def _carry_greeting(self) -> None:
        """Messages before the login have no type; requests for encryption are answered by one byte."""
        code = _SSL_REQUEST
        while code in (_SSL_REQUEST, _GSS_REQUEST):
            head = await self._reader.readexactly(8)
            length, code = struct.unpack("!II", head)
            body = await self._reader.readexactly(length - 8)
            if code in (_SSL_REQUEST, _GSS_REQUEST):
                self._one_byte_answers += 1
            await self._proxy.may_pass()
            self._up_writer.write(head + body)
            await self._up_writer.drain()

    def _statement(self, kind: bytes, body: bytes) -> str | None:
        """The text of the statement that this message has carried out, if it has one carried out."""
        if kind == b"P":
            name, text = body.split(b"\0")[:2]
            self._statements[name.decode()] = text.decode()
        elif kind == b"B":
            return self._statements.get(body.split(b"\0")[1].decode(), "")
        elif kind == b"Q":
            return body.rstrip(b"\0").decode()
        return None

    async def _begin(self, statement: str) -> None:
        if statement.upper().startswith("BEGIN"):
            self._transaction.clear()
        self._transaction.append(statement)
        trap = self._proxy.spring(statement, self._transaction)
        if trap is not None and trap.mischief is _Mischief.HOLD_REQUEST:
            trap.sprung.set()
            await trap.released.wait()
        self._trap = trap

    async def _carry_down(self) -> None:
        with suppress(*_OUTAGE):
            while True:
                message = await self._read_down()
                if self._trap is not None and await self._rob(self._trap, message):
                    continue
                if message[:1] == _END_OF_REPLY:
                    await asyncio.sleep(self._proxy.delay_seconds)
                await self._proxy.may_pass()
                self._writer.write(message)
                await self._writer.drain()

    async def _read_down(self) -> bytes:
        if self._up_reader.at_eof():
            raise ConnectionResetError
        head = await self._up_reader.readexactly(1)
        if self._one_byte_answers:
            self._one_byte_answers -= 1
            return head
        length = await self._up_reader.readexactly(4)
        return head + length + await self._up_reader.readexactly(struct.unpack("!I", length)[0] - 4)

    async def _rob(self, trap: Trap, message: bytes) -> bool:
        """Whether this piece of a reply is kept."""
        is_last = message[:1] == _END_OF_REPLY
        if trap.mischief is _Mischief.HOLD_REQUEST:
            if is_last:
                trap.answered.set()
                self._trap = None
            return False
        if is_last:
            trap.sprung.set()
            if trap.mischief is _Mischief.HOLD_REPLY:
                await asyncio.Event().wait()
            raise ConnectionResetError
        return True


@asynccontextmanager
async def running_proxy(upstream: str) -> AsyncIterator[Proxy]:
    """A proxy before the PostgreSQL of this URL, for as long as the block lasts."""
    proxy = Proxy(upstream)
    await proxy.start()
    try:
        yield proxy
    finally:
        proxy.resume()
        await proxy.stop()
