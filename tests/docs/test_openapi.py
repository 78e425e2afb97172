"""The API's description is what its routes say."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from headrace.api.access import PUBLIC
from headrace.api.app import make_app
from tests.house.tree import ROOT

DOCUMENT: dict[str, Any] = make_app().openapi()

WITHOUT_SHAPE = frozenset(
    {
        "archive_script_by_hash",
        "archive_workspace_dependencies",
        "delete_script_by_hash",
        "delete_script_by_path",
        "delete_scripts_bulk",
        "delete_workspace_dependencies",
        "get_completed_job",
        "get_completed_job_result",
        "get_completed_job_result_maybe",
        "get_dependency_map",
        "get_dependents",
        "get_dependents_amounts",
        "get_draft_for_user",
        "get_job",
        "get_job_progress",
        "get_job_updates",
        "get_latest_workspace_dependencies",
        "get_own_draft",
        "get_resource",
        "get_resource_value",
        "get_resource_value_interpolated",
        "get_root_job_id",
        "get_script_by_hash",
        "get_script_by_path",
        "get_script_deployment_status",
        "get_script_history_by_path",
        "get_script_latest_version",
        "get_trash_item",
        "get_triggers_count_of_script",
        "global_whoami",
        "list_all_workspace_dependencies",
        "list_drafts",
        "list_jobs",
        "list_script_paths",
        "list_scripts",
        "list_search_script",
        "list_tokens_of_script",
        "list_trash",
        "list_workspace_dependencies",
        "list_workspaces",
        "run_raw_script_dependencies",
        "run_wait_result_script_by_path",
        "run_wait_result_script_by_path_get",
        "set_job_progress",
        "update_draft",
        "whoami",
    }
)
"""Operations whose answer in JSON is not described yet; none may be added."""

WITHOUT_EXAMPLE = frozenset(
    {
        "cancel_queued_job",
        "create_folder",
        "create_resource",
        "create_script",
        "create_token",
        "create_workspace",
        "create_workspace_dependencies",
        "delete_scripts_bulk",
        "exists_workspace",
        "force_cancel_queued_job",
        "get_dependents_amounts",
        "login",
        "move_draft",
        "run_code_workflow_task",
        "run_dynamic_select",
        "run_raw_script_dependencies",
        "run_raw_script_dependencies_async",
        "run_script_by_hash",
        "run_script_by_path",
        "run_script_preview",
        "run_wait_result_script_by_path",
        "set_job_progress",
        "toggle_workspace_error_handler_for_script",
        "update_draft",
        "update_resource_value",
        "update_script",
        "update_script_history",
    }
)
"""Operations whose body has no example yet; none may be added."""


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Path, method and description of every operation."""
    paths = DOCUMENT["paths"]
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


def test_every_answer_in_json_has_a_shape():
    bare = {
        said["operationId"]
        for _, _, said in operations()
        for status, answer in said["responses"].items()
        if status.startswith("2")
        for kind, content in answer.get("content", {}).items()
        if kind.endswith("json") and not content.get("schema")
    }
    assert bare <= WITHOUT_SHAPE


def test_every_body_has_an_example():
    bare = {
        said["operationId"]
        for _, _, said in operations()
        for content in said.get("requestBody", {}).get("content", {}).values()
        if not _examples(content)
    }
    assert bare <= WITHOUT_EXAMPLE


def test_every_operation_has_a_summary():
    assert not [path for path, _, said in operations() if not said.get("summary")]


def _examples(content: dict[str, Any]) -> list[object]:
    """Of a body in one form: beside its schema, in it, or in a model that it refers to."""
    schema = content.get("schema", {})
    referring = [schema, *schema.get("anyOf", [])]
    names = [one["$ref"].rpartition("/")[2] for one in referring if "$ref" in one]
    places = [content, schema, *(DOCUMENT["components"]["schemas"][name] for name in names)]
    return [place[key] for place in places for key in ("example", "examples") if place.get(key)]
