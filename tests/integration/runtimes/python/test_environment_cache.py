"""Environments within their bounds: who goes first, who stays, and who is never touched."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headrace.runtimes.python.interpreter import own_interpreter
from tests.ground.index import LocalIndex, local_index, make_wheel
from tests.ground.installer import Installer, imported, start

_INSTANTS = itertools.count(1)
LARGE = "VALUE = 'large'\n" + "# " + "x" * 400_000 + "\n"


@pytest.fixture
async def index() -> AsyncIterator[LocalIndex]:
    small = [
        make_wheel(name, "1.0", {f"{name}.py": f"VALUE = '{name}'\n"}) for name in ("one", "two", "three")
    ]
    async with local_index(dict([*small, make_wheel("large", "1.0", {"large.py": LARGE})])) as index:
        yield index


def lock_of(index: LocalIndex, name: str) -> str:
    return index.lock(own_interpreter().version, name)


async def use(installer: Installer, index: LocalIndex, name: str) -> str:
    """Have an environment and give it back; its name. Uses are told apart by their time."""
    with await installer.install(lock_of(index, name)) as loan:
        pass
    record = loan.path.parent / ".used" / loan.path.name
    used_at = next(_INSTANTS)
    os.utime(record, (used_at, used_at))
    return loan.path.name


async def test_what_was_used_longest_ago_goes_first(tmp_path: Path, index: LocalIndex):
    plenty = Installer(tmp_path, index.url)
    one, two, three = [await use(plenty, index, name) for name in ("one", "two", "three")]
    assert await use(plenty, index, "one") == one
    await plenty.environments.until_tidy()
    assert plenty.names() == {one, two, three}

    # A worker that is started later knows what was used when.
    room_for_two = plenty.size() - 1
    await Installer(tmp_path, index.url, most_environments=room_for_two).tidy_up()
    assert plenty.names() == {one, three}
    assert plenty.debris() == []


async def test_one_that_is_larger_than_the_bound_works_and_stays_until_another_is_used(
    tmp_path: Path, index: LocalIndex
):
    installer = Installer(tmp_path, index.url, most_environments=1000)
    with await installer.install(lock_of(index, "large")) as large:
        await installer.environments.until_tidy()
        assert imported(large.path, "large") == "large"
    await installer.tidy_up()
    assert installer.names() == {large.path.name}

    with await installer.install(lock_of(index, "one")) as one:
        await installer.environments.until_tidy()
    assert installer.names() == {one.path.name}


async def test_one_that_any_worker_of_the_machine_uses_is_kept(tmp_path: Path, index: LocalIndex):
    deeds = [("install", lock_of(index, "one")), ("wait", None)]
    other = await start(tmp_path, index.url, *deeds)
    assert other.stdout
    used = Path(json.loads(await other.stdout.readline())[1])

    installer = Installer(tmp_path, index.url, most_environments=0)
    with await installer.install(lock_of(index, "two")) as two:
        await installer.environments.until_tidy()
    assert installer.names() == {used.name, two.path.name}
    assert imported(used, "one") == "one"

    other.kill()
    await other.communicate()
    await installer.tidy_up()
    assert installer.names() == {two.path.name}
    assert installer.debris() == []


async def test_one_that_was_removed_is_installed_again_without_network(tmp_path: Path, index: LocalIndex):
    installer = Installer(tmp_path, index.url, most_environments=0)
    one = await use(installer, index, "one")
    await use(installer, index, "two")
    await installer.environments.until_tidy()
    assert one not in installer.names()
    index.requests.clear()
    assert await use(installer, index, "one") == one
    assert index.requests == []


async def test_an_environment_that_somebody_removed_by_hand_is_made_again(tmp_path: Path, index: LocalIndex):
    installer = Installer(tmp_path, index.url)
    with await installer.install(lock_of(index, "one")) as loan:
        (loan.path / "one.py").unlink()
        loan.path.rename(tmp_path / "elsewhere")
        with await installer.install(lock_of(index, "one")) as again:
            assert imported(again.path, "one") == "one"


async def test_downloads_beyond_their_bound_are_emptied(tmp_path: Path, index: LocalIndex):
    installer = Installer(tmp_path, index.url, most_downloads=100_000)
    await use(installer, index, "one")
    await installer.tidy_up()
    assert list((tmp_path / "cache" / "uv").glob("archive-v*/*"))
    await use(installer, index, "large")
    await installer.tidy_up()
    assert not list((tmp_path / "cache" / "uv").glob("archive-v*/*"))
    await use(installer, index, "three")


async def test_two_workers_that_make_room_at_once_remove_no_more_than_one_would(
    tmp_path: Path, index: LocalIndex
):
    installer = Installer(tmp_path, index.url)
    kept = [await use(installer, index, name) for name in ("one", "two", "three")]
    bound = installer.size() - 1
    both = [await start(tmp_path, index.url, ("tidy_up", None), most_environments=bound) for _ in range(2)]
    await asyncio.gather(*(worker.communicate() for worker in both))
    assert installer.names() == set(kept[1:])
