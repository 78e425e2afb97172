"""Says of every route who may use it; a route of which nothing is said does not start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.routing import APIRoute

from headrace.api.context import instance_caller, workspace_caller

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import APIRouter
    from fastapi.dependencies.models import Dependant

PUBLIC = frozenset(
    {
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
        "/auth/login",
        "/docs",
        "/docs/{digest}/{name}",
        "/health/status",
        "/openapi.json",
        "/openapi.yaml",
        "/uptodate",
        "/version",
        "/w/{workspace}/s3_proxy/{storage}/{key}",
    }
)
"""Routes that anybody may use, without a token; a link to a file carries a signature instead."""


class RouteWithoutRule(AssertionError):
    """A route that neither asks who calls nor is public: a fault of ours, found at start."""


def require_rules(routers: Iterable[APIRouter]) -> None:
    """Raise RouteWithoutRule unless every route of these routers has its rule.

    A route in a workspace needs a caller of that workspace, any other one a caller of the instance,
    unless it is in PUBLIC; and what is in PUBLIC must be there.
    """
    public: set[str] = set()
    for router in routers:
        for route in router.routes:
            if not isinstance(route, APIRoute):
                raise RouteWithoutRule(f"{route}: only routes that declare what they need can be checked")
            if route.path_format in PUBLIC:
                public.add(route.path_format)
            else:
                _require_rule(route)
    if missing := PUBLIC - public:
        raise RouteWithoutRule(f"there is no public route {', '.join(sorted(missing))}")


def _require_rule(route: APIRoute) -> None:
    is_in_workspace = route.path.startswith("/w/{workspace}/")
    wanted = workspace_caller if is_in_workspace else instance_caller
    if not _depends_on(route.dependant, wanted):
        raise RouteWithoutRule(f"{route.path}: nothing says who may use it; it needs {wanted.__name__}")


def _depends_on(dependant: Dependant, wanted: object) -> bool:
    return any(item.call is wanted or _depends_on(item, wanted) for item in dependant.dependencies)
