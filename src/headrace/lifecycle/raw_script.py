"""Takes source that lies on somebody's disk, so that jobs import it as it is there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from headrace.errors import InvalidInput, Unavailable
from headrace.model.path import check_path
from headrace.permissions import check
from headrace.runtimes.python_dependencies.lock_inputs import file_path
from headrace.store import audit, dependency_files, raw_scripts, scripts

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.lifecycle.launch import Launched
    from headrace.model.principal import Principal

MOST_BYTES = 64 * 1024**2
"""Source of one workspace that is kept at once."""
MOST_REFERENCES = 1000


async def store_raw_script(connection: Connection, principal: Principal, content: str) -> str:
    """Keep source for a day; its hash, by which nobody else can use it.

    Raises PermissionDenied, and Unavailable where live jobs need all that the workspace may keep.
    """
    check.require_developer(principal)
    digest = hash_of(content)
    workspace = principal.workspace or ""
    if not await raw_scripts.add(
        connection, workspace, principal.email, digest=digest, content=content, most_bytes=MOST_BYTES
    ):
        raise Unavailable(
            f"running jobs need all of the {MOST_BYTES // 1024**2} MB of source that a workspace may keep"
            " without deploying it; try again when they have ended"
        )
    await audit.write(connection, principal, "scripts.store_raw", "Created", digest)
    return digest


async def find_changed(connection: Connection, principal: Principal, hashes: Mapping[str, str]) -> list[str]:
    """The paths whose deployed source has another hash than the given one, or that one can't read."""
    owners = check.readable_owners(principal)
    deployed = await scripts.read_content_hashes(connection, principal.workspace or "", owners, set(hashes))
    return [path for path, digest in hashes.items() if deployed.get(path) != digest]


async def find_changed_files(
    connection: Connection, principal: Principal, language: str, hashes: Mapping[str, str]
) -> set[str]:
    """The files of dependencies, by their paths, that have another hash here or are not here."""
    contents = await dependency_files.read_contents(connection, principal.workspace or "", language)
    there = {file_path(name): hash_of(content) for name, content in contents.items()}
    return {path for path, digest in hashes.items() if there.get(path) != digest}


async def give_raw_scripts(
    connection: Connection, principal: Principal, launched: Launched, references: Mapping[str, str]
) -> None:
    """Have a job that has just been launched import stored source instead of what is deployed.

    ``references`` maps paths to hashes. Raises InvalidInput for what the caller has not stored.
    """
    wanted = {
        check_path(path, "temp_script_refs"): digest
        for path, digest in references.items()
        # Clients name files of dependencies too, whose text they send by itself.
        if not path.startswith("dependencies/")
    }
    if len(wanted) > MOST_REFERENCES:
        raise InvalidInput("temp_script_refs", f"names more than {MOST_REFERENCES} scripts")
    if not wanted or not launched.is_new:
        return
    workspace = principal.workspace or ""
    ids = await raw_scripts.find(connection, workspace, principal.email, set(wanted.values()))
    for path, digest in wanted.items():
        if digest not in ids:
            raise InvalidInput(
                "temp_script_refs",
                f"you have no source {digest} stored, for {path}: store it again, it is kept for a day",
            )
    await raw_scripts.give(connection, launched.job, {path: ids[digest] for path, digest in wanted.items()})


def hash_of(content: str) -> str:
    """The SHA-256 of a text, as 64 hex digits."""
    return hashlib.sha256(content.encode()).hexdigest()
