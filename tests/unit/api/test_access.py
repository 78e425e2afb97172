from __future__ import annotations

import pytest
from fastapi import APIRouter, Request, Response

from headrace.api.access import RouteWithoutRule
from headrace.api.app import ROUTERS, make_app
from headrace.api.context import InstanceCaller, WorkspaceCaller


async def for_anybody() -> str:
    return ""


async def plain(_request: Request) -> Response:
    return Response()


async def for_members(caller: WorkspaceCaller) -> str:
    return str(caller)


async def for_users(caller: InstanceCaller) -> str:
    return str(caller)


def app_with(path: str, route: object) -> None:
    router = APIRouter(prefix=path)
    router.add_api_route("", route)  # pyright: ignore[reportArgumentType] - one of the functions above
    make_app(routers=(*ROUTERS, router))


@pytest.mark.parametrize(
    ("path", "route"),
    [("/odd", for_anybody), ("/w/{workspace}/odd", for_anybody), ("/w/{workspace}/odd", for_users)],
)
def test_a_route_without_its_rule_does_not_start(path: str, route: object):
    with pytest.raises(
        RouteWithoutRule, match=f"^{path.replace('{', '.').replace('}', '.')}: nothing says who may use it"
    ):
        app_with(path, route)


@pytest.mark.parametrize(("path", "route"), [("/odd", for_users), ("/w/{workspace}/odd", for_members)])
def test_a_route_with_its_rule_starts(path: str, route: object):
    app_with(path, route)


def test_something_that_cannot_be_checked_does_not_start():
    router = APIRouter()
    router.add_route("/odd", plain)
    with pytest.raises(RouteWithoutRule):
        make_app(routers=(*ROUTERS, router))


def test_what_is_public_is_there():
    with pytest.raises(RouteWithoutRule, match=r"/auth/login, .*/health/status, .*/version"):
        make_app(routers=())
