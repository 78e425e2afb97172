"""The processes that ``headrace up`` starts, watches and starts again."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from contextlib import suppress

from headrace.cli.options import without_settings, write_settings
from headrace.clock import monotonic
from headrace.db.programs import bound_to_parent
from headrace.errors import Misconfigured
from headrace.settings import Settings

log = logging.getLogger(__name__)

MISCONFIGURED = 78
"""Exit code of a process that can't work with its settings; ``cli/main.py`` gives it."""

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 30.0
_LONG_LIFE_SECONDS = 60.0


class Child:
    """One command of ours in a process of its own, started again when it dies, until it is told to end."""

    def __init__(self, command: str, settings: Settings, descriptors: tuple[int, ...] = ()) -> None:
        """``command`` is what ``headrace`` is told, such as ``worker``; it inherits ``descriptors``."""
        self._name = command.partition(" ")[0]
        self._command = [sys.executable, "-m", "headrace.cli.main", *command.split()]
        self._environ = without_settings(os.environ) | write_settings(settings)
        self._descriptors = descriptors
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ending = False

    async def run(self) -> None:
        """Keep it running until ``end``; raises Misconfigured where it says that trying again won't help."""
        pause = _FIRST_PAUSE_SECONDS
        while not self._is_ending:
            began = monotonic()
            code = await self._run_once()
            if self._is_ending:
                return
            if code == MISCONFIGURED:
                raise Misconfigured(f"the {self._name} can't work with these settings; it says why above")
            if monotonic() - began > _LONG_LIFE_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            log.error("the %s ended (%s); starting it again in %.1f s", self._name, _shown(code), pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def end(self) -> None:
        """Ask it to end; a second call insists."""
        self._is_ending = True
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._is_ending = True
        self._signal(signal.SIGKILL)

    async def _run_once(self) -> int:
        # A session of its own: Ctrl-C at a terminal reaches us, who then end it in order.
        self._process = subprocess.Popen(  # noqa: ASYNC220 - the thread that starts it must live as long
            self._command,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            pass_fds=self._descriptors,
            start_new_session=True,
            preexec_fn=bound_to_parent(signal.SIGTERM),  # noqa: PLW1509 - it calls the kernel only
        )
        watched = os.pidfd_open(self._process.pid)
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(watched, over.set)
        try:
            await over.wait()
        except asyncio.CancelledError:
            self._signal(signal.SIGKILL)
            raise
        finally:
            loop.remove_reader(watched)
            os.close(watched)
        return self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)


def _shown(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
