"""Routes that describe the API: the OpenAPI document, and a page to read it and try it."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from swagger_ui_bundle import swagger_ui_path  # pyright: ignore[reportMissingTypeStubs] - it has none

from headrace.api.schemas.answers import encode
from headrace.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

router = APIRouter(tags=["settings"])

_OWN = Path(__file__).parents[2] / "docs_page"
_FILES = {
    "swagger-ui.css": (Path(swagger_ui_path) / "swagger-ui.css", "text/css"),
    "swagger-ui-bundle.js": (Path(swagger_ui_path) / "swagger-ui-bundle.js", "text/javascript"),
    "start.js": (_OWN / "start.js", "text/javascript"),
}
_DIGEST = hashlib.sha256(b"".join(file.read_bytes() for file, _ in _FILES.values())).hexdigest()[:16]
# The viewer draws its icons as data, and sets styles by script only.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@router.get("/openapi.json", response_model=dict[str, object])
async def get_open_api_json(request: Request) -> Response:
    """The description of the API, in JSON."""
    return Response(await _kept(request, "openapi_json", encode), media_type="application/json")


@router.get("/openapi.yaml", response_class=PlainTextResponse)
async def get_open_api_yaml(request: Request) -> Response:
    """The description of the API, in YAML."""
    return PlainTextResponse(await _kept(request, "openapi_yaml", _as_yaml))


@router.get("/docs", include_in_schema=False)
async def get_docs_page() -> HTMLResponse:
    """A page that shows this description and can send requests, with a token of one's own."""
    page = (_OWN / "page.html").read_text(encoding="utf-8").replace("ASSETS", _DIGEST)
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/{digest}/{name}", include_in_schema=False)
async def get_docs_asset(digest: str, name: str) -> Response:
    """A file of that page, under the digest of all of them: it never changes."""
    if name not in _FILES or digest != _DIGEST:
        raise NotFound("the page of this description has no such file; load the page again")
    file, kind = _FILES[name]
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(file.read_bytes(), media_type=kind, headers=headers)


async def _kept(request: Request, name: str, make: Callable[[Any], bytes]) -> bytes:
    """The description in one form, made at the first call: it takes seconds, and others don't wait for it."""
    app = request.app
    if not hasattr(app.state, name):
        setattr(app.state, name, await asyncio.to_thread(lambda: make(app.openapi())))
    return getattr(app.state, name)


def _as_yaml(description: dict[str, Any]) -> bytes:
    return yaml.safe_dump(description, sort_keys=False, allow_unicode=True, width=100).encode()
