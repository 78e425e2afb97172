"""The block of PEP 723."""

from __future__ import annotations

import pytest

from headrace.runtimes.base import LockFailed
from headrace.runtimes.python_dependencies.inline_metadata import InlineMetadata, read_inline_metadata

BLOCK = (
    '# /// script\n# requires-python = ">=3.12"\n# dependencies = [\n#  "six<2",\n#\n# ]\n# ///\nimport numpy'
)


@pytest.mark.parametrize("content", [BLOCK, BLOCK.replace("\n", "\r\n"), f"import six\n{BLOCK}"])
def test_the_block_says_packages_and_python(content: str):
    assert read_inline_metadata(content) == InlineMetadata(["six<2"], ">=3.12")


def test_a_block_may_say_nothing_of_packages():
    assert read_inline_metadata('# /// script\n# requires-python = ">=3.12"\n# ///').dependencies is None


@pytest.mark.parametrize("content", ["import six", '# /// script\n# dependencies = ["idna"]\nimport six'])
def test_without_a_block_that_ends_it_says_nothing(content: str):
    assert read_inline_metadata(content) == InlineMetadata()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("# /// script\n# dependencies = [\n# ///", "no valid TOML"),
        ('# /// script\n# dependencies = "six"\n# ///', "list of texts"),
        ("# /// script\n# dependencies = [1]\n# ///", "list of texts"),
        ("# /// script\n# requires-python = 3.12\n# ///", "requires-python"),
        ("# /// script\n# ///\n# /// script\n# ///", "more than one"),
    ],
)
def test_a_block_that_can_not_be_read_says_why(content: str, reason: str):
    with pytest.raises(LockFailed, match=reason):
        read_inline_metadata(content)
