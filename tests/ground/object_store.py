"""An S3 on this machine: a process of its own that keeps everything in memory."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import httpx

from tests.ground.processes import Process

_BUCKET, _PREFIX = "headrace", "kept"
_KEY = "{http://s3.amazonaws.com/doc/2006-03-01/}Key"


@dataclass(frozen=True)
class ObjectStore:
    """A bucket, looked at from beside Headrace."""

    url: str

    @property
    def settings(self) -> dict[str, str]:
        """What a server and a worker are told of it."""
        return {
            "blob_store": f"s3://{_BUCKET}/{_PREFIX}",
            "blob_endpoint": self.url,
            "blob_region": "eu-central-1",
            "blob_access_key": "a key",
            "blob_secret_key": "its secret",
        }

    async def names(self) -> list[str]:
        """What lies in it: at most a thousand names, each below the prefix."""
        async with self._client() as client:
            listed = (await client.get("")).raise_for_status().text
        keys = [str(key.text) for key in ET.fromstring(listed).iter(_KEY)]
        assert all(key.startswith(f"{_PREFIX}/") for key in keys), keys
        return [key.removeprefix(f"{_PREFIX}/") for key in keys]

    async def sha256(self, name: str) -> str:
        """The hash of what lies under a name."""
        async with self._client() as client:
            found = (await client.get(f"{_PREFIX}/{name}")).raise_for_status()
        return hashlib.sha256(found.content).hexdigest()

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"{self.url}/{_BUCKET}", timeout=30, trust_env=False)


@asynccontextmanager
async def running_object_store() -> AsyncIterator[ObjectStore]:
    """An S3 with an empty bucket; both are gone when the block is over."""
    process = Process(
        "S3",
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        ),
    )
    try:
        url = (await process.says("Running on http://")).rpartition(" ")[2]
        async with httpx.AsyncClient(trust_env=False) as client:
            (await client.put(f"{url}/{_BUCKET}")).raise_for_status()
        yield ObjectStore(url)
    finally:
        await process.kill()
