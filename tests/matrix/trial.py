"""One request by one principal: what is answered, what has changed, and then as if it had never been."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.ground.people import WORKSPACE
from tests.matrix.asking import Answer, ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fastapi import FastAPI

    from tests.matrix.table import Call
    from tests.matrix.undoing import UndoingPool
    from tests.matrix.world import World

_BOUNDARY = "multipart/form-data; boundary=x"
_BUNDLE = (
    '--x\r\nContent-Disposition: form-data; name="preview"\r\n\r\n'
    '{"language": "python3", "kind": "bundle", "args": {}, "path": "u/x/y"}\r\n'
    '--x\r\nContent-Disposition: form-data; name="file"; filename="blob"\r\n\r\n'
    "def main(): pass\r\n--x--\r\n"
)


@dataclass(frozen=True)
class Trial:
    """The application, what is in its world, and a digest of all tables as they are before each request."""

    app: FastAPI
    world: World
    pool: UndoingPool
    before: dict[str, Any]

    def filled(self, calls: Iterable[Call]) -> list[Call]:
        """Calls with the names of this world, and with whole addresses."""
        return [
            replace(
                call,
                address=self.world.fill(_whole(call.address)),
                body=self.world.fill(call.body),
                shows=self.world.fill(call.shows),
            )
            for call in calls
        ]

    async def attempt(self, call: Call, principal: str, *, watched: bool) -> tuple[Answer, list[str]]:
        """The answer and, where that is ``watched``, the tables that the request has changed."""
        body, kind = call.body, "application/json"
        if body == "bundle":
            body, kind = _BUNDLE, _BOUNDARY
        elif body == "bytes":
            kind = "application/octet-stream"
        await self.pool.begin()
        try:
            token = self.world.tokens[principal]
            answer = await ask(self.app, call.method, call.address, token, body.encode(), kind)
            return answer, await self.pool.changed(self.before) if watched else []
        finally:
            await self.pool.undo()

    async def trick(
        self,
        method: str,
        address: str,
        token: str | None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Answer, list[str]]:
        """The same for a request that is none of the table's."""
        await self.pool.begin()
        try:
            answer = await ask(self.app, method, address, token, body, more_headers=headers)
            return answer, await self.pool.changed(self.before)
        finally:
            await self.pool.undo()


def _whole(address: str) -> str:
    return f"/api{address}" if address.startswith("/") else f"/api/w/{WORKSPACE}/{address}"
