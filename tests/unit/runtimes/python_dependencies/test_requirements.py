"""Which packages a script and what it imports ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.runtimes.base import Code, LockFailed
from headrace.runtimes.python_dependencies.requirement_line import is_requirement
from headrace.runtimes.python_dependencies.requirements import Asked, dependency_file_of, find_requirements

FILES = {"default": "# ours\nidna\n", "ml": "numpy>=2  # arrays\n\nscikit-learn\n", "bad": "six\n--pre\n"}


def asked(content: str, modules: dict[str, str] | None = None, files: dict[str, str] | None = None) -> Asked:
    return find_requirements(
        Code(content, "python3", path="f/a/main", modules=modules or {}, dependency_files=files or {})
    )


def requirements(
    content: str, modules: dict[str, str] | None = None, files: dict[str, str] | None = None
) -> list[str]:
    return asked(content, modules, files).requirements


def test_an_import_asks_for_the_distribution_that_brings_it():
    content = "import os, yaml\nfrom google.cloud import storage, bigquery\nfrom f.a.b import c\nimport _x"
    assert requirements(content) == ["google-cloud-bigquery", "google-cloud-storage", "pyyaml"]


def test_only_imports_at_the_top_level_count():
    content = "import six\ntry:\n    import idna\nexcept ImportError: pass\ndef main():\n    import numpy"
    assert requirements(content) == ["six"]


def test_a_block_replaces_what_is_imported():
    assert requirements("#requirements:\n#six==1.17.0\n# idna >=3,  <4  # why\n\nimport numpy") == [
        "idna >=3, <4",
        "six==1.17.0",
    ]
    assert requirements("# requirements:\n\nimport numpy") == []


def test_extra_requirements_add_to_what_is_imported_or_written():
    assert requirements("# extra_requirements:\n# idna==3.7\nimport idna") == ["idna", "idna==3.7"]
    assert requirements("# requirements:\n# idna\n# extra_requirements:\n# six\nimport numpy") == [
        "idna",
        "six",
    ]


def test_an_inline_script_block_replaces_what_is_imported():
    content = '# /// script\n# requires-python = ">=3.10"\n# dependencies = ["six<2"]\n# ///\nimport numpy'
    assert asked(content) == Asked(["six<2"], ">=3.10", {"six<2": ("f/a/main",)}, ("f/a/main",))
    assert requirements(f"# requirements:\n# idna\n{content}") == ["idna"]


def test_an_inline_script_block_without_packages_leaves_it_to_the_imports():
    assert requirements('# /// script\n# requires-python = ">=3.10"\n# ///\nimport six') == ["six"]


@pytest.mark.parametrize(
    ("content", "file"),
    [
        ("import six", "default"),
        ("# extra_requirements:\n# six", "default"),
        ('# /// script\n# requires-python = ">=3.10"\n# ///', "default"),
        ("# requirements: ml  # numbers", "ml"),
        ("# requirements:\n", None),
        ("# /// script\n# dependencies = []\n# ///", None),
    ],
)
def test_it_is_known_which_file_of_the_workspace_a_script_takes(content: str, file: str | None):
    assert dependency_file_of(content) == file


def test_a_file_of_the_workspace_replaces_what_is_imported():
    assert requirements("# requirements: ml\nimport six", files=FILES) == ["numpy>=2", "scikit-learn"]
    assert requirements("# requirements: default\nimport six", files=FILES) == ["idna"]
    assert requirements("# requirements: ml\n# extra_requirements:\n# six", files=FILES) == [
        "numpy>=2",
        "scikit-learn",
        "six",
    ]


def test_the_default_file_replaces_what_is_imported_where_a_script_says_nothing():
    assert requirements("import six", files=FILES) == ["idna"]
    assert requirements("# extra_requirements:\n# numpy\nimport six", files=FILES) == ["idna", "numpy"]


@pytest.mark.parametrize("content", ["# requirements:\n", "# /// script\n# dependencies = []\n# ///"])
def test_an_empty_block_opts_out_of_the_default_file(content: str):
    assert requirements(f"{content}\nimport six", files=FILES) == []


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (FILES, r"f/a/main: the workspace has no .* called 'api' \(there are: bad, default, ml\)"),
        ({}, r"called 'api' \(there are none\)"),
    ],
)
def test_a_file_that_is_not_there_is_told_with_those_that_are(files: dict[str, str], reason: str):
    with pytest.raises(LockFailed, match=reason):
        requirements("# requirements: api", files=files)


def test_a_bad_line_of_a_file_is_told_with_its_file():
    with pytest.raises(
        LockFailed, match=r"f/a/main: the workspace's file .* 'bad': '--pre' is no requirement"
    ):
        requirements("# requirements: bad", files=FILES)


def test_imported_scripts_ask_for_themselves_and_it_is_known_who_asks():
    modules = {"f/a/b": "# requirements:\n# six==1.17.0\nimport numpy", "f/a/c": "import idna\nimport f.a.b"}
    assert asked("from f.a.b import x\nimport idna", modules).origins == {
        "idna": ("f/a/c", "f/a/main"),
        "six==1.17.0": ("f/a/b",),
    }
    assert requirements("# requirements:\n", {"f/a/b": "import numpy"}) == ["numpy"]
    assert requirements("import six", {"f/a/b": "# requirements: ml"}, FILES) == [
        "idna",
        "numpy>=2",
        "scikit-learn",
    ]


def test_a_pin_says_what_an_import_comes_with_wherever_it_is_imported():
    modules = {"f/a/b": "import x.y # pin: dist==1.0 as the others"}
    assert requirements("from x.y import z\nimport x.y.deep\nimport x", modules) == ["dist==1.0", "x"]


def test_pins_of_one_import_add_up_over_the_scripts():
    modules = {"f/a/b": "import x # pin: dist==0.4", "f/a/c": "import x # pin: dist==1.0"}
    assert requirements("import x # pin: other", modules) == ["dist==0.4", "dist==1.0", "other"]


def test_a_repin_overrides_all_pins_of_that_import():
    modules = {
        "f/a/b": "import x # pin: dist==0.4\nimport y # pin: why",
        "f/a/c": "import x # pin: dist==1.0",
    }
    assert requirements("import x # repin: dist==1.0", modules) == ["dist==1.0", "why"]


def test_a_repin_of_the_script_itself_overrides_those_of_what_it_imports():
    modules = {"f/a/b": "import x # repin: dist==0.4", "f/a/c": "import x # repin: dist==0.5"}
    assert requirements("import x", modules) == ["dist==0.4", "dist==0.5"]
    assert requirements("import x # repin: dist==1.0", modules) == ["dist==1.0"]


def test_a_pin_may_name_what_newer_pythons_no_longer_bring():
    assert requirements("import json\nimport distutils # pin: setuptools") == ["setuptools"]


def test_pins_do_not_count_where_a_block_says_what_is_needed():
    assert requirements("# requirements:\n# six\nimport x # pin: dist") == ["six"]
    assert requirements(
        "# requirements:\n# six\nimport x # repin: dist==2", {"f/a/b": "import x # pin: dist"}
    ) == [
        "dist==2",
        "six",
    ]


def test_the_python_that_is_asked_for_is_merged_over_the_scripts():
    found = asked("# py: >=3.10", {"f/a/b": "# py: <3.14", "f/a/c": "import six"})
    assert (found.python, found.python_origins) == ("<3.14,>=3.10", ("f/a/b", "f/a/main"))
    assert asked("import six").python is None
    assert asked("# py312").python == "==3.12.*"


def test_scripts_that_ask_for_different_pythons_are_named():
    with pytest.raises(
        LockFailed, match=r"f/a/b asks for Python ==3.11.\* and f/a/main for Python ==3.12.\*"
    ):
        asked("# py312\nimport f.a.b", {"f/a/b": "# py311"})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("# requirements:\n# six\n# This does a thing", "f/a/main: 'This does a thing' is no requirement"),
        (
            "# extra_requirements:\n# -r secrets.txt",
            "f/a/main: '-r secrets.txt' is no requirement: options are",
        ),
        (
            "# requirements:\n# x @ ftp://me:very-secret@example.com/x",
            r"'x @ ftp://\*\*\*@example.com/x' is no",
        ),
        ("# py: new", "f/a/main: 'new' names no versions of Python"),
        ("# py311\n# py312", "no version of Python 3 is"),
    ],
)
def test_what_can_not_be_read_is_told_with_its_script(content: str, reason: str):
    with pytest.raises(LockFailed, match=reason):
        requirements(content)


def test_a_script_without_a_path_has_a_name_too():
    with pytest.raises(LockFailed, match=r"this script: '-e \.' is no requirement"):
        find_requirements(Code("# requirements:\n# -e .", "python3"))


def test_thousands_of_requirements_are_refused():
    lines = "".join(f"# package{number}\n" for number in range(5000))
    with pytest.raises(LockFailed, match="f/a/main: it asks for 5000 packages, and at most 1000"):
        requirements(f"# requirements:\n{lines}")
    modules = {f"f/a/{n}": f"import {','.join(f'm{n}_{m}' for m in range(400))}" for n in range(3)}
    with pytest.raises(LockFailed, match="f/a/main with what it imports asks for 1200 packages"):
        requirements("", modules)


WORDS = """
# requirements: extra_ py : 312 >=3.12 six ==1 import x . from #pin: #repin: /// script dependencies=[ 'six' ]
@ https://example.com/x ; default é \\ ( ) ''' requires-python=
"""
LINES = st.one_of(
    st.text(max_size=30),
    st.lists(st.sampled_from([*WORDS.split(), " ", "\n", "\t", "\x00"]), max_size=30).map("".join),
)


@given(st.lists(LINES, max_size=8), st.lists(LINES, max_size=4), st.text(max_size=40))
def test_any_text_gives_requirements_or_a_reason(lines: list[str], others: list[str], file: str):
    modules = {"f/a/b": "\n".join(others)}
    code = Code("\n".join(lines), "python3", modules=modules, dependency_files={"default": file})
    try:
        found = find_requirements(code)
    except LockFailed:
        return
    assert all(map(is_requirement, found.requirements))
    assert found == find_requirements(code)
