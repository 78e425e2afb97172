"""The comments at the beginning of a script."""

from __future__ import annotations

import pytest

from headrace.runtimes.base import LockFailed
from headrace.runtimes.python_dependencies.blocks import Blocks, read_blocks


@pytest.mark.parametrize(
    ("content", "blocks"),
    [
        ("import six", Blocks()),
        ("# requirements:\n# six\n#idna >=3  # why\n\nimport six", Blocks(own=["six", "idna >=3"])),
        ("#!/bin/python\n# A thing.\n#requirements:\n#six", Blocks(own=["six"])),
        ("# requirements:\n\nimport six", Blocks(own=[])),
        ("import six\n# requirements:\n# idna", Blocks()),
        ("# requirements: ml\nimport six", Blocks(file="ml")),
        ("# requirements: default  # ours\n# Everything is in there\n", Blocks(file="default")),
        ("# requirements: ml\n# extra_requirements:\n# six", Blocks(file="ml", extra=["six"])),
        ("# extra_requirements:\n# six\n# requirements:\n# idna", Blocks(own=["idna"], extra=["six"])),
        ("# py: >=3.12  # for its types\n", Blocks(python=[">=3.12"])),
        ("#py:3.12", Blocks(python=["3.12"])),
        ("# requirements:\n# six\n# py312\n# a comment", Blocks(own=["six"], python=["3.12"])),
        ("# py310\n# py3.11", Blocks(python=["3.10", "3.11"])),
        (
            "# requirements:\n# six @ https://example.com/six.whl#sha256=00",
            Blocks(own=["six @ https://example.com/six.whl#sha256=00"]),
        ),
        ("\ufeff# requirements:\r\n# six\r\n", Blocks(own=["six"])),
    ],
)
def test_headings_and_what_is_below_them_are_read(content: str, blocks: Blocks):
    assert read_blocks(content) == blocks


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("# requirements: ml, api", "more than one file"),
        ("# requirements: ml\n# requirements: api", "more than one file"),
        ("# requirements: ml\n# requirements:\n# six", "both '# requirements: ml' and"),
        ("# requirements:\n# six\n# requirements: ml", "both '# requirements: ml' and"),
        ("# extra_requirements: ml", "one requirement a line below it"),
        ("# requirements: ml\n# six==1.17.0", "write 'six==1.17.0' into it"),
    ],
)
def test_a_heading_that_can_not_be_met_says_why(content: str, reason: str):
    with pytest.raises(LockFailed, match=reason):
        read_blocks(content)
