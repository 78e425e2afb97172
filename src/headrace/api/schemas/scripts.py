"""Scripts in the shape of the public contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headrace.api.schemas.answers import without_none

if TYPE_CHECKING:
    from headrace.model.draft import Draft, DraftEntry
    from headrace.model.ids import ScriptHash
    from headrace.model.script import Script
    from headrace.store.script_history import Deployment


def show_script(script: Script, workspace: str, lineage: list[ScriptHash]) -> dict[str, Any]:
    """A version as the contract's ``Script``, with the overlay that clients require."""
    defaults = {"is_template": False, "ws_error_handler_muted": False}
    fields = without_none(
        hash=script.hash,
        path=script.path,
        workspace_id=workspace,
        summary=script.summary,
        description=script.description,
        content=script.content,
        created_by=script.created_by,
        created_at=script.created_at,
        archived=script.archived,
        deleted=script.deleted,
        extra_perms=script.extra_perms,
        language=script.language,
        kind=script.kind,
        starred=False,
        has_preprocessor=script.has_preprocessor,
        is_draft=False,
        parent_hashes=lineage or None,
        schema=script.schema,
        lock=script.lock,
        lock_error_logs=script.lock_error,
        auto_kind="lib" if script.is_library else None,
        ws_error_handler_muted=script.error_handler_muted,
    )
    return defaults | script.settings | fields


def show_deployment(deployment: Deployment) -> dict[str, Any]:
    """A version as the contract's ``ScriptHistory``; number, path and archived are additions of ours."""
    return without_none(
        script_hash=deployment.hash,
        deployment_msg=deployment.message,
        created_by=deployment.created_by,
        created_at=deployment.created_at,
        number=deployment.number,
        path=deployment.path,
        archived=deployment.archived,
    )


def show_drafted(draft: Draft, workspace: str) -> dict[str, Any]:
    """A script that is nothing but a draft, as far as its text says what a ``Script`` needs."""
    said = draft.members()
    texts = {name: said[name] for name in ("summary", "description", "content") if _is_text(said, name)}
    return (
        _empty(draft.path, workspace, said.get("language"))
        | texts
        | {
            "created_by": draft.username,
            "created_at": draft.saved_at,
            "no_deployed": True,
        }
    )


def show_draft_entry(entry: DraftEntry, workspace: str) -> dict[str, Any]:
    """The same as lists show it, without its text."""
    return _empty(entry.path, workspace, entry.language) | without_none(
        summary=entry.summary,
        draft_path=entry.draft_path,
        created_by=entry.username,
        created_at=entry.saved_at,
        draft_users=[{"username": entry.username}],
    )


def _is_text(members: dict[str, Any], name: str) -> bool:
    return isinstance(members.get(name), str)


def _empty(path: str, workspace: str, language: object) -> dict[str, Any]:
    """What clients read of every script, for one that has no version: its hash is empty."""
    return {
        "hash": "",
        "path": path,
        "workspace_id": workspace,
        "summary": "",
        "description": "",
        "content": "",
        "archived": False,
        "deleted": False,
        "is_template": False,
        "extra_perms": {},
        # Clients know a fixed set of languages, and a draft may say anything.
        "language": language if language in LANGUAGES else "python3",
        "kind": "script",
        "starred": False,
        "has_preprocessor": False,
        "ws_error_handler_muted": False,
        "is_draft": True,
        "draft_only": True,
    }


LANGUAGES = frozenset({
    "python3", "deno", "bun", "bunnative", "nativets", "go", "bash", "powershell", "postgresql", "mysql",
    "mssql", "oracledb", "bigquery", "snowflake", "duckdb", "graphql", "php", "rust", "ansible", "csharp",
    "nu", "java", "ruby",
})  # fmt: skip
"""The contract's languages, as far as every official client knows them."""
