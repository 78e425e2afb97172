"""Opens the blob store that the settings name."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from obstore.store import AzureStore, GCSStore, LocalStore, S3Store

from headrace.blobs.blobs import Blobs
from headrace.blobs.failures import translated
from headrace.errors import Misconfigured

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

    from headrace.settings import Secret, Settings

_RETRIES: RetryConfig = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}


def open_blobs(settings: Settings) -> Blobs:
    """The blob store of these settings; a folder is made where there is none. Raises Misconfigured.

    Nothing is asked of a store that is elsewhere: it may be away now and there later.
    """
    folder = blob_folder(settings)
    if folder is not None:
        return Blobs(_open_folder(folder), folder)
    with translated(settings.blob_store or ""):
        return Blobs(_open_service(settings))


def blob_folder(settings: Settings) -> Path | None:
    """The folder that blobs lie in; None where they lie elsewhere."""
    if settings.blob_store is None:
        return settings.data_dir / "blobs"
    url = urlsplit(settings.blob_store)
    return Path(unquote(url.path)) if url.scheme == "file" else None


def _open_folder(folder: Path) -> LocalStore:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Jobs run under other accounts than ours, and none of it is for them.
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(0o700)
    except OSError as error:
        raise Misconfigured(
            f"the blob folder {folder} can't be made ({error.strerror}): choose another --blob-store"
        ) from error
    return LocalStore(prefix=folder)


def _open_service(settings: Settings) -> ObjectStore:
    url = settings.blob_store or ""
    client: ClientConfig = {
        "timeout": "30s",
        "connect_timeout": "5s",
        "allow_http": (settings.blob_endpoint or "").startswith("http://"),
    }
    user, secret = _text(settings.blob_access_key), _text(settings.blob_secret_key)
    options: dict[str, Any] = {"client_options": client, "retry_config": _RETRIES}
    match urlsplit(url).scheme:
        case "s3":
            named = {"access_key_id": user, "secret_access_key": secret, "region": settings.blob_region}
            return S3Store.from_url(url, config=_given(endpoint=settings.blob_endpoint, **named), **options)
        case "az":
            named = {"account_name": user, "account_key": secret, "endpoint": settings.blob_endpoint}
            return AzureStore.from_url(url, config=_given(**named), **options)
        case _:
            named = {"service_account_key": secret, "base_url": settings.blob_endpoint}
            return GCSStore.from_url(url, config=_given(**named), **options)


def _text(secret: Secret | None) -> str | None:
    return secret.reveal() if secret is not None else None


def _given(**options: str | None) -> Any:
    return {name: value for name, value in options.items() if value is not None}
