"""What the doctor says of what Python jobs need."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path

import pytest

from headrace.cli.finding import Health
from headrace.cli.python_checkup import check_index, check_python, check_uv
from headrace.errors import Misconfigured
from headrace.settings import Secret, Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    index = Secret("http://someone:very-secret@127.0.0.1:9/simple")
    return replace(Settings(), data_dir=tmp_path / "data", index_url=index, find_links=("/srv/wheels",))


async def test_the_interpreters_are_told_and_nothing_is_made(settings: Settings):
    own, others = await check_python(settings)
    assert own.text.startswith(platform.python_version())
    assert others.text.endswith("downloads are off")
    assert not settings.data_dir.exists()


async def test_an_interpreter_that_is_not_there_is_told(settings: Settings):
    with pytest.raises(Misconfigured, match="names /nowhere/python3, which is not there: correct it"):
        await check_python(replace(settings, python_interpreters=("/nowhere/python3",)))


async def test_the_indexes_are_told_without_their_passwords(settings: Settings):
    _, packages, compiler = await check_uv(settings)
    assert packages.text == "from /srv/wheels, then http://***@127.0.0.1:9/simple"
    assert compiler.health is not Health.BROKEN


async def test_without_a_compiler_it_says_what_can_not_be_built(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", "/nowhere")
    compiler = (await check_uv(settings))[-1]
    assert compiler.health is Health.WEAKER
    assert "without a wheel" in compiler.text
    assert compiler.cure


async def test_an_index_that_is_away_is_told_without_its_password(settings: Settings):
    (found,) = await check_index(replace(settings, find_links=()))
    assert found.health is Health.WEAKER
    assert "can't be reached" in found.text
    assert "very-secret" not in found.text
