"""What the query of an export may say."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class ExportOptions(BaseModel):
    """Which kinds of items go into the archive, and how they are written.

    There are no schedules, triggers, datatables and scripts in TypeScript here, so what is said about them
    is true of any archive.
    """

    archive_type: str = "tar"
    plain_secret: bool = False
    skip_variables: bool = False
    skip_resources: bool = False
    skip_resource_types: bool = False
    skip_secrets: bool = False
    include_schedules: bool = False
    include_triggers: bool = False
    include_users: bool = False
    include_groups: bool = False
    include_settings: bool = False
    include_key: bool = False
    include_workspace_dependencies: bool = False
    skip_datatable_migrations: bool = False
    default_ts: Literal["bun", "deno"] = "bun"
    settings_version: Literal["v1", "v2"] = "v1"
    preserve_extra_perms: bool = False
    sync_behavior_version: Literal["v0", "v1"] = "v0"
