"""The environment that all jobs of a workspace get, remembered for a moment."""

from __future__ import annotations

import os
from math import inf
from typing import TYPE_CHECKING

from headrace.clock import monotonic
from headrace.store.values import environment
from headrace.worker.completer import ACQUIRE_SECONDS
from headrace.worker.environ import passed_on

if TYPE_CHECKING:
    from headrace.db.connection import Pool

REMEMBERED_SECONDS = 10.0
"""So long jobs may still start with what was set before."""
_MOST_REMEMBERED = 1000


class EnvironmentBook:
    """Looks at the database once in a while, not for each job."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._passed_on = passed_on(os.environ)
        self._known: dict[str, tuple[float, dict[str, str]]] = {}

    async def read(self, workspace: str) -> dict[str, str]:
        """Names and values: what this worker passes on, and what the workspace adds."""
        read_at, variables = self._known.get(workspace, (-inf, {}))
        if monotonic() - read_at < REMEMBERED_SECONDS:
            return variables
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            variables = self._passed_on | await environment.read_all(connection, workspace)
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[workspace] = (monotonic(), variables)
        return variables
