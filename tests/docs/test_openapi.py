"""The API's description is what its routes say."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from headrace.api.access import PUBLIC
from headrace.api.app import make_app
from tests.house.tree import ROOT


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Path, method and description of every operation."""
    paths = make_app().openapi()["paths"]
    return [(path, method, said) for path, methods in paths.items() for method, said in methods.items()]


def test_the_file_is_what_the_routes_say():
    command = [sys.executable, str(ROOT / "tools" / "dump_openapi.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_every_operation_has_a_name_of_its_own_and_a_sentence():
    names = [said["operationId"] for _, _, said in operations()]
    assert len(names) == len(set(names))
    assert not [path for path, _, said in operations() if not said.get("description")]


def test_every_operation_that_is_not_public_asks_for_a_token():
    open_to_all = {path.removeprefix("/api") for path, _, said in operations() if not said.get("security")}
    assert open_to_all == {path for path in PUBLIC if not path.startswith("/docs")}


def test_every_operation_says_how_it_refuses():
    assert not [path for path, _, said in operations() if "4XX" not in said["responses"]]
