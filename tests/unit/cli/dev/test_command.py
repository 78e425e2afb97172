"""What can't be done is said before anything is."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.cli.main import run


@pytest.fixture(autouse=True)
def address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HEADRACE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HEADRACE_TOKEN", "t")
    monkeypatch.setenv("HEADRACE_WORKSPACE", "w")
    (tmp_path / "f" / "demo").mkdir(parents=True)
    (tmp_path / "f" / "demo" / "there.py").write_text("def main(): ...\n")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("nowhere",), 2, "nowhere: is no folder"),
        ((".", "--run", "f/demo/none"), 2, "--run: there is no file f/demo/none.py"),
        ((".", "--run", "there"), 2, "--run: must look like"),
        ((".", "-d", "["), 2, "is not valid JSON"),
        ((".",), 69, "no server answers at http://127.0.0.1:1"),
        ((".", "--run", "f/demo/there.py"), 69, "no server answers"),
        ((".", "--run", "./f/demo/there.py"), 69, "no server answers"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_it_is_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, told: str
):
    assert run(["dev", *arguments]) == code
    assert told in capsys.readouterr().err


def test_a_script_may_be_named_by_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["dev", str(tmp_path), "--run", str(tmp_path / "f" / "demo" / "there.py")]) == 69
    assert "no server answers" in capsys.readouterr().err
