"""Routes about variables."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Response
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.pages import Page
from headrace.api.schemas.answers import json_response, with_raw
from headrace.api.schemas.drafts import draft_member, show_overlay
from headrace.api.schemas.workspace.paths import ManyPaths
from headrace.api.schemas.workspace.variables import (
    EditVariable,
    ListableVariable,
    NewVariable,
    VariableQuery,
    VariableWithDraft,
    show_variable,
)
from headrace.db.failures import retried
from headrace.errors import NotFound
from headrace.lifecycle.draft import look_for_drafts
from headrace.lifecycle.values.reveal import find_variable, reveal
from headrace.lifecycle.values.save_variable import create_variable as create
from headrace.lifecycle.values.save_variable import delete_variables, encrypt_text
from headrace.lifecycle.values.save_variable import update_variable as update
from headrace.model.draft import DraftKind
from headrace.model.path import check_path
from headrace.permissions import check
from headrace.store.drafts import Place
from headrace.store.values import variables

router = APIRouter(prefix="/w/{workspace}/variables", tags=["variable"], route_class=CheckedRoute)


@router.get("/list", response_model=list[ListableVariable])
async def list_variable(
    page: Page, query: Annotated[VariableQuery, Depends()], caller: WorkspaceCaller
) -> Response:
    """The variables one may see, by path; values of secrets are left out."""
    check.require_reader_of_variables(caller.principal)
    wanted = query.filter(check.readable_owners(caller.principal))
    async with caller.transaction() as connection:
        found = await variables.list_all(
            connection, caller.workspace, wanted, limit=page.size, offset=page.offset
        )
    return json_response([show_variable(variable, caller.workspace) for variable in found])


@router.get("/get/{path:path}", response_model=VariableWithDraft)
async def get_variable(
    path: str,
    caller: WorkspaceCaller,
    decrypt_secret: bool | None = None,
    include_encrypted: bool = False,
    get_draft: bool = False,
) -> Response:
    """A variable. A secret comes decrypted, unless its ciphertext or no value at all is asked for.

    ``decrypt_secret`` is true by default, and false where ``include_encrypted`` is true.
    """
    check_path(path)
    principal = caller.principal
    async with caller.transaction() as connection:
        variable = await find_variable(connection, principal, path)
        fields: dict[str, Any] = show_variable(variable, caller.workspace)
        if not include_encrypted if decrypt_secret is None else decrypt_secret:
            fields["value"] = await reveal(connection, caller.context.vault, principal, variable)
        elif include_encrypted:
            fields["value"] = variable.value
        place = Place(caller.workspace, DraftKind.VARIABLE, path)
        draft, others = await look_for_drafts(connection, principal, place, with_text=get_draft)
    overlay = show_overlay(draft, others)
    return json_response(with_raw(fields | overlay, draft_member(draft) if get_draft else {}))


@router.get("/get_value/{path:path}", response_model=str)
async def get_variable_value(path: str, caller: WorkspaceCaller, allow_cache: bool = False) -> Response:
    """The value of a variable, decrypted. Nothing is cached, so ``allow_cache`` changes nothing."""
    del allow_cache
    check_path(path)
    async with caller.transaction() as connection:
        variable = await find_variable(connection, caller.principal, path)
        value = await reveal(connection, caller.context.vault, caller.principal, variable)
    return json_response(value)


@router.get("/exists/{path:path}")
async def exists_variable(path: str, caller: WorkspaceCaller) -> bool:
    """Whether there is such a variable to see."""
    check_path(path)
    async with caller.transaction() as connection:
        try:
            await find_variable(connection, caller.principal, path)
        except NotFound:
            return False
    return True


@router.post("/create", status_code=201, response_class=PlainTextResponse)
async def create_variable(body: NewVariable, caller: WorkspaceCaller, already_encrypted: bool = False) -> str:
    """Make a variable. With ``already_encrypted`` the value of a secret is a ciphertext of this workspace."""
    wanted = body.wanted(already_encrypted=already_encrypted)
    async with caller.transaction() as connection:
        await create(connection, caller.context.vault, caller.principal, body.path, wanted)
    return f"variable {body.path} created"


@router.post("/update/{path:path}", response_class=PlainTextResponse)
async def update_variable(
    path: str, body: EditVariable, caller: WorkspaceCaller, already_encrypted: bool = False
) -> str:
    """Change a variable. With a new path it moves, together with the resource that is linked with it."""
    wanted = body.wanted(already_encrypted=already_encrypted)

    async def transaction() -> str:
        async with caller.transaction() as connection:
            return await update(connection, caller.context.vault, caller.principal, path, wanted)

    # The two of a linked pair may be moved at once, and then wait for each other.
    return f"variable {await retried(transaction)} updated"


@router.delete("/delete/{path:path}", response_class=PlainTextResponse)
async def delete_variable(path: str, caller: WorkspaceCaller) -> str:
    """Remove a variable, for good."""
    async with caller.transaction() as connection:
        if not await delete_variables(connection, caller.principal, [path]):
            raise NotFound(f"variable {path} does not exist, or you may not see it")
    return f"variable {path} deleted"


@router.delete("/delete_bulk", response_model=list[str])
async def delete_variables_bulk(body: ManyPaths, caller: WorkspaceCaller) -> Response:
    """Remove variables, for good; the paths of those that were there."""
    async with caller.transaction() as connection:
        return json_response(await delete_variables(connection, caller.principal, body.paths))


@router.post("/encrypt", response_class=PlainTextResponse)
async def encrypt_value(body: Annotated[str, Body(examples=["s3cret"])], caller: WorkspaceCaller) -> str:
    """The ciphertext of a text, good for ``already_encrypted`` in this workspace if one sends it oneself."""
    async with caller.transaction() as connection:
        return await encrypt_text(connection, caller.context.vault, caller.principal, body)
