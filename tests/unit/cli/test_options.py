"""Settings come from options, else from the environment, else from their defaults."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from headrace.cli.options import build_settings, option_of, settings_options, variable_of, write_settings
from headrace.settings import Settings, WrongSettings, describe_settings

URL = "postgresql://owner:hidden-word@db.test/headrace"


def faults_of(given: dict[str, str | None], environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(WrongSettings) as caught:
        build_settings(given, environ or {})
    return caught.value.faults


def test_without_anything_settings_have_their_defaults():
    assert build_settings({}, {}) == Settings()


def test_an_option_wins_over_the_environment_and_that_over_the_default():
    environ = {"HEADRACE_PORT": "9000", "HEADRACE_SLOTS": "7"}
    settings = build_settings({"port": "9001", "slots": None}, environ)
    assert (settings.port, settings.slots, settings.workers) == (9001, 7, 2)


def test_an_empty_variable_counts_as_not_set():
    assert build_settings({}, {"HEADRACE_PORT": "", "HEADRACE_DATABASE_URL": ""}) == Settings()


def test_variables_of_others_are_left_alone():
    assert build_settings({}, {"PORT": "1", "HEADRACE_NOTHING": "x"}) == Settings()


def test_each_kind_of_setting_is_read_as_what_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    environ = {"HEADRACE_TAGS": "python3, reports,,", "HEADRACE_GRACE_SECONDS": "0.5"}
    settings = build_settings({"data_dir": "below", "database_url": URL}, environ)
    assert settings.tags == ("python3", "reports")
    assert settings.grace_seconds == 0.5
    assert settings.data_dir == tmp_path / "below"
    assert settings.database_url is not None
    assert settings.database_url.reveal() == URL


def test_a_data_folder_may_lie_in_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert build_settings({"data_dir": "~/headrace"}, {}).data_dir == tmp_path / "headrace"


def test_all_faults_are_told_at_once():
    environ = {
        "HEADRACE_PORT": "http",
        "HEADRACE_SLOTS": "0",
        "HEADRACE_GRACE_SECONDS": "nan",
        "HEADRACE_ISOLATION": "strong",
        "HEADRACE_RENEWAL_SECONDS": "20",
    }
    faults = faults_of({"log_level": "loud"}, environ)
    named = {fault.split(" ")[0] for fault in faults}
    assert named == {"port", "slots", "grace_seconds", "isolation", "renewal_seconds", "log_level"}
    assert "port must be a whole number, not 'http'" in faults


@pytest.mark.parametrize("text", ["", " ", "1e3", "0x10", "1.5", "٣x", "None", "9" * 5000])
def test_what_is_no_port_is_refused_with_a_sentence(text: str):
    assert faults_of({"port": text})[0].startswith("port must be ")


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "ten"])
def test_what_is_no_finite_number_is_refused(text: str):
    assert faults_of({"lease_seconds": text}) == [f"lease_seconds must be a number, not {text!r}"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("database_url", "mysql://owner:hidden-word@db"), ("superadmin_token", "hidden-word and more")],
)
def test_the_value_of_a_secret_is_not_in_its_fault(name: str, text: str):
    faults = faults_of({name: text})
    assert [fault.split(" ")[0] for fault in faults] == [name]
    assert "hidden-word" not in str(WrongSettings(faults))


def test_the_value_of_a_secret_is_not_shown_by_settings():
    settings = build_settings({"database_url": URL, "superadmin_token": "hidden-word"}, {})
    secrets = (settings.database_url, settings.superadmin_token)
    shown = [repr(settings), str(settings), *(f"{secret} {secret!s} {secret!r}" for secret in secrets)]
    assert not [text for text in shown if "hidden-word" in text]


def test_the_value_of_a_secret_is_not_in_the_help(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HEADRACE_SUPERADMIN_TOKEN", "hidden-word")
    monkeypatch.setenv("HEADRACE_DATABASE_URL", URL)

    @click.command
    @settings_options(*describe_settings())
    def everything(**given: str | None) -> None:
        del given

    shown = CliRunner().invoke(everything, ["--help"])
    assert shown.exit_code == 0
    assert "hidden-word" not in shown.output
    for name in describe_settings():
        assert option_of(name) in shown.output
        assert variable_of(name) in shown.output


def test_a_child_gets_the_same_settings_by_its_environment(tmp_path: Path):
    given: dict[str, str | None] = {
        "database_url": URL,
        "superadmin_token": "hidden-word",
        "tags": "a,b",
        "data_dir": str(tmp_path),
        "grace_seconds": "0.25",
        "base_url": "https://jobs.test",
    }
    settings = build_settings(given, {})
    assert build_settings({}, write_settings(settings)) == settings
