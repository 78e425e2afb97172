"""Builds a workspace and those who work in it, as the owner of the database."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from headrace.model.principal import Principal
from headrace.permissions.identity import describe_user
from headrace.store import folders, workspaces
from headrace.store.folders import Folder
from headrace.store.people import members, users

WORKSPACE = "acme"


@dataclass(frozen=True)
class People:
    """An admin of the workspace, and two users who know nothing of one another."""

    admin: Principal
    alice: Principal
    bob: Principal


async def make_people(owner: asyncpg.Connection, workspace: str = WORKSPACE) -> People:
    """Make a workspace with all of them in it."""
    await make_workspace(owner, workspace)
    return People(
        admin=await make_member(owner, "admin", workspace, is_admin=True),
        alice=await make_member(owner, "alice", workspace),
        bob=await make_member(owner, "bob", workspace),
    )


async def make_workspace(owner: asyncpg.Connection, workspace: str = WORKSPACE) -> None:
    """Make an empty workspace."""
    await workspaces.add(owner, workspace, workspace.title(), f"owner@{workspace}.test")


async def make_member(
    owner: asyncpg.Connection,
    username: str,
    workspace: str = WORKSPACE,
    *,
    is_admin: bool = False,
    operator: bool = False,
) -> Principal:
    """Make a user of the instance, without a password, a member of a workspace; returns their rights."""
    email = f"{username}@{workspace}.test"
    await users.add(owner, email, None)
    await members.add(owner, workspace, username, email, is_admin=is_admin, operator=operator)
    return await look_again(owner, Principal(email, username, workspace))


async def look_again(owner: asyncpg.Connection, principal: Principal) -> Principal:
    """Somebody's rights as they stand now."""
    found = await describe_user(owner, principal.workspace or "", principal.username)
    assert found is not None
    return found


async def make_folder(
    owner: asyncpg.Connection,
    name: str,
    workspace: str = WORKSPACE,
    *,
    owners: tuple[str, ...] = (),
    extra_perms: dict[str, bool] | None = None,
) -> None:
    """Make a folder; ``extra_perms`` maps ``u/…`` and ``g/…`` to true (write) or false (read)."""
    await folders.add(
        owner, workspace, Folder(name, name, "", owners, extra_perms or {}, labels=(), created_by="admin")
    )
