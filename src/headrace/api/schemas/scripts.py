"""Scripts in the shape of the public contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headrace.api.schemas.answers import without_none

if TYPE_CHECKING:
    from headrace.model.ids import ScriptHash
    from headrace.model.script import Script


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
    )
    return defaults | script.settings | fields
