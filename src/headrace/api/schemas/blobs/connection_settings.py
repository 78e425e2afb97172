"""Settings by which a script's own client reaches a bucket, in the shapes of the public contract."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class WhichStorage(BaseModel):
    """Body of the three questions: the path of a resource of type ``s3``."""

    s3_resource_path: str | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"s3_resource_path": "f/data/bucket"}]})


class S3Resource(BaseModel):
    """A bucket as resources of type ``s3`` describe it."""

    bucket: str
    region: str
    endPoint: str  # noqa: N815 - the name that the public contract gives it
    useSSL: bool  # noqa: N815 - the same
    pathStyle: bool  # noqa: N815 - the same
    accessKey: str | None = None  # noqa: N815 - the same
    secretKey: str | None = None  # noqa: N815 - the same


class ClientKwargs(BaseModel):
    """Of s3fs."""

    region_name: str


class S3FsArgs(BaseModel):
    """Arguments of s3fs."""

    endpoint_url: str
    key: str | None = None
    secret: str | None = None
    use_ssl: bool
    cache_regions: bool = False
    client_kwargs: ClientKwargs


class StorageOptions(BaseModel):
    """Options of polars' own reader; all of them are texts."""

    aws_endpoint_url: str
    aws_access_key_id: str | None = None
    aws_secret_access_key: str | None = None
    aws_region: str
    aws_allow_http: str


class PolarsSettings(BaseModel):
    """What polars needs, by either way."""

    s3fs_args: S3FsArgs
    storage_options: StorageOptions


class ProxiedBucket(BaseModel):
    """The bucket that clients of S3 reach through the server; null where there is none."""

    bucket: str | None


class DuckdbSettings(BaseModel):
    """Statements for a session of DuckDB."""

    connection_settings_str: str
