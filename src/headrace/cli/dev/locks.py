"""Waits for the locks of what was deployed, beside everything else."""

from __future__ import annotations

import asyncio
from textwrap import shorten
from typing import TYPE_CHECKING

from headrace.cli.folder.deploy import read_lock_state
from headrace.clock import monotonic
from headrace.errors import HeadraceError, Unavailable

if TYPE_CHECKING:
    from headrace.cli.client import Client
    from headrace.cli.dev.board import Board

_PAUSE_SECONDS = 2.0
_AT_ONCE = 8
"""Each one is a request that waits; deployments need room beside them."""
_MOST_LINES = 30
"""So much of a failed lock's log is shown: the reason stands at its end."""
_MOST_REASON = 200


class Locks:
    """The locks that are being made; a script's newest version counts."""

    def __init__(self, client: Client, board: Board) -> None:
        self._client, self._board = client, board
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._waiting: dict[str, asyncio.Task[bool]] = {}

    def expect(self, path: str, version: str) -> None:
        """Tell when the version of a script has its lock, or why it gets none."""
        if older := self._waiting.pop(path, None):
            older.cancel()
        self._waiting[path] = asyncio.create_task(self._see(path, version))

    async def all_there(self) -> bool:
        """Wait for all that is expected; whether none failed."""
        return all(await asyncio.gather(*self._waiting.values()))

    async def close(self) -> None:
        """Wait no longer."""
        for task in self._waiting.values():
            task.cancel()
        await asyncio.gather(*self._waiting.values(), return_exceptions=True)

    async def _see(self, path: str, version: str) -> bool:
        began = monotonic()
        while True:
            try:
                async with self._room:
                    problem, log = await self._wait(version)
                break
            except Unavailable:
                await asyncio.sleep(_PAUSE_SECONDS)
            except HeadraceError as error:
                problem, log = str(error), ""
                break
        if problem is None:
            self._board.say("locked", f"script {path}, after {monotonic() - began:.1f} s")
            return True
        self._show_failure(path, problem, log)
        return False

    async def _wait(self, version: str) -> tuple[str | None, str]:
        """Why the version has no lock, and the log of the job that should have made it."""
        state, log = await read_lock_state(self._client, version), ""
        if not state.is_locked and state.job is not None:
            async for piece in self._client.follow(state.job):
                log += piece
            state = await read_lock_state(self._client, version)
        return None if state.is_locked else (state.error or "the job that locks it ended without a lock"), log

    def _show_failure(self, path: str, problem: str, log: str) -> None:
        view = self._board.log()
        view.add("\n".join(log.rstrip("\n").split("\n")[-_MOST_LINES:]))
        view.close()
        self._board.say("unlocked", f"script {path} can't be run: {shorten(problem, _MOST_REASON)}")
