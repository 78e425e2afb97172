"""The root key is made once, lies in a file of its owner's, and is never made anew over secrets."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from headrace.errors import Misconfigured
from headrace.settings import Secret, Settings
from headrace.vault.root_key import load_root_key, make_root_key

KEY = bytes(range(32))
TEXT = base64.b64encode(KEY).decode()


def test_it_is_made_at_the_first_start_for_its_owner_only(tmp_path: Path):
    settings = Settings(data_dir=tmp_path)
    with pytest.raises(Misconfigured, match=r"secret\.key is missing: run `headrace migrate`"):
        load_root_key(settings)
    make_root_key(settings, is_in_use=False)
    made = load_root_key(settings)
    assert len(made.key) == 32
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    make_root_key(settings, is_in_use=True)
    assert load_root_key(settings) == made
    assert TEXT not in repr(made)


def test_where_there_are_secrets_already_a_lost_one_is_missed_and_not_made(tmp_path: Path):
    with pytest.raises(Misconfigured, match="can't be decrypted without it: copy it from a backup"):
        make_root_key(Settings(data_dir=tmp_path), is_in_use=True)
    assert not list(tmp_path.iterdir())


def test_settings_may_name_another_file_or_give_the_key(tmp_path: Path):
    file = tmp_path / "mounted"
    file.write_text(TEXT + "\n")
    for settings in (
        Settings(data_dir=tmp_path, secret_key_file=file),
        Settings(data_dir=tmp_path, secret_key=Secret(TEXT)),
    ):
        make_root_key(settings, is_in_use=False)
        assert load_root_key(settings).key == KEY
    assert not (tmp_path / "secret.key").exists()
    with pytest.raises(Misconfigured, match="missing, which the setting secret_key_file names"):
        load_root_key(Settings(data_dir=tmp_path, secret_key_file=tmp_path / "none"))


def test_what_is_no_key_is_refused_without_showing_it(tmp_path: Path):
    for text in ("hunter2", TEXT[:-8], TEXT * 2, ""):
        (tmp_path / "secret.key").write_text(text)
        with pytest.raises(Misconfigured, match="32 bytes in base64") as caught:
            load_root_key(Settings(data_dir=tmp_path))
        assert not text or text not in str(caught.value)
