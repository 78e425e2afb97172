"""Deploying what is there already, with ``skip_if_noop``: nothing happens."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from tests.integration.api.callers import MAIN, Api, deploy, in_workspace

PATH = "u/alice/script"
CREATE = in_workspace("scripts/create")
FIELDS: dict[str, Any] = {"summary": "s", "tag": "python3", "envs": ["A=b"], "lock": "six==1\n"}


async def deployed_again(api: Api, **fields: Any) -> str:
    body = {"path": PATH, "content": MAIN, "language": "python3", **FIELDS, **fields}
    answer = await api.alice.post(CREATE, json=body, params={"skip_if_noop": True})
    assert answer.status_code == 201, answer.text
    return answer.text


async def test_what_is_just_like_the_newest_version_makes_none(api: Api, owner: asyncpg.Connection):
    first = await deploy(api.alice, PATH, **FIELDS)
    schema = (await api.alice.get(in_workspace(f"scripts/get/p/{PATH}"))).json()["schema"]
    before = await owner.fetchval("select count(*) from audit")
    for fields in (
        {"auto_parent": True},
        {"parent_hash": first, "lock": "six==1", "schema": schema},
        {"lock": None, "ws_error_handler_muted": False, "deployment_message": "again"},
    ):
        assert await deployed_again(api, **fields) == first
    assert await owner.fetchval("select count(*) from audit") == before


@pytest.mark.parametrize(
    "fields",
    [
        {"content": "def main(x: int = 2):\n    return x\n"},
        {"summary": "other"},
        {"envs": None},
        {"timeout": 5},
        {"lock": "six==2\n"},
        {"schema": {"type": "object"}},
        {"ws_error_handler_muted": True},
    ],
    ids=lambda fields: next(iter(fields)),
)
async def test_any_difference_makes_one(api: Api, fields: dict[str, Any]):
    first = await deploy(api.alice, PATH, **FIELDS)
    assert await deployed_again(api, auto_parent=True, **fields) != first


async def test_a_snapshot_is_refused_with_a_sentence(api: Api):
    form = {"script": (None, "{}"), "file": ("bundle.js", b"x")}
    refused = await api.alice.post(in_workspace("scripts/create_snapshot"), files=form)
    assert refused.status_code == 400
    assert refused.text.startswith("file: bundles of a codebase can't be run here")
