"""``headrace schema``: what it prints, and how it ends."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from headrace.cli.main import run


def test_it_prints_the_schema_of_a_function(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "spells.py"
    file.write_text("raise SystemExit('it is not run')\ndef main(a: int): ...\ndef other(b='é'): ...\n")
    assert run(["schema", str(file)]) == 0
    assert json.loads(capsys.readouterr().out)["properties"] == {"a": {"type": "integer"}}
    assert run(["schema", str(file), "--function", "other"]) == 0
    assert '"default": "é"' in capsys.readouterr().out


def test_it_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"from x import main")))
    assert run(["schema", "-"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["properties"] == {}
    assert told.err == "headrace: -: main is made elsewhere, so any arguments may do\n"


@pytest.mark.parametrize(
    ("content", "code", "sentence"),
    [
        (b"x = 1\ny = = 2", 2, "is not valid Python: invalid syntax (line 2, column 5)"),
        (b"def other(): ...", 2, "has no function named main"),
        (b"# \xff", 2, "is not valid UTF-8 at byte 2"),
        (None, 66, "there is no such file"),
    ],
)
def test_what_it_can_not_do_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, code: int, sentence: str
):
    file = tmp_path / "script.py"
    if content is not None:
        file.write_bytes(content)
    assert run(["schema", str(file)]) == code
    assert capsys.readouterr() == ("", f"headrace: {file}: {sentence}\n")
