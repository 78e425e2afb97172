"""``headrace demo``: the first thing anybody sees. Here with a workspace that needs no package index."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from headrace.runtimes.isolation import why_no_sandbox
from tests.acceptance.commands import assert_unused, family_of, run, start, uids_of

pytestmark = pytest.mark.timeout(180)  # several starts of everything, on a machine that may be busy

LIBRARY = "def twice(n):\n    return 2 * n\n"
TABLE = """\
from .library import twice

def main(n: int):
    print(f"twice {n}")
    return [{"n": i, "twice": twice(i)} for i in range(n)]
"""
MARKDOWN = "def main():\n    return {'md': '## Report\\n\\n- **fine**'}\n"
FAILING = "def main():\n    raise ValueError('no such place')\n"
FOREVER = "import signal\n\ndef main():\n    print('here', flush=True)\n    signal.pause()\n"
IMPORTING = "import a_package_that_is_not_there\n\ndef main():\n    pass\n"
CLOSED_INDEX = {"UV_DEFAULT_INDEX": "http://127.0.0.1:1/simple", "UV_HTTP_RETRIES": "0"}


def write_workspace(root: Path, jobs: list[Any], **scripts: str) -> Path:
    """A folder with these scripts in f/demo, a resource, and the jobs to run."""
    folder = root / "f" / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "folder.meta.yaml").write_text("summary: A demo\nowners: []\nextra_perms: {}\n")
    (folder / "data.resource.yaml").write_text("value: {day: 2015-01-01, on: off}\nresource_type: any\n")
    for name, content in scripts.items():
        (folder / f"{name}.py").write_text(content)
        (folder / f"{name}.script.yaml").write_text(f"summary: The script {name}\nkind: script\n")
    (root / "dependencies").mkdir(exist_ok=True)
    (root / "dependencies" / "web.requirements.in").write_text("six\n")
    (root / "demo.yaml").write_text(json.dumps(jobs))
    return root


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    jobs = [{"path": "f/demo/table", "args": {"n": 3}}, {"path": "f/demo/markdown"}]
    return write_workspace(tmp_path / "demo", jobs, library=LIBRARY, table=TABLE, markdown=MARKDOWN)


def is_made(data_dir: Path) -> bool:
    return data_dir.exists()


def changes(output: str) -> dict[str, str]:
    """What became of each script, by its name."""
    return {
        name: change for change, name in re.findall(r"^  (\w+) +script f/demo/(\w+)", output, re.MULTILINE)
    }


@pytest.mark.long
async def test_the_demo_shows_what_it_does_and_the_next_one_keeps_all_that_has_not_changed(
    workspace: Path, data_dir: Path
):
    first = await run("demo", str(workspace), "--once", port=0, data_dir=data_dir)
    assert first.code == 0, first.output
    # An ordinary user without a sandbox is warned of what jobs can read; there is nothing else to say.
    warnings = [line for line in first.errors.splitlines() if "it is not root" in line]
    is_open = os.geteuid() != 0 and await why_no_sandbox() is not None
    assert len(warnings) == int(is_open), first.errors
    assert first.errors.splitlines() == warnings
    assert changes(first.output) == dict.fromkeys(("library", "table", "markdown"), "new")
    assert first.output.index("script f/demo/library") < first.output.index("script f/demo/table")
    assert "  │ twice 3\n" in first.output
    assert "  n  twice\n  ─  ─────\n  0      0\n  1      2\n  2      4\n" in first.output
    assert "  ## Report\n\n  - **fine**\n" in first.output
    assert len(re.findall(r"^  success, ran \d+\.\d\d s$", first.output, re.MULTILINE)) == 2
    assert (
        len(re.findall(r"^  http://127.0.0.1:\d+/api/w/demo/jobs_u/get/\S+$", first.output, re.MULTILINE))
        == 2
    )
    assert "2 of 2 jobs succeeded" in first.output
    assert "with the password" in first.output
    assert "\x1b" not in first.output
    assert not family_of(data_dir)

    (workspace / "f" / "demo" / "library.py").write_text(
        "import gzip # of no package\ndef twice(n):\n    return n + n\n"
    )
    second = await run("demo", str(workspace), "--once", port=0, data_dir=data_dir)
    assert second.code == 0, second.output
    # The lock of whoever imports the library may need more now.
    assert changes(second.output) == {"library": "changed", "table": "changed", "markdown": "unchanged"}
    third = await run("demo", str(workspace), "--once", port=0, data_dir=data_dir)
    assert set(changes(third.output).values()) == {"unchanged"}
    assert re.search(r"unchanged +resource f/demo/data", third.output)
    assert re.search(r"new +dependencies web", first.output)
    assert re.search(r"unchanged +dependencies web", third.output)
    assert "Locking" not in third.output
    assert "with the password" not in third.output


@pytest.mark.long
async def test_a_job_that_fails_is_shown_and_the_others_run(tmp_path: Path, quick_data_dir: Path):
    jobs = [{"path": "f/demo/failing"}, {"path": "f/demo/nowhere"}, {"path": "f/demo/markdown"}]
    folder = write_workspace(tmp_path / "demo", jobs, failing=FAILING, markdown=MARKDOWN)
    told = await run("demo", str(folder), "--once", port=0, data_dir=quick_data_dir)
    assert told.code == 1
    assert "  ValueError: no such place\n" in told.output
    assert re.search(r"^  failure, ran ", told.output, re.MULTILINE)
    assert "  not run: script f/demo/nowhere does not exist" in told.output
    assert "  ## Report\n" in told.output
    assert "1 of 3 jobs succeeded" in told.output


@pytest.mark.long
async def test_without_a_network_it_says_what_could_not_be_locked_and_runs_the_rest(
    tmp_path: Path, quick_data_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    for name, value in CLOSED_INDEX.items():
        monkeypatch.setenv(name, value)
    jobs = [{"path": "f/demo/importing"}, {"path": "f/demo/markdown"}]
    folder = write_workspace(tmp_path / "demo", jobs, importing=IMPORTING, markdown=MARKDOWN)
    told = await run("demo", str(folder), "--once", port=0, data_dir=quick_data_dir)
    assert told.code == 1
    assert "f/demo/importing could not be locked: the package index can't be reached" in told.output
    assert "  not run: what it imports could not be locked" in told.output
    assert "  ## Report\n" in told.output
    # What failed is tried again at the next start.
    (folder / "f" / "demo" / "markdown.script.yaml").write_text("summary: Another word\nkind: script\n")
    again = await run("demo", str(folder), "--once", port=0, data_dir=quick_data_dir)
    assert changes(again.output) == {"importing": "changed", "markdown": "changed"}


@pytest.mark.long
async def test_ctrl_c_in_the_middle_of_a_job_leaves_nothing(tmp_path: Path, quick_data_dir: Path):
    folder = write_workspace(tmp_path / "demo", [{"path": "f/demo/forever"}], forever=FOREVER)
    process = await start("demo", str(folder), port=0, data_dir=quick_data_dir, grace_seconds=1)
    await process.says("│ here$")
    uids = uids_of(quick_data_dir)
    process.signal(signal.SIGINT)
    assert await process.ends() == 130
    assert "Stopping" in process.output
    assert not family_of(quick_data_dir), process.output
    assert_unused(uids)


@pytest.mark.long
async def test_it_stays_up_until_ctrl_c_and_nobody_else_gets_its_folder(
    workspace: Path, quick_data_dir: Path
):
    process = await start("demo", str(workspace), port=0, data_dir=quick_data_dir)
    await process.says("^Ctrl-C stops it")
    await process.says("^Sign in as ")
    second = await run("demo", str(workspace), "--once", port=0, data_dir=quick_data_dir)
    assert second.code == 78
    assert "in use" in second.errors
    told = await run("run", "f/demo/table", "-d", '{"n": 2}', data_dir=quick_data_dir)
    assert json.loads(told.output) == [{"n": 0, "twice": 0}, {"n": 1, "twice": 2}]
    process.signal(signal.SIGINT)
    assert await process.ends() == 0
    assert not family_of(quick_data_dir), process.output


async def test_a_port_in_use_is_a_sentence(workspace: Path, data_dir: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = await run("demo", str(workspace), port=taken.getsockname()[1], data_dir=data_dir)
    assert refused.code == 78
    assert "is in use by another program" in refused.errors
    assert not is_made(data_dir)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("demo.yaml", "path: f/demo/table", "must be a list of jobs"),
        ("demo.yaml", "- args: {}", "job 1: must have a path"),
        ("demo.yaml", "- [", "is not valid YAML"),
        ("f/demo/table.script.yaml", "just words", "must hold names with values"),
        ("f/demo/lonely.script.yaml", "summary: alone", "has no lonely.py beside it"),
    ],
)
async def test_files_that_cannot_be_used_are_named_before_anything_starts(
    workspace: Path, data_dir: Path, name: str, text: str, told: str
):
    (workspace / name).write_text(text)
    refused = await run("demo", str(workspace), "--once", port=0, data_dir=data_dir)
    assert refused.code == 2
    assert told in refused.errors
    assert name in refused.errors
    assert not is_made(data_dir)


async def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path):
    refused = await run("demo", str(tmp_path / "nowhere"), "--once")
    assert refused.code == 2
    assert "is no folder" in refused.errors
