"""The plainest HTTP client there is, so that the figures are the server's."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Sequence
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from benchmarks.system import WORKSPACE, System

Arguments = dict[str, Any]

_CALLERS = 8
_PATIENCE_SECONDS = 120


class Caller:
    """One kept connection, for one thread. Raises RuntimeError where an answer is not the expected one."""

    def __init__(self, system: System) -> None:
        where = urlsplit(system.url)
        self._connection = http.client.HTTPConnection(
            where.hostname or "", where.port, timeout=_PATIENCE_SECONDS
        )
        self._headers = {"Authorization": f"Bearer {system.token}", "Content-Type": "application/json"}

    def enqueue(self, script: str, arguments: Arguments) -> None:
        """Start a job."""
        self._post(f"run/p/{script}", arguments, 201)

    def result(self, script: str, arguments: Arguments) -> Any:
        """Run a job and wait for its result."""
        return json.loads(self._post(f"run_wait_result/p/{script}", arguments, 200))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _post(self, route: str, arguments: Arguments, expected: int) -> bytes:
        body = json.dumps(arguments)
        self._connection.request("POST", f"/api/w/{WORKSPACE}/jobs/{route}", body, self._headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status != expected:
            raise RuntimeError(f"{route}: {response.status} {answer[:500]!r}")
        return answer


async def enqueue_all(system: System, script: str, arguments: Sequence[Arguments]) -> None:
    """Start a job for each, as fast as some connections at once can."""
    left = iter(arguments)
    guard = threading.Lock()

    def post_all() -> None:
        with closing(Caller(system)) as caller:
            while True:
                with guard:
                    one = next(left, None)
                if one is None:
                    return
                caller.enqueue(script, one)

    await asyncio.gather(*(asyncio.to_thread(post_all) for _ in range(_CALLERS)))
