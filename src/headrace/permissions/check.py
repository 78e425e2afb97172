"""The first wall: one predicate per noun, used by lists and single reads alike.

Row-level security in the database is the second; each is tested with the other off.
"""

from __future__ import annotations

from headrace.errors import NotFound, PermissionDenied
from headrace.model.path import owner_of
from headrace.model.principal import Principal
from headrace.model.scope import Scope

ADMINS_WORKSPACE = "admins"
"""The workspace in which superadmins see what is in all of them."""


def may_read(principal: Principal, path: str) -> bool:
    """Whether the principal may read (and so run) what lies at a path."""
    return principal.is_admin or owner_of(path) in principal.readable


def readable_owners(principal: Principal) -> list[str] | None:
    """The same for lists: first two parts of the paths that the principal may read; None for all of them."""
    return None if principal.is_admin else list(principal.readable)


def may_write(principal: Principal, path: str) -> bool:
    """Whether the principal may create, change and remove what lies at a path."""
    return principal.is_admin or owner_of(path) in principal.writable


def owns(principal: Principal, path: str) -> bool:
    """Whether what lies at a path is the principal's to share: one's own, that of folders one owns."""
    return principal.is_admin or owner_of(path) in principal.owned


def require_read(principal: Principal, path: str, what: str) -> None:
    """Raise NotFound unless the path may be read: what isn't yours looks as if it weren't there."""
    if not may_read(principal, path):
        raise NotFound(f"{what} {path} does not exist, or you may not see it")


def require_write(principal: Principal, path: str) -> None:
    """Raise PermissionDenied unless the path may be written, by a principal who is no operator."""
    require_developer(principal)
    if not may_write(principal, path):
        raise PermissionDenied(f"you may not write to {owner_of(path)}")


def require_owner(principal: Principal, path: str, what: str) -> None:
    """Raise NotFound unless the path may be read, and PermissionDenied unless it is the principal's to share.

    A path of two parts, such as ``f/reports`` or ``g/devs``, stands for the folder or group itself.
    """
    if not path.startswith("g/"):
        require_read(principal, path, what)
    require_developer(principal)
    if not owns(principal, path):
        raise PermissionDenied(f"only its owners and admins of the workspace may change {what} {path}")


def require_developer(principal: Principal) -> None:
    """Raise PermissionDenied for operators, who run and view only (features §8)."""
    if principal.is_operator and not principal.is_admin:
        raise PermissionDenied("operators may run and view, not create, change or preview")


def may_read_variables(principal: Principal) -> bool:
    """Whether the principal is no operator: they have variables through the scripts that they run only."""
    return not principal.is_operator or principal.is_admin or principal.job is not None


def require_reader_of_variables(principal: Principal) -> None:
    """Raise PermissionDenied for those who may not read any variable."""
    if not may_read_variables(principal):
        raise PermissionDenied("operators may not read variables")


def may_see_user(principal: Principal, email: str) -> bool:
    """Whether the principal may know of a user of the instance: oneself, superadmins of everybody."""
    return principal.job is None and (principal.is_superadmin or email == principal.email)


def may_see_draft(principal: Principal, email: str, *, is_shared: bool) -> bool:
    """Whether the principal may see somebody's draft: one's own, and admins those of shared kinds; no job."""
    return principal.job is None and (email == principal.email or (principal.is_admin and is_shared))


def may_change_type(principal: Principal, created_by: str) -> bool:
    """Whether the principal may change and remove a resource type: who made it, and admins."""
    return principal.is_admin or created_by == principal.username


def require_file_access(principal: Principal) -> None:
    """Raise PermissionDenied but for those who use files of the workspace: developers, and jobs."""
    if principal.job is None:
        require_developer(principal)


def require_admin(principal: Principal) -> None:
    """Raise PermissionDenied unless the principal is an admin of the workspace."""
    if not principal.is_admin:
        raise PermissionDenied("only an admin of the workspace may do this")


def require_superadmin(principal: Principal) -> None:
    """Raise PermissionDenied unless the principal is a superadmin, acting as a person."""
    if not principal.is_superadmin or principal.job is not None:
        raise PermissionDenied("only a superadmin may do this")


def require_person(principal: Principal) -> None:
    """Raise PermissionDenied for a job: it can't make anything that outlives it as a credential."""
    if principal.job is not None:
        raise PermissionDenied("a job's token can't do this")


def require_unbound(principal: Principal) -> None:
    """Raise PermissionDenied for a token that is bound to a workspace: it has no say beyond that."""
    if principal.workspace is not None:
        raise PermissionDenied(f"a token for workspace {principal.workspace} can't do this")


def is_in_reach(principal: Principal, workspace: str) -> bool:
    """Whether a workspace is one that the principal's token is good for, outside any workspace."""
    return principal.workspace in (None, workspace)


def require_no_wider(principal: Principal, scopes: tuple[Scope, ...] | None) -> None:
    """Raise PermissionDenied where a token would give another one more than it has itself."""
    own = principal.scopes
    if own is None:
        return
    if scopes is None or not all(any(scope.covers(wanted) for scope in own) for wanted in scopes):
        raise PermissionDenied("a token can't give more than its own scopes: " + ", ".join(map(str, own)))


def is_in_scope(principal: Principal, domain: str, action: str, path: str) -> bool:
    """Whether the token's scopes allow an action on a path to which a request leads without naming it."""
    return principal.scopes is None or any(
        scope.allows(domain, action, (path,)) for scope in principal.scopes
    )


def require_in_scope(principal: Principal, domain: str, action: str, path: str) -> None:
    """Raise PermissionDenied where they don't."""
    if not is_in_scope(principal, domain, action, path):
        raise PermissionDenied(f"the token's scopes do not allow {domain}:{action} on {path}")


def audited_username(principal: Principal) -> str | None:
    """Whose entries of the audit log the principal may read: their own; None for everybody's."""
    return None if principal.is_admin else principal.username


def may_audit_instance(principal: Principal) -> bool:
    """Whether the principal may read what the audit log has of no workspace: superadmins in ``admins``."""
    return principal.is_superadmin and principal.job is None and principal.workspace == ADMINS_WORKSPACE


def require_identity(principal: Principal, identity: str) -> None:
    """Raise PermissionDenied unless the principal may run jobs as ``identity``: itself or a group of its."""
    if not principal.is_admin and identity not in principal.identities:
        raise PermissionDenied(f"you may not run jobs as {identity}")


def may_see_run(
    principal: Principal, *, path: str | None, permissioned_as: str, created_by: str, runner_only: bool
) -> bool:
    """Who sees a run: whom it runs as, its creator, admins, and readers of its path unless runner-only."""
    return (
        principal.is_admin
        or permissioned_as in principal.identities
        or created_by == principal.username
        or (not runner_only and path is not None and may_read(principal, path))
    )


def may_end_run(
    principal: Principal, *, path: str | None, permissioned_as: str, created_by: str, runner_only: bool
) -> bool:
    """Who stops a run: whom it runs as, its creator, admins, and writers of its path unless runner-only."""
    return (
        principal.is_admin
        or permissioned_as in principal.identities
        or created_by == principal.username
        or (not runner_only and path is not None and may_write(principal, path))
    )
