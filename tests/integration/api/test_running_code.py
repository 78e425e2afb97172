"""Code that is run without being deployed: bundles, files of dependencies, what is refused."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.api.callers import MAIN, Api, PlayedWorker, in_workspace

PREVIEW = {"language": "python3", "kind": "bundle", "args": {"x": 1}, "path": "u/alice/bundle"}


async def send_bundle(api: Api, preview: Any, file: bytes = MAIN.encode(), **files: Any) -> tuple[int, str]:
    parts = {"preview": (None, json.dumps(preview)), "file": ("blob", file), **files}
    answer = await api.alice.post(in_workspace("jobs/run/preview_bundle"), files=parts)
    return answer.status_code, answer.text


async def test_a_bundle_of_a_python_script_is_its_file(api: Api, worker: PlayedWorker):
    status, job = await send_bundle(api, PREVIEW)
    assert status == 201, job
    taken = await worker.take()
    assert (str(taken.lease.job), taken.raw_code, taken.path) == (job, MAIN, "u/alice/bundle")
    assert json.loads(taken.args) == {"x": 1}


async def test_a_bundle_that_cannot_be_run_is_refused(api: Api):
    for preview, words in (
        (PREVIEW | {"language": "bun"}, "language: 'bun' can't be run here"),
        (PREVIEW | {"kind": "tarbundle"}, "kind: must be 'bundle'"),
        (PREVIEW | {"args": [1]}, "args: "),
        (PREVIEW | {"path": "../x"}, "path: "),
        ([], "preview: must be a JSON object"),
    ):
        status, sentence = await send_bundle(api, preview)
        assert (status, sentence[: len(words)]) == (400, words)
    assert "file: is not valid UTF-8" in (await send_bundle(api, PREVIEW, b"\xff"))[1]
    assert "preview and file" in (await send_bundle(api, PREVIEW, more=("x", b"")))[1]
    answer = await api.alice.post(in_workspace("jobs/run/preview_bundle"), json=PREVIEW)
    assert (answer.status_code, "multipart" in answer.text) == (400, True)
    assert (await api.alice.get(in_workspace("jobs/list"))).json() == []


CHANGED: list[tuple[str, dict[str, Any], str]] = [
    ("run/preview", {"kind": "http"}, "kind: "),
    ("run/preview", {"modules": {"a.py": {"content": "", "language": "python3"}}}, "modules: "),
    ("run/preview", {"temp_script_refs": {"f/a/b": "0"}}, "temp_script_refs: "),
    ("run/preview", {"flow_path": "f/a/b"}, "flow_path: "),
    ("run/preview?wrap_body=true", {}, "wrap_body: "),
    ("run_wait_result/preview", {"dedicated_worker": True}, "dedicated_worker: "),
    ("run_inline/preview", {"language": "postgresql"}, "language: 'postgresql' can't be run here"),
    ("run_inline/preview?raw=true", {}, "raw: "),
]


async def test_what_would_run_something_else_is_refused(api: Api):
    for route, fields, words in CHANGED:
        body = {"content": MAIN, "args": {}, **fields}
        answer = await api.alice.post(in_workspace(f"jobs/{route}"), json=body)
        assert (answer.status_code, answer.text[: len(words)]) == (400, words)


async def test_a_preview_takes_headers_and_texts_of_the_query(api: Api, worker: PlayedWorker):
    answer = await api.alice.post(
        in_workspace("jobs/run/preview?include_header=X-Mine&include_query=q&q=1"),
        content=b'{"content": "def main(a): return a", "args": {"a": 1.10}, "modules": null}',
        headers={"X-Mine": "yes"},
    )
    assert answer.status_code == 201, answer.text
    assert (await worker.take()).args == b'{"a": 1.10, "x_mine": "yes", "q": "1"}'


async def test_files_that_come_along_stand_in_for_those_of_the_workspace(api: Api, worker: PlayedWorker):
    script = {"raw_code": "import x", "language": "python3", "script_path": "u/alice/x"}
    body: dict[str, Any] = {"raw_scripts": [script], "entrypoint": "u/alice/x"}
    files = {
        "dependencies/requirements.in": "a\n",
        "dependencies/more.requirements.in": "b\n",
        "dependencies/package.json": "{}",
    }
    for given, wanted in (
        (None, {}),
        ({}, {"raw_workspace_dependencies": {}}),
        (files, {"raw_workspace_dependencies": {"default": "a\n", "more": "b\n"}}),
    ):
        body["raw_workspace_dependencies"] = given
        answer = await api.alice.post(in_workspace("jobs/run/dependencies_async"), json=body)
        assert answer.status_code == 201, answer.text
        assert json.loads((await worker.take()).args) == wanted
    for fields, words in (
        ({"raw_workspace_dependencies": {"odd": "x"}}, "raw_workspace_dependencies: 'odd'"),
        ({"raw_workspace_dependencies": {"requirements.in": 1}}, "raw_workspace_dependencies"),
        ({"raw_workspace_dependencies": None, "temp_script_refs": {"a": "b"}}, "temp_script_refs: "),
        (
            {"raw_workspace_dependencies": None, "raw_scripts": [script | {"language": "bun"}]},
            "language: 'bun'",
        ),
    ):
        answer = await api.alice.post(in_workspace("jobs/run/dependencies_async"), json=body | fields)
        assert (answer.status_code, answer.text[: len(words)]) == (400, words)
