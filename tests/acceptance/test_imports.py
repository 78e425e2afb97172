"""Scripts that import one another, as people write them; and locks that follow what is imported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from textwrap import dedent
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.acceptance.commands import Up
from tests.acceptance.jobs import (
    PATIENCE_SECONDS,
    deploy,
    ended,
    error_of,
    log_of,
    preview,
    result_of,
    text_of,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOCK = "# python 3.11\n"
LIBRARIES = {
    "f/imports/part": "print('part is loaded')\nNAME = __name__\nfrom .part.deep import DEEP\n",
    "f/imports/part/deep": "from ..base import BASE\nDEEP = BASE + ['deep']\n",
    "f/imports/base": "BASE = ['base']\n",
    "f/imports/other/near": "from . import far\nfrom .. import base\nNEAR = [far.FAR, base.BASE]\n",
    "f/imports/other/far": "FAR = 'far'\n",
    "u/admin/tools": "def fail():\n    raise RuntimeError('as asked')\n",
}
EVERY_WAY = """
import f.imports.part
import f.imports.part.deep as z
from f.imports.part import NAME, deep
from .other.near import NEAR
from ..imports.base import BASE

def main():
    from u.admin.tools import fail
    from .part import DEEP
    assert deep is z and f.imports.part.deep is z
    return [NAME, DEEP, NEAR, BASE is z.BASE, fail.__module__, __name__]
"""


@pytest_asyncio.fixture(loop_scope="session")
async def api(server: Up) -> AsyncIterator[httpx.AsyncClient]:
    async with server.in_workspace() as client:
        await client.post("/folders/create", json={"name": "imports"})
        yield client


async def deploy_all(api: httpx.AsyncClient, scripts: dict[str, str]) -> None:
    """Deploy scripts that need no packages."""
    for path, content in scripts.items():
        await deploy(api, path, content, lock=LOCK, auto_parent=True)


async def run(api: httpx.AsyncClient, path: str) -> str:
    return text_of(await api.post(f"/jobs/run/p/{path}", json={}), 201)


async def test_every_way_to_import_a_script_finds_it_once(api: httpx.AsyncClient):
    await deploy_all(api, LIBRARIES)
    await deploy(api, "f/imports/every_way", EVERY_WAY)
    job = await run(api, "f/imports/every_way")
    deep = ["base", "deep"]
    expected = ["f.imports.part", deep, ["far", ["base"]], True, "u.admin.tools", "f.imports.every_way"]
    assert await result_of(api, job) == expected
    assert (await log_of(api, job)).count("part is loaded") == 1


async def test_a_preview_with_a_path_imports_from_beside_it_and_below_it(api: httpx.AsyncClient):
    await deploy_all(api, LIBRARIES)
    code = "from .part.deep import DEEP\nfrom .base import BASE\ndef main():\n    return DEEP + BASE\n"
    body: dict[str, Any] = {"content": code, "language": "python3", "lock": LOCK, "args": {}}
    for path in ("f/imports/unsaved", "f/imports/part"):
        job = text_of(await api.post("/jobs/run/preview", json=body | {"path": path}), 201)
        assert await result_of(api, job) == ["base", "deep", "base"]


async def test_a_failure_within_a_library_shows_its_line(api: httpx.AsyncClient):
    await deploy_all(api, LIBRARIES)
    error = await error_of(
        api, await preview(api, "import u.admin.tools\ndef main():\n    u.admin.tools.fail()\n")
    )
    assert 'File "u/admin/tools.py", line 2, in fail\n' in error["stack"]


async def test_what_is_missing_is_named_with_who_asks_for_it(api: httpx.AsyncClient):
    await deploy_all(api, {"f/imports/asks": "x = 1\n\nfrom .nowhere import y\n"})
    guarded = "try:\n    from f.imports.nowhere import y\nexcept ImportError:\n    y = 'none'\n"
    assert await result_of(api, await preview(api, guarded + "def main():\n    return y\n")) == "none"
    error = await error_of(api, await preview(api, "from f.imports.asks import x\ndef main():\n    pass\n"))
    assert error["name"] == "DependenciesErr"
    assert error["message"].startswith(
        "f/imports/nowhere (imported by f/imports/asks, line 3) does not exist in this workspace, or u/admin"
        " may not read it"
    )


async def test_a_circle_works_as_far_as_python_goes_and_is_named(api: httpx.AsyncClient):
    circle = {
        "f/imports/round_a": "import f.imports.round_b\ndef a():\n    return f.imports.round_b.B\n",
        "f/imports/round_b": "import f.imports.round_a\nB = 2\n",
    }
    await deploy_all(api, circle)
    version = await deploy(
        api, "f/imports/round", "from .round_a import a\ndef main():\n    return a()\n", auto_parent=True
    )
    assert await result_of(api, await run(api, "f/imports/round")) == 2
    status = (await api.get(f"/scripts/deployment_status/h/{version}")).json()
    told = "scripts import one another in a circle: f/imports/round_a → f/imports/round_b → f/imports/round_a"
    assert told in await log_of(api, status["job_id"])
    await deploy_all(api, {"f/imports/round_b": "from f.imports.round_a import a\nB = 2\n"})
    error = await error_of(api, await run(api, "f/imports/round"))
    assert error["name"] == "ImportError"
    assert error["message"].endswith(told)


async def relocked(api: httpx.AsyncClient, version: str) -> dict[str, Any]:
    """Wait until a version has been locked again; what became of that."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            status = (await api.get(f"/scripts/deployment_status/h/{version}")).json()
            if job := status.get("relock", {}).get("job_id"):
                await ended(api, job)
                return (await api.get(f"/scripts/deployment_status/h/{version}")).json()["relock"]


async def test_an_importer_follows_what_its_library_requires(api: httpx.AsyncClient):
    library = dedent(
        """
        # requirements:
        # six==1.16.0

        import six
        VERSION = six.__version__
        """
    )
    await deploy(api, "f/imports/versions", library)
    shown = "from .versions import VERSION\n\ndef main():\n    return VERSION\n"
    first = await deploy(api, "f/imports/shows", shown)
    assert await result_of(api, await run(api, "f/imports/shows")) == "1.16.0"

    await deploy(api, "f/imports/versions", library + "# a remark\n", auto_parent=True)
    assert (await relocked(api, first))["state"] == "unchanged"
    assert (await api.get("/scripts/get/p/f/imports/shows")).json()["hash"] == first

    await deploy(api, "f/imports/versions", library.replace("1.16.0", "1.17.0"), auto_parent=True)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (head := (await api.get("/scripts/get/p/f/imports/shows")).json())["hash"] == first:
            pass
    assert head["parent_hashes"] == [first]
    assert "six==1.17.0" in head["lock"]
    assert head["content"] == shown
    assert await result_of(api, await run(api, "f/imports/shows")) == "1.17.0"
    old = (await api.get(f"/scripts/get/h/{first}")).json()
    assert "six==1.16.0" in old["lock"]
