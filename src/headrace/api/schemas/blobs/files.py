"""Files of a workspace, in the shapes of the public contract."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class FileKey(BaseModel):
    """The key of a file that was uploaded."""

    file_key: str


class LargeFile(BaseModel):
    """A file in a list."""

    s3: str


class FileList(BaseModel):
    """Files in order of their keys; ``next_marker`` is there where more follow."""

    windmill_large_files: list[LargeFile]
    next_marker: str | None = None
    restricted_access: bool = False


class LevelFolder(BaseModel):
    """A folder at one level: all that has this prefix."""

    prefix: str
    name: str


class LevelFile(BaseModel):
    """A file at one level; ``size`` is in bytes."""

    key: str
    name: str
    size: int
    last_modified: datetime


class Level(BaseModel):
    """One level below a prefix; ``next_page_token`` is there where more follow."""

    folders: list[LevelFolder]
    files: list[LevelFile]
    next_page_token: str | None = None
    restricted_access: bool = False


class FileMetadata(BaseModel):
    """What is known of a file without its bytes."""

    mime_type: str | None = None
    size_in_bytes: int
    last_modified: datetime


class FilePreview(BaseModel):
    """Some of a file as text; ``msg`` says why there is none."""

    content_type: Literal["RawText", "Csv", "Parquet", "Unknown"]
    content: str | None = None
    msg: str | None = None


class FileExists(BaseModel):
    """Whether there is a file under a key, and whether there are any below it."""

    exists: bool
    is_folder: bool


class StorageBytes(BaseModel):
    """How much one storage holds."""

    storage: str
    bytes: int
    computed_at: datetime


class StorageUsage(BaseModel):
    """How much a workspace's files have together."""

    total_bytes: int
    storages: list[StorageBytes]


class FileObject(BaseModel):
    """A reference to a file as scripts hold it; ``presigned`` is the query of a link that needs no token."""

    s3: str
    storage: str | None = None
    filename: str | None = None
    presigned: str | None = None


class FilesToSign(BaseModel):
    """Body of ``sign_s3_objects``; ``expiry_secs`` is between a minute and a week, else the nearest."""

    s3_objects: list[FileObject] = Field(max_length=1000)
    expiry_secs: int | None = Field(default=None, ge=-(2**53), le=2**53)

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"s3_objects": [{"s3": "reports/today.csv"}], "expiry_secs": 3600}]}
    )
