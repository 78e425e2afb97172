"""The locks hold what pyproject.toml asks for. After a change there: `make lock`."""

from __future__ import annotations

import json
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUN: list[str] = PROJECT["project"]["dependencies"]
DEV: list[str] = PROJECT["dependency-groups"]["dev"]


def locked(name: str) -> dict[str, str]:
    """Package → version, of one lock."""
    text = (ROOT / "locks" / f"{name}.txt").read_text()
    return {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    }


@pytest.mark.parametrize(("lock", "wanted"), [("run", RUN), ("dev", RUN + DEV)])
def test_a_lock_holds_all_that_is_asked_for(lock: str, wanted: list[str]):
    versions = locked(lock)
    missing = [
        text
        for text in wanted
        if (requirement := Requirement(text)).specifier
        and not requirement.specifier.contains(versions.get(canonicalize_name(requirement.name), "0"))
    ]
    assert not missing


def test_tests_run_on_the_versions_that_users_get():
    run, dev = locked("run"), locked("dev")
    assert run == {name: dev.get(name) for name in run}
    assert locked("uv") == {"uv": run["uv"]}


@pytest.mark.parametrize("lock", ["run", "dev", "uv"])
def test_every_package_of_a_lock_has_hashes(lock: str):
    packages = (ROOT / "locks" / f"{lock}.txt").read_text().replace("\\\n", " ").splitlines()
    assert packages
    assert all("--hash=sha256:" in package for package in packages if package.strip())


def test_every_package_from_npm_has_a_hash_and_no_address():
    packages = json.loads((ROOT / "tests" / "contract" / "npm" / "package-lock.json").read_text())["packages"]
    fetched = {name: package for name, package in packages.items() if name}
    assert fetched
    assert all("sha512-" in package["integrity"] for package in fetched.values())
    assert not [name for name, package in fetched.items() if "resolved" in package]
