"""Which packages a script asks for."""

from __future__ import annotations

import pytest

from headrace.runtimes.base import LockFailed
from headrace.runtimes.python.requirements import find_requirements, is_requirement


@pytest.mark.parametrize(
    ("line", "distribution"),
    [
        ("import requests", "requests"),
        ("import wmill", "wmill"),
        ("import PIL.Image", "pillow"),
        ("import yaml", "pyyaml"),
        ("import cv2", "opencv-python-headless"),
        ("from sklearn.svm import SVC", "scikit-learn"),
        ("from bs4 import BeautifulSoup", "beautifulsoup4"),
        ("import dateutil.parser", "python-dateutil"),
        ("import dotenv", "python-dotenv"),
        ("import jwt", "pyjwt"),
        ("from google.protobuf import message", "protobuf"),
        ("from google.cloud import storage", "google-cloud-storage"),
    ],
)
def test_an_import_asks_for_the_distribution_that_brings_it(line: str, distribution: str):
    assert find_requirements(line, {}) == [distribution]


def test_a_module_that_no_distribution_can_be_named_after_is_left_out():
    assert find_requirements("import _speedups\nimport café", {}) == []


def test_a_block_replaces_what_is_imported():
    content = (
        "#!/bin/python\n# A thing.\n#requirements:\n#six==1.17.0\n# idna >=3,  <4  # why\n\nimport numpy"
    )
    assert find_requirements(content, {}) == ["idna >=3, <4", "six==1.17.0"]


def test_an_empty_block_asks_for_nothing():
    assert find_requirements("# requirements:\n\nimport numpy", {}) == []


def test_a_block_below_code_is_a_plain_comment():
    assert find_requirements("import six\n# requirements:\n# idna\n", {}) == ["six"]


def test_extra_requirements_add_to_what_is_imported():
    assert find_requirements("# extra_requirements:\n# six==1.17.0\nimport idna", {}) == [
        "idna",
        "six==1.17.0",
    ]


def test_extra_requirements_add_to_a_block():
    content = "# requirements:\n# idna\n# extra_requirements:\n# six\nimport numpy"
    assert find_requirements(content, {}) == ["idna", "six"]


def test_an_inline_script_block_replaces_what_is_imported():
    content = '# /// script\n# version = 1\n# dependencies = [\n#  "six<2",\n#\n# ]\n# ///\nimport numpy'
    assert find_requirements(content, {}) == ["six<2"]
    assert find_requirements(content.replace("\n", "\r\n"), {}) == ["six<2"]


def test_an_inline_script_block_that_never_ends_is_a_plain_comment():
    assert find_requirements('# /// script\n# dependencies = ["idna"]\nimport six', {}) == ["six"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("# /// script\n# dependencies = [\n# ///", "no valid TOML"),
        ('# /// script\n# dependencies = "six"\n# ///', "list of texts"),
        ("# /// script\n# ///\n# /// script\n# ///", "more than one"),
        ("# requirements: default", "'# requirements: default' names a file"),
        ("# requirements:\n# six\n# This does a thing", "'This does a thing' is no requirement"),
        ("# requirements:\n# -r secrets.txt", "'-r secrets.txt' is no requirement"),
    ],
)
def test_a_block_that_can_not_be_read_says_why(content: str, reason: str):
    with pytest.raises(LockFailed, match=reason):
        find_requirements(content, {})


def test_each_imported_script_asks_for_itself():
    modules = {"f/a/b": "# requirements:\n# six==1.17.0\nimport numpy", "f/a/c": "import idna\nimport f.a.b"}
    assert find_requirements("from f.a.b import x\nimport idna", modules) == ["idna", "six==1.17.0"]


@pytest.mark.parametrize(
    "line",
    [
        "six",
        "six==1.17.0",
        "six (>=1,<2)",
        "six>=1 , !=1.5,<2 ; python_version < '3.13'",
        "uvicorn[standard, http2]~=0.30",
        "discord.py",
        "x @ https://example.com/x-1-py3-none-any.whl#sha256=00",
        "x[y] @ git+https://example.com/x.git@main ; sys_platform == 'linux'",
    ],
)
def test_a_package_is_a_requirement(line: str):
    assert is_requirement(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "-e .",
        "--index-url=https://example.com",
        "./local",
        "/etc/passwd",
        "file:///etc/passwd",
        "x @ file:///etc/passwd",
        "x @ /etc/passwd",
        "x @ git+file:///srv/x",
        "x @ https://example.com/${UV_DEFAULT_INDEX}",
        "six --hash=sha256:00",
        "six idna",
        "six\n-r other",
        "six==1\n",
        "a" * 1001,
        "six" + " " * 900 + "idna",
    ],
)
def test_options_files_and_variables_are_no_requirements(line: str):
    assert not is_requirement(line)
