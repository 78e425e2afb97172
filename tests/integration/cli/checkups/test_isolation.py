"""The doctor says what bounds a job here, and which folders jobs would miss."""

from __future__ import annotations

from pathlib import Path

from headrace.cli.checkups.finding import Health
from headrace.cli.checkups.isolation import check_isolation
from headrace.sandbox.cgroup_places import find_places
from headrace.settings import Settings


async def test_a_shared_folder_that_is_not_there_is_named(tmp_path: Path):
    mistyped = str(tmp_path / "mistyped")
    settings = Settings(shared_folders=(str(tmp_path), mistyped))
    findings = {finding.name: finding for finding in await check_isolation(settings)}
    assert findings["shared folders"].health is Health.WEAKER
    assert findings["shared folders"].text == f"{mistyped}: not there, so no job in a sandbox will see it"
    assert (findings["cgroups"].health is Health.OK) == bool(find_places())
