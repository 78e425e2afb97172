"""The doctor says whether the key of secrets is there and fits."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from headrace.cli.checkups.finding import Health
from headrace.cli.checkups.secret_key import check_secret_key
from headrace.cli.secret_key import prepare_secret_key
from headrace.errors import Misconfigured
from headrace.settings import Secret, Settings
from headrace.vault.root_key import load_root_key
from headrace.vault.vault import Vault
from tests.ground.people import WORKSPACE, make_workspace

if TYPE_CHECKING:
    from headrace.db.connection import Login


async def test_a_key_is_made_and_compared_and_missed(tmp_path: Path, login: Login, owner: asyncpg.Connection):
    settings = Settings(data_dir=tmp_path, database_url=Secret(login.url))

    async def found(health: Health, settings: Settings = settings) -> str:
        (finding,) = await check_secret_key(settings)
        assert finding.health is health
        return finding.text

    assert "made at the first start" in await found(Health.OK)
    await prepare_secret_key(settings, owner)
    assert "no secret needs it yet" in await found(Health.OK)
    await make_workspace(owner)
    await Vault(load_root_key(settings)).encrypt(owner, WORKSPACE, "u/alice/x", "hunter2")
    assert "it fits" in await found(Health.OK)
    away = dataclasses.replace(settings, database_url=Secret("postgresql://127.0.0.1:1/none"))
    assert "not compared" in await found(Health.OK, away)
    file = tmp_path / "secret.key"
    file.chmod(0o640)
    assert "others can read" in await found(Health.WEAKER)
    file.chmod(0o600)
    file.write_text(base64.b64encode(bytes(32)).decode())
    for deed in (check_secret_key(settings), prepare_secret_key(settings, owner)):
        with pytest.raises(Misconfigured, match=r"another key than that of .*: put the right one there"):
            await deed
    file.unlink()
    assert "is missing: no server can run here" in await found(Health.WEAKER)
    with pytest.raises(Misconfigured, match="copy it from a backup"):
        await prepare_secret_key(settings, owner)
