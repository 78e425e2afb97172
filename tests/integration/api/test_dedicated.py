"""The jobs of a script that workers keep processes for have a tag of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.ground.people import WORKSPACE
from tests.integration.api.callers import deploy, in_workspace, run

if TYPE_CHECKING:
    from tests.integration.api.callers import Api

PATH = "u/alice/dedicated"


async def tag_of(api: Api, path: str = PATH, **query: Any) -> str:
    job = await run(api.alice, path, **query)
    return (await api.alice.get(in_workspace(f"jobs_u/get/{job}"))).json()["tag"]


async def test_it_is_named_after_workspace_and_path_whatever_tag_the_script_has(api: Api):
    version = await deploy(api.alice, PATH, dedicated_worker=True, tag="gpu")
    assert await tag_of(api) == f"{WORKSPACE}:{PATH}"
    job = (await api.alice.post(in_workspace(f"jobs/run/h/{version}"), json={})).text
    assert (await api.alice.get(in_workspace(f"jobs_u/get/{job}"))).json()["tag"] == f"{WORKSPACE}:{PATH}"
    shown = (await api.alice.get(in_workspace(f"scripts/get/p/{PATH}"))).json()
    assert (shown["dedicated_worker"], shown["tag"]) == (True, "gpu")


async def test_a_tag_that_the_caller_states_goes_first(api: Api):
    await deploy(api.alice, PATH, dedicated_worker=True)
    assert await tag_of(api, tag="gpu") == "gpu"


async def test_a_script_that_is_not_dedicated_keeps_its_tag(api: Api):
    await deploy(api.alice, PATH, dedicated_worker=False, tag="gpu")
    assert await tag_of(api) == "gpu"
