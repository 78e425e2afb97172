"""The place where files are watched, keys are heard, and a job may run; until somebody ends it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from headrace.cli.dev.keys import END, ENTER, hearing_keys
from headrace.cli.dev.watch import changes
from headrace.errors import HeadraceError, InvalidInput, NotAuthenticated, NotFound, Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from headrace.cli.dev.board import Board
    from headrace.cli.dev.play import Play
    from headrace.cli.dev.sync import Sync, Synced

_PAUSE_SECONDS = 1.0
_INTERRUPTED, _TERMINATED = 130, 143


class Bench:
    """Everything that goes on at once.

    ``subject`` is the script to run; without one it is that which was saved last.
    """

    def __init__(
        self, sync: Sync, play: Play, board: Board, root: Path, subject: str | None, *, is_rerun: bool
    ) -> None:
        self._sync, self._play, self._board, self._root = sync, play, board, root
        self._subject, self._is_fixed, self._is_rerun = subject, subject is not None, is_rerun
        self._ending: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work(self, where: str) -> int:
        """Deploy, watch and run until the end is asked for; the exit code.

        Raises NotAuthenticated where the token is no longer good, NotFound where the folder has gone.
        """
        with _hearing_signals(self._interrupt, self._terminate), hearing_keys(self._press) as has_keys:
            watching = asyncio.create_task(self._keep_up(where, has_keys=has_keys))
            watching.add_done_callback(self._end_with)
            try:
                return await self._ending
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
                await self._play.close()

    async def _keep_up(self, where: str, *, has_keys: bool) -> None:
        self._board.say("deploy", f"{self._root} to {where}")
        await self._catch_up()
        self._board.say("watch", self._root.as_posix() + self._told_keys() * has_keys)
        if self._is_fixed:
            self._run()
        async for _ in changes(self._root):
            synced = await self._catch_up()
            if synced.saved and not self._is_fixed:
                self._subject = synced.saved[-1]
            if synced.has_changed and self._is_rerun:
                self._run()

    def _told_keys(self) -> str:
        return f"; Enter runs {self._subject or 'the script that was saved last'}, q ends"

    async def _catch_up(self) -> Synced:
        """Deploy what has changed, as soon as the server answers."""
        is_away = False
        while True:
            try:
                synced = await self._sync.run()
                break
            except Unavailable as error:
                if not is_away:
                    self._board.say("away", f"{error}; trying again until it answers")
                is_away = True
                await asyncio.sleep(_PAUSE_SECONDS)
            except InvalidInput:
                raise NotFound(f"the folder {self._root} is gone") from None
        if is_away:
            self._board.say("back", "the server answers again")
        return synced

    def _run(self) -> None:
        if self._subject is None:
            self._board.say("not run", "nothing has been saved yet; --run names a script")
        elif self._sync.fault_of(self._subject):
            self._board.say("not run", f"{self._subject} is broken")
        else:
            self._play.start(self._subject, self._cannot_run)

    def _cannot_run(self, error: HeadraceError) -> None:
        if isinstance(error, NotAuthenticated):
            self._fail(error)
        else:
            self._board.say("not run", str(error))

    def _press(self, key: str) -> None:
        if key == ENTER:
            self._run()
        elif key in ("q", END):
            self._end(0 if self._play.is_good else 1)

    def _interrupt(self) -> None:
        if self._play.can_be_stopped:
            self._play.stop()
        else:
            self._end(_INTERRUPTED)

    def _terminate(self) -> None:
        self._end(_TERMINATED)

    def _end(self, code: int) -> None:
        if not self._ending.done():
            self._ending.set_result(code)

    def _fail(self, error: BaseException) -> None:
        if not self._ending.done():
            self._ending.set_exception(error)

    def _end_with(self, watching: asyncio.Task[None]) -> None:
        if not watching.cancelled() and (error := watching.exception()):
            self._fail(error)


@contextmanager
def _hearing_signals(interrupt: Callable[[], None], terminate: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    heard = {signal.SIGINT: interrupt, signal.SIGTERM: terminate, signal.SIGHUP: terminate}
    for number, deed in heard.items():
        loop.add_signal_handler(number, deed)
    try:
        yield
    finally:
        for number in heard:
            loop.remove_signal_handler(number)
