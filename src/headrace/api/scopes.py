"""What a token's scopes allow: each route belongs to a domain here, or is closed to tokens with scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headrace.errors import NotAuthenticated, PermissionDenied
from headrace.model.scope import RUN, RUN_FLOWS, RUN_SCRIPTS

if TYPE_CHECKING:
    from fastapi import Request

    from headrace.model.principal import Principal
    from headrace.model.scope import Scope

_READING = frozenset({"GET", "HEAD", "OPTIONS"})

# What the public contract has as GET though it changes something.
_WRITING = frozenset({"/w/{workspace}/job_helpers/move_s3_file"})

# The longest beginning of a route's path that stands here tells its domain. GET reads, the rest writes.
# None closes a route that would give more than its domain says.
_DOMAINS: dict[str, str | None] = {
    "/users/email": "users",
    "/users/tokens/": "users",
    "/users/whoami": "users",
    "/workspaces/exists": "workspaces",
    "/workspaces/list": "workspaces",
    "/workspaces/users": "workspaces",
    "/jobs/db_clock": "jobs",
    "/tokens/list/scopes": "users",
    "/workers/": "workers",
    "/configs/": "configs",
    "/settings/": "settings",
    "/w/{workspace}/acls/": "acls",
    "/w/{workspace}/apps/sign_s3_objects": "job_helpers",
    "/w/{workspace}/audit/": "audit",
    "/w/{workspace}/concurrency_groups/": "concurrency_groups",
    "/w/{workspace}/drafts/": "drafts",
    "/w/{workspace}/flows/": "flows",
    "/w/{workspace}/folders/": "folders",
    "/w/{workspace}/groups/": "groups",
    "/w/{workspace}/inputs/": "inputs",
    "/w/{workspace}/job_helpers/": "job_helpers",
    "/w/{workspace}/job_metrics/": "jobs",
    "/w/{workspace}/jobs/": "jobs",
    "/w/{workspace}/jobs_u/": "jobs",
    "/w/{workspace}/oidc/": "oidc",
    "/w/{workspace}/resources/": "resources",
    "/w/{workspace}/schedules/": "schedules",
    "/w/{workspace}/scripts/": "scripts",
    "/w/{workspace}/shared_ui/": "workspaces",
    "/w/{workspace}/trash/": "trash",
    "/w/{workspace}/users/": "users",
    "/w/{workspace}/variables/": "variables",
    "/w/{workspace}/workspace_dependencies/": "scripts",
    "/w/{workspace}/workspaces/": "workspaces",
    "/w/{workspace}/workspaces/encryption_key": None,
    "/w/{workspace}/workspaces/tarball": None,
}

# Ways to start jobs. Those of which nothing is said run any code: a scope of theirs is not narrower.
_RUNS = (
    "jobs/run/",
    "jobs/run_wait_result/",
    "jobs/run_inline/",
    "jobs/run_and_stream/",
    "jobs/restart/",
    "jobs/workflow_as_code/",
)
_RUN_KINDS = {"p": RUN_SCRIPTS, "h": RUN_SCRIPTS, "f": RUN_FLOWS, "fv": RUN_FLOWS}


def require_scope(request: Request, principal: Principal, *, is_in_url: bool) -> None:
    """Raise PermissionDenied unless the token's limits allow this request.

    A token in the URL stands in histories and logs of others, so it has to be one that only runs
    deployed scripts or flows: raises NotAuthenticated for any other.
    """
    if is_in_url and not (principal.scopes and all(scope.is_run for scope in principal.scopes)):
        raise NotAuthenticated(
            "a token in the URL must be limited to scopes such as jobs:run:scripts:<path>;"
            " send any other as `Authorization: Bearer <token>`"
        )
    if not principal.read_only and principal.scopes is None:
        return
    route = request.scope["route"].path.removeprefix("/api")
    action = _action_of(route, request.method)
    if principal.read_only and (request.method not in _READING or action != "read"):
        raise PermissionDenied("the token can only read")
    if principal.scopes is not None:
        _require(principal.scopes, _domain_of(route), action, _paths_of(request))


def require_file_scope(principal: Principal) -> None:
    """Raise PermissionDenied unless the token's limits allow storing a file, as a form does that has one."""
    if principal.scopes is not None:
        _require(principal.scopes, "job_helpers", "write", ())


def _require(scopes: tuple[Scope, ...], domain: str | None, action: str, paths: tuple[str, ...]) -> None:
    if domain is None:
        raise PermissionDenied("a token with scopes can't do this")
    if not any(scope.allows(domain, action, paths) for scope in scopes):
        wanted = f"{domain}:{action}"
        where = f" on {', '.join(paths)}" if paths else ""
        raise PermissionDenied(f"the token's scopes do not allow {wanted}{where}")


def _action_of(route: str, method: str) -> str:
    in_workspace = route.removeprefix("/w/{workspace}/")
    for beginning in _RUNS:
        if in_workspace.startswith(beginning):
            kind = in_workspace.removeprefix(beginning).partition("/")[0]
            return _RUN_KINDS.get(kind, RUN)
    return "read" if method in _READING and route not in _WRITING else "write"


def _domain_of(route: str) -> str | None:
    beginnings = [beginning for beginning in _DOMAINS if route.startswith(beginning)]
    return _DOMAINS[max(beginnings, key=len)] if beginnings else None


def _paths_of(request: Request) -> tuple[str, ...]:
    """The paths that a request names, in its URL and in its body: all of them have to be allowed."""
    in_url: dict[str, Any] = dict(request.path_params)
    body: Any = getattr(request, "checked", None)
    in_body: dict[str, Any] = body if isinstance(body, dict) else {}
    found = [named.get(key) for named in (in_url, in_body) for key in ("path", "name")]
    return tuple(path for path in found if isinstance(path, str))
