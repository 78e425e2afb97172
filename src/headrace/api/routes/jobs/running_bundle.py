"""The route that runs code which comes as a file beside its preview."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from pydantic import ValidationError

from headrace.api.arguments.body import refuse_cookie
from headrace.api.arguments.call import Ask
from headrace.api.arguments.content_type import content_type
from headrace.api.arguments.described import TAKES_BUNDLE
from headrace.api.arguments.forms import read_parts
from headrace.api.context import WorkspaceCaller
from headrace.api.routes.jobs.launching import IdempotencyKey, calling, launch_code
from headrace.api.schemas.running import BundlePreview
from headrace.errors import InvalidInput
from headrace.lifecycle.launch import RawCode
from headrace.model.json_text import decode_text, parse_object

router = APIRouter(prefix="/w/{workspace}/jobs/run", tags=["job"])

_KIND = "bundle"
_PARTS = ("preview", "file")


@router.post("/preview_bundle", status_code=201, response_class=PlainTextResponse, openapi_extra=TAKES_BUNDLE)
async def run_bundle_preview(
    request: Request, asked: Ask, caller: WorkspaceCaller, key: IdempotencyKey
) -> str:
    """Run a file of code, as the caller: of a Python script, its one file."""
    preview, file = await _read(request)
    body = _preview(preview)
    code = body.code(_KIND)
    if code.language == "python3":
        code = RawCode(decode_text(file, "file"), code.language, code.path, code.lock)
    wish = await asked.wish(has_args=bool(body.args), tag=body.tag, body=preview)
    wish = calling(wish, body.entrypoint_function)
    return str(await launch_code(caller, code, wish, key, body.temp_script_refs))


async def _read(request: Request) -> tuple[bytes, bytes]:
    kind = content_type(request)
    if kind.kind != "multipart/form-data":
        raise InvalidInput("Content-Type", "must be multipart/form-data, with the parts preview and file")
    refuse_cookie(request, f"a body of type {kind.kind}")
    parts = read_parts(await request.body(), kind.boundary)
    if sorted(part.name for part in parts) != sorted(_PARTS):
        raise InvalidInput("body", "must have the parts preview and file, each once, and no other")
    found = {part.name: bytes(part.data) for part in parts}
    return found["preview"], found["file"]


def _preview(data: bytes) -> BundlePreview:
    value = parse_object(data, "preview", unique=True)
    try:
        return BundlePreview.model_validate(value)
    except ValidationError as error:
        faults = [{**fault, "loc": ("preview", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from None
