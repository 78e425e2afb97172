"""Routes that give a script's own client what it needs to reach the bucket of a resource."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import ValidationError

from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.routes.workspace.files import refuse_other_storages
from headrace.api.schemas.blobs.connection_settings import (
    ClientKwargs,
    DuckdbSettings,
    PolarsSettings,
    ProxiedBucket,
    S3FsArgs,
    S3Resource,
    StorageOptions,
    WhichStorage,
)
from headrace.errors import InvalidInput
from headrace.lifecycle.values.interpolate import interpolate
from headrace.model.path import check_path
from headrace.permissions import check

router = APIRouter(prefix="/w/{workspace}/job_helpers/v2", tags=["helpers"], route_class=CheckedRoute)


async def _read_bucket(body: WhichStorage, caller: WorkspaceCaller) -> S3Resource:
    """The bucket of a resource that the caller may read; it is they whose credentials these are."""
    path = body.s3_resource_path
    if not path:
        # The installation's own credentials open every workspace's files and results.
        raise InvalidInput(
            "s3_resource_path",
            "is needed: the workspace's own files lie in a store whose credentials are not given out; read"
            " and write them by load_s3_file and write_s3_file",
        )
    path = path.removeprefix("$res:")
    check_path(path)
    async with caller.transaction() as connection:
        value = await interpolate(connection, caller.context.vault, caller.principal, path)
    try:
        return S3Resource.model_validate(json.loads(value))
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"]) or "its value"
        raise InvalidInput(
            "s3_resource_path", f"{path} describes no S3 bucket: {field} is missing or odd"
        ) from None


Bucket = Annotated[S3Resource, Depends(_read_bucket)]


@router.post("/s3_resource_info", response_model=S3Resource, response_model_exclude_none=True)
async def s_3_resource_info(bucket: Bucket) -> S3Resource:
    """The bucket of a resource as it is described there."""
    return bucket


@router.post("/polars_connection_settings", response_model=PolarsSettings, response_model_exclude_none=True)
async def polars_connection_settings_v2(bucket: Bucket) -> PolarsSettings:
    """The same in the words of polars and s3fs."""
    return PolarsSettings(
        s3fs_args=S3FsArgs(
            endpoint_url=_url(bucket),
            key=bucket.accessKey,
            secret=bucket.secretKey,
            use_ssl=bucket.useSSL,
            client_kwargs=ClientKwargs(region_name=bucket.region),
        ),
        storage_options=StorageOptions(
            aws_endpoint_url=_url(bucket),
            aws_access_key_id=bucket.accessKey,
            aws_secret_access_key=bucket.secretKey,
            aws_region=bucket.region,
            aws_allow_http="false" if bucket.useSSL else "true",
        ),
    )


@router.post("/duckdb_connection_settings", response_model=DuckdbSettings)
async def duckdb_connection_settings_v2(bucket: Bucket) -> DuckdbSettings:
    """The same as statements for DuckDB."""
    options = {
        "s3_url_style": "path" if bucket.pathStyle else "vhost",
        "s3_region": bucket.region,
        "s3_endpoint": _host(bucket),
        "s3_access_key_id": bucket.accessKey,
        "s3_secret_access_key": bucket.secretKey,
    }
    lines = [f"SET {name}={_quoted(value)};" for name, value in options.items() if value]
    lines.append(f"SET s3_use_ssl={int(bucket.useSSL)};")
    return DuckdbSettings(connection_settings_str="\n".join(["INSTALL httpfs;", "LOAD httpfs;", *lines]))


@router.get("/s3_proxy_bucket", response_model=ProxiedBucket)
async def s_3_proxy_bucket(caller: WorkspaceCaller, storage: str | None = None) -> ProxiedBucket:
    """None: the server speaks no S3 itself, and clients connect to the bucket of a resource."""
    refuse_other_storages(storage)
    check.require_file_access(caller.principal)
    return ProxiedBucket(bucket=None)


def _host(bucket: S3Resource) -> str:
    """Resources name the end point with or without its scheme."""
    return bucket.endPoint.rpartition("://")[2].rstrip("/")


def _url(bucket: S3Resource) -> str:
    return f"{'https' if bucket.useSSL else 'http'}://{_host(bucket)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
