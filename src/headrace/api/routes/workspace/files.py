"""Routes about files of a workspace, which the public contract calls S3 files."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from headrace.api.context import WorkspaceCaller
from headrace.api.file_answers import BYTES, BYTES_ANSWERED, file_response
from headrace.api.file_bodies import check_content_type, receive_file
from headrace.api.schemas.blobs.files import (
    FileExists,
    FileKey,
    FileList,
    FileMetadata,
    FilePreview,
    LargeFile,
    Level,
    LevelFile,
    LevelFolder,
    StorageBytes,
    StorageUsage,
)
from headrace.errors import InvalidInput
from headrace.lifecycle.blobs.files import delete_file, find_file, move_file
from headrace.model.file_key import random_file_key
from headrace.permissions import check
from headrace.store.blobs import files

_DEFAULT = "_default_"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
_PREVIEW_BYTES = 128 * 1024
_MOST_PREVIEW_BYTES = 1024**2
_MOST_OFFSET = 2**53


def refuse_other_storages(
    storage: str | None = None, s3_resource_path: str | None = None, resource_type: str | None = None
) -> None:
    """A workspace has one storage. Raises InvalidInput where another is asked for."""
    if storage not in (None, "", _DEFAULT):
        raise InvalidInput("storage", f"there is only one, {_DEFAULT}")
    if s3_resource_path or resource_type:
        field = "s3_resource_path" if s3_resource_path else "resource_type"
        raise InvalidInput(
            field,
            "files behind a resource are not served here: a script reaches them with its own client"
            " and the settings from get_boto3_connection_settings",
        )


router = APIRouter(
    prefix="/w/{workspace}/job_helpers", tags=["helpers"], dependencies=[Depends(refuse_other_storages)]
)

Key = Annotated[str, Query()]
MaxKeys = Annotated[int, Query(ge=1, le=_MOST_OFFSET)]


@router.post(
    "/upload_s3_file",
    response_model=FileKey,
    openapi_extra={
        "requestBody": {
            "description": "The bytes of the file.",
            "content": {"application/octet-stream": {"schema": BYTES, "example": "a;b\n1;2\n"}},
        }
    },
)
async def file_upload(
    request: Request,
    caller: WorkspaceCaller,
    file_key: str | None = None,
    file_extension: str | None = None,
    content_type: str | None = None,
    content_disposition: str | None = None,
) -> FileKey:
    """Store a file, in place of one that is there; without a key under one that is made up."""
    if content_disposition:
        raise InvalidInput(
            "content_disposition", "can't be chosen: files come as attachments named by their key"
        )
    if content_type:
        check_content_type(content_type, "content_type")
    _refuse_forms(request)
    key = file_key or random_file_key(file_extension)
    length = request.headers.get("content-length", "")
    announced = int(length) if length.isdecimal() else None
    await receive_file(caller, key, request.stream(), content_type or None, announced)
    return FileKey(file_key=key)


@router.get("/download_s3_file", response_class=Response, responses=BYTES_ANSWERED)
async def file_download(file_key: Key, request: Request, caller: WorkspaceCaller) -> Response:
    """The bytes of a file, as an attachment; heeds `Range`."""
    async with caller.transaction() as connection:
        file = await find_file(connection, caller.principal, file_key)
    return await file_response(request, caller.context.blobs, file.blob, file_key)


@router.delete("/delete_s3_file", response_model=FileKey)
async def delete_s3_file(file_key: Key, caller: WorkspaceCaller) -> FileKey:
    """Remove a file for good."""
    async with caller.transaction() as connection:
        await delete_file(connection, caller.principal, file_key)
    return FileKey(file_key=file_key)


@router.get("/move_s3_file", response_model=FileKey)
async def move_s3_file(src_file_key: Key, dest_file_key: Key, caller: WorkspaceCaller) -> FileKey:
    """Give a file another key; one that is there is not overwritten."""
    async with caller.transaction() as connection:
        await move_file(connection, caller.principal, src_file_key, dest_file_key)
    return FileKey(file_key=dest_file_key)


@router.get("/list_stored_files", response_model=FileList, response_model_exclude_none=True)
async def list_stored_files(
    max_keys: MaxKeys, caller: WorkspaceCaller, marker: str = "", prefix: str = "", search: str = ""
) -> FileList:
    """Files in order of their keys, after a marker; those with a prefix and with a text in their key."""
    check.require_file_access(caller.principal)
    most = min(max_keys, 1000)
    async with caller.transaction() as connection:
        found = await files.list_keys(
            connection, caller.workspace, marker=marker, prefix=prefix, search=search, most=most + 1
        )
    shown = [LargeFile(s3=entry.name) for entry in found[:most]]
    return FileList(windmill_large_files=shown, next_marker=shown[-1].s3 if len(found) > most else None)


@router.get("/list_stored_files_paged", response_model=Level, response_model_exclude_none=True)
async def list_stored_files_paged(
    caller: WorkspaceCaller, prefix: str = "", max_keys: MaxKeys = 1000, page_token: str = ""
) -> Level:
    """Folders and files directly below a prefix."""
    check.require_file_access(caller.principal)
    most = min(max_keys, 1000)
    async with caller.transaction() as connection:
        found = await files.list_level(
            connection, caller.workspace, marker=page_token, prefix=prefix, most=most + 1
        )
    level = Level(folders=[], files=[], next_page_token=found[most - 1].name if len(found) > most else None)
    for entry in found[:most]:
        whole = prefix + entry.name
        if entry.is_folder:
            level.folders.append(LevelFolder(prefix=whole, name=entry.name.removesuffix("/")))
        else:
            file = LevelFile(key=whole, name=entry.name, size=entry.size, last_modified=entry.edited_at)
            level.files.append(file)
    return level


@router.get("/load_file_metadata", response_model=FileMetadata, response_model_exclude_none=True)
async def load_file_metadata(file_key: Key, caller: WorkspaceCaller) -> FileMetadata:
    """Type, size and age of a file."""
    async with caller.transaction() as connection:
        file = await find_file(connection, caller.principal, file_key)
    return FileMetadata(
        mime_type=file.content_type, size_in_bytes=file.blob.size, last_modified=file.edited_at
    )


@router.get("/load_file_preview", response_model=FilePreview, response_model_exclude_none=True)
async def load_file_preview(
    file_key: Key,
    caller: WorkspaceCaller,
    file_size_in_bytes: int | None = None,
    file_mime_type: str | None = None,
    read_bytes_from: Annotated[int, Query(ge=0, le=_MOST_OFFSET)] = 0,
    read_bytes_length: Annotated[int, Query(ge=0, le=_MOST_OFFSET)] = _PREVIEW_BYTES,
    csv_separator: str | None = None,
    csv_has_header: bool | None = None,
) -> FilePreview:
    """Some of a file as text, at most a MiB; size and type are known here and need not be told."""
    del file_size_in_bytes, file_mime_type
    if csv_separator is not None or csv_has_header is not None:
        raise InvalidInput("csv_separator", "is not heeded: a preview is the text as it is")
    async with caller.transaction() as connection:
        file = await find_file(connection, caller.principal, file_key)
    until = read_bytes_from + min(read_bytes_length, _MOST_PREVIEW_BYTES)
    read = caller.context.blobs.stream(file.blob, read_bytes_from, until)
    data = b"".join([piece async for piece in read])
    if b"\x00" in data:
        return FilePreview(content_type="Unknown", msg="this is no text, and can't be shown as such")
    is_csv = file_key.lower().endswith(".csv")
    return FilePreview(content_type="Csv" if is_csv else "RawText", content=data.decode("utf-8", "replace"))


@router.get("/check_s3_folder_exists", response_model=FileExists)
async def check_s3_folder_exists(
    file_key: Key, caller: WorkspaceCaller, marker_file: str | None = None
) -> FileExists:
    """Whether there is a file under a key, or any below it; with a marker only where that is below it."""
    check.require_file_access(caller.principal)
    key = file_key.rstrip("/")
    async with caller.transaction() as connection:
        is_file, is_folder = await files.exists(connection, caller.workspace, key)
        if marker_file is not None:
            is_folder, _ = await files.exists(connection, caller.workspace, f"{key}/{marker_file}")
    return FileExists(exists=is_file or is_folder, is_folder=is_folder)


@router.get("/test_connection", response_model=bool)
async def dataset_storage_test_connection(caller: WorkspaceCaller) -> bool:
    """True where the store takes, gives and removes; refused with the reason where it does not."""
    check.require_file_access(caller.principal)
    await caller.context.blobs.try_out()
    return True


@router.get("/storage_usage", response_model=StorageUsage)
async def get_storage_usage(caller: WorkspaceCaller, refresh: bool = False) -> StorageUsage:
    """How much the files of the workspace have together; always as it is now."""
    del refresh
    check.require_file_access(caller.principal)
    async with caller.transaction() as connection:
        size, computed_at = await files.usage(connection, caller.workspace)
    storage = StorageBytes(storage=_DEFAULT, bytes=size, computed_at=computed_at)
    return StorageUsage(total_bytes=size, storages=[storage])


def _refuse_forms(request: Request) -> None:
    """Refuse what a foreign page can send along with somebody's cookie."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _FORMS and "authorization" not in request.headers:
        raise InvalidInput("Content-Type", "must be application/octet-stream")
