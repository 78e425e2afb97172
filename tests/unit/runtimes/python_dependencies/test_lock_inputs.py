"""What of a script decides locks."""

from __future__ import annotations

import pytest

from headrace.runtimes.python_dependencies.lock_inputs import file_path, files_used, lock_inputs

SCRIPT = "# requirements:\n# six\nfrom .lib import x\nimport idna\ndef main():\n    return 1\n"


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("import six", {"default"}),
        ("# requirements: web\nimport six", {"web"}),
        ("#requirements:web", {"web"}),
        ("# requirements: default", {"default"}),
        ("# requirements:\n# six", set()),
        ("# requirements:\nimport six", set()),
        ("# extra_requirements: more\nimport six", set()),
        ("# extra_requirements:\n# six", {"default"}),
        ("# /// script\n# dependencies = []\n# ///\n", set()),
        ("import six\n# requirements: too_late", {"default"}),
    ],
)
def test_a_script_names_the_files_it_uses(content: str, names: set[str]):
    assert files_used(content) == names


def test_a_file_lies_where_the_official_cli_has_it():
    assert file_path("web") == "dependencies/web.requirements.in"
    assert file_path(None) == file_path("default") == "dependencies/requirements.in"


@pytest.mark.parametrize(
    "changed",
    [
        SCRIPT.replace("return 1", "return 2"),
        SCRIPT + "\n\nNAME = 'x'\n",
    ],
)
def test_what_decides_no_lock_makes_no_difference(changed: str):
    assert lock_inputs(changed, "f/a/b") == lock_inputs(SCRIPT, "f/a/b")


@pytest.mark.parametrize(
    "changed",
    [
        SCRIPT.replace("# six", "# six==1"),
        SCRIPT.replace("import idna", "import attrs"),
        SCRIPT.replace("import idna", "import idna  # pin: idna==1"),
        SCRIPT.replace(".lib", ".other"),
        SCRIPT + "# py: >=3.12\n",
    ],
)
def test_what_may_decide_a_lock_makes_one(changed: str):
    assert lock_inputs(changed, "f/a/b") != lock_inputs(SCRIPT, "f/a/b")
