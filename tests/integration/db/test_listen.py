"""News between processes: what is said together goes together, whole."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

from headrace.db.listen import JOBS_CHANGED, JOBS_DUE, Switchboard

if TYPE_CHECKING:
    from headrace.db.roles import RoleLogins


async def test_words_of_several_channels_arrive_however_many_they_are(roles: RoleLogins):
    """Many more than one notification can carry, and said again when the first have gone."""
    switchboard = Switchboard(roles.server, "tests")
    jobs, later = {str(uuid4()) for _ in range(1000)}, str(uuid4())
    heard: set[tuple[str, str]] = set()
    listens, is_all_heard, is_later_heard = asyncio.Event(), asyncio.Event(), asyncio.Event()
    wanted = {("changed", job) for job in jobs} | {("due", "python3")}

    def hear(channel: str, word: str) -> None:
        heard.add((channel, word))
        # An empty word says that listening begins.
        if ("due", "") in heard and ("changed", "") in heard:
            listens.set()
        if heard >= wanted:
            is_all_heard.set()
        if word == later:
            is_later_heard.set()

    switchboard.listen(JOBS_CHANGED, lambda word: hear("changed", word))
    switchboard.listen(JOBS_DUE, lambda word: hear("due", word))
    running = asyncio.create_task(switchboard.run())
    async with asyncio.timeout(30):
        await listens.wait()
        switchboard.notify(JOBS_CHANGED, jobs)
        switchboard.notify(JOBS_DUE, {"python3"})
        await is_all_heard.wait()
        switchboard.notify(JOBS_CHANGED, {later})
        await is_later_heard.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert heard == wanted | {("changed", ""), ("due", ""), ("changed", later)}
