"""Runs a script of the folder as a preview: the file as it is, with the caller's rights on the server."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from headrace.cli.run import see_through
from headrace.errors import HeadraceError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from headrace.cli.client import Client, Ended
    from headrace.cli.dev.board import Board


@dataclass(frozen=True, slots=True)
class Wish:
    """How scripts are to be run: ``args`` is a JSON object, ``function`` None for ``main``."""

    args: bytes
    function: str | None
    tag: str | None


class Play:
    """The one job that runs, and the end of the one before."""

    def __init__(self, client: Client, root: Path, board: Board, wish: Wish) -> None:
        self._client, self._root, self._board, self._wish = client, root, board, wish
        self._task: asyncio.Task[None] | None = None
        self._is_stopping = False
        self.is_good = True
        """Whether the last job succeeded, or there was none."""

    @property
    def can_be_stopped(self) -> bool:
        """Whether a job runs that nobody has stopped yet."""
        return self._task is not None and not self._task.done() and not self._is_stopping

    def start(self, path: str, on_failure: Callable[[HeadraceError], None]) -> None:
        """Run a script; a job that still runs is canceled first. What keeps it from running is handed on."""
        self.stop()
        self._task = asyncio.create_task(self._after(self._task, path, on_failure))
        self._is_stopping = False

    def stop(self) -> None:
        """Cancel the job that runs."""
        if self._task is not None:
            self._is_stopping = True
            self._task.cancel()

    async def close(self) -> None:
        """Cancel it and wait for its end."""
        self.stop()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def run(self, path: str) -> Ended:
        """Run a script to its end, and show all of it."""
        content = read_source(self._root / f"{path}.py")
        wish = self._wish
        self._board.say("run", f"{path}{f', function {wish.function}' if wish.function else ''}")
        view = self._board.log()
        jobs: list[str] = []

        async def start(client: Client) -> str:
            jobs.append(
                await client.start_preview(
                    content, wish.args, path=path, tag=wish.tag, function=wish.function
                )
            )
            return jobs[0]

        try:
            say = partial(self._board.say, "")
            ended = await see_through(self._client, start, say, view.add, "stopped by headrace dev")
        finally:
            view.close()
        self._board.say_all(json.dumps(ended.result, ensure_ascii=False, indent=2))
        facts = await self._client.get(f"jobs_u/get/{jobs[0]}", no_logs="true", no_code="true")
        seconds = (facts.get("duration_ms") or 0) / 1000
        self._board.say("success" if ended.is_success else "failure", f"{path}, ran {seconds:.2f} s")
        return ended

    async def _after(
        self, previous: asyncio.Task[None] | None, path: str, on_failure: Callable[[HeadraceError], None]
    ) -> None:
        if previous is not None:
            await asyncio.wait((previous,))
        self.is_good = False
        try:
            self.is_good = (await self.run(path)).is_success
        except HeadraceError as error:
            on_failure(error)


def read_source(file: Path) -> str:
    """The source of a script, as it lies there now; raises InvalidInput."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(str(file), f"can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(str(file), f"is not valid UTF-8 at byte {error.start}") from None
