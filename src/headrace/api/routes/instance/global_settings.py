"""Routes about settings of the instance in the database: there are none, they are given at its start."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import InstanceCaller
from headrace.api.schemas.workspaces import GlobalSetting, GlobalSettingValue
from headrace.errors import InvalidInput
from headrace.permissions import check

router = APIRouter(prefix="/settings", tags=["settings"], route_class=CheckedRoute)


@router.get("/global/{key}")
async def get_global(key: str, caller: InstanceCaller) -> Any:
    """The value of a setting: null, for none is set."""
    del key
    check.require_person(caller.principal)


@router.post("/global/{key}", response_class=PlainTextResponse)
async def set_global(key: str, body: GlobalSettingValue, caller: InstanceCaller) -> str:
    """Refused but for null: settings are given to a server at its start."""
    check.require_superadmin(caller.principal)
    if body.value is not None:
        raise InvalidInput(key, "can't be set here; settings are given to a server at its start")
    return f"{key} is not set"


@router.get("/list_global")
async def list_global_settings(caller: InstanceCaller) -> list[GlobalSetting]:
    """All settings that are in the database: none."""
    check.require_superadmin(caller.principal)
    return []
