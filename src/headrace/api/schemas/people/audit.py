"""The audit log in the shape of the public contract."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from headrace.store.audit import Action
from headrace.store.workspaces import ADMINS

if TYPE_CHECKING:
    from headrace.store.audit import Entry

OPERATIONS = frozenset({
    "account.delete", "ai.request", "apps.create", "apps.delete", "apps.update", "flows.archive",
    "flows.create", "flows.delete", "flows.update", "folder.add_owner", "folder.create", "folder.delete",
    "folder.remove_owner", "folder.update", "group.adduser", "group.create", "group.delete", "group.edit",
    "group.removeuser", "igroup.adduser", "igroup.create", "igroup.delete", "igroup.removeuser",
    "instance_groups.jit_adduser", "instance_groups.jit_removeuser", "jobs", "jobs.cancel", "jobs.delete",
    "jobs.disapproval", "jobs.flow_dependencies", "jobs.force_cancel", "jobs.run", "jobs.run.dependencies",
    "jobs.run.flow", "jobs.run.flow_preview", "jobs.run.identity", "jobs.run.noop", "jobs.run.preview",
    "jobs.run.script", "jobs.run.script_hub", "jobs.run_now", "oauth.login", "oauth.login_failure",
    "oauth.signup", "resource_types.create", "resource_types.delete", "resource_types.sync",
    "resource_types.update", "resources.create", "resources.delete", "resources.update", "schedule.create",
    "schedule.delete", "schedule.edit", "schedule.setenabled", "scripts.archive", "scripts.create",
    "scripts.delete", "scripts.update", "users.accept_invite", "users.add_global", "users.add_to_workspace",
    "users.create", "users.decline_invite", "users.delete", "users.impersonate", "users.leave_workspace",
    "users.login", "users.login_failure", "users.logout", "users.setpassword", "users.token.create",
    "users.token.delete", "users.update", "variables.create", "variables.decrypt_secret",
    "variables.delete", "variables.update", "workspaces.archive", "workspaces.create", "workspaces.delete",
    "workspaces.edit_auto_invite_domain", "workspaces.edit_command_script",
    "workspaces.edit_copilot_config", "workspaces.edit_deploy_to", "workspaces.edit_error_handler",
    "workspaces.edit_variable_expiration_handler", "workspaces.edit_webhook",
    "workspaces.read_encryption_key", "workspaces.unarchive", "workspaces.update",
})  # fmt: skip
"""The contract's operations; generated clients refuse any other."""

_OTHER = "workspaces.update"


class AuditLog(BaseModel):
    """One mutation.

    Where the contract has no word for it, ``operation`` is ``workspaces.update`` and ``own_operation``
    tells what it was. What concerns no workspace is shown in the workspace ``admins``.
    """

    workspace_id: str
    id: int
    timestamp: datetime
    username: str
    operation: str
    own_operation: str | None = None
    action_kind: Action
    resource: str | None = None
    parameters: dict[str, Any] | None = None


def show_entry(entry: Entry) -> AuditLog:
    """An entry as the contract's ``AuditLog``."""
    is_known = entry.operation in OPERATIONS
    return AuditLog(
        workspace_id=entry.workspace or ADMINS,
        id=entry.id,
        timestamp=entry.at,
        username=entry.username,
        operation=entry.operation if is_known else _OTHER,
        own_operation=None if is_known else entry.operation,
        action_kind=entry.action,
        resource=entry.resource,
        parameters=entry.parameters,
    )
