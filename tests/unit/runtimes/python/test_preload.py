"""Which fork server a script gets by its text."""

from __future__ import annotations

import pytest

from headrace.runtimes.python.preload import is_async


@pytest.mark.parametrize(
    "source",
    [
        "import asyncio",
        "async def main(): ...",
        "from urllib.request import urlopen",
        "import ssl",
        "import http.client",
    ],
)
def test_a_script_that_waits_or_asks_the_network_gets_a_server_that_has_asyncio(source: str):
    assert is_async(("def main(): ...", source))


@pytest.mark.parametrize("source", ["", "import os, json, re", "from dataclasses import dataclass"])
def test_any_other_script_gets_the_small_one(source: str):
    assert not is_async((source,))
