"""The blob store, in a folder."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headrace.blobs.blobs import Blobs, new_name
from headrace.blobs.places import open_blobs
from headrace.errors import Damaged, Misconfigured, TooLarge, Unavailable
from headrace.model.blob import PIECE_BYTES, Blob, read_blob, write_blob
from headrace.settings import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a folder" / "blobs"


@pytest.fixture
def blobs(folder: Path) -> Blobs:
    return open_blobs(Settings(blob_store=folder.as_uri()))


async def parts(data: bytes, size: int) -> AsyncIterator[bytes]:
    for offset in range(0, len(data), size):
        yield data[offset : offset + size]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def move(folder: Path, new: Path) -> None:
    folder.rename(new)


def noise(size: int) -> bytes:
    return (hashlib.sha512(b"noise").digest() * (size // 64 + 1))[:size]


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 5 * PIECE_BYTES + 7])
async def test_what_is_put_is_read_back_whole_or_in_parts(blobs: Blobs, size: int):
    data = noise(size)
    blob = await blobs.put(new_name("files", "acme"), parts(data, 700_001))
    assert blob == await blobs.put(blob.name, data)
    assert blob.size == size
    assert read_blob(write_blob(blob)) == blob
    assert await blobs.read(blob) == data
    for start, end in ((0, 1), (size // 2, size), (PIECE_BYTES - 1, PIECE_BYTES + 1), (3, size - 1), (9, 5)):
        got = b"".join([piece async for piece in blobs.stream(blob, start, end)])
        assert got == data[start : max(start, end)]


async def test_the_folder_is_for_its_owner_alone(blobs: Blobs, folder: Path):
    await blobs.put(new_name("files", "acme"), b"1")
    assert await asyncio.to_thread(mode, folder) == 0o700


async def test_wrong_bytes_are_never_handed_on(blobs: Blobs, folder: Path):
    data = noise(3 * PIECE_BYTES)
    blob = await blobs.put(new_name("files", "acme"), data)
    with (folder / blob.name).open("r+b") as file:
        file.seek(2 * PIECE_BYTES + 5)
        file.write(b"!")
    pieces = blobs.stream(blob)
    assert await anext(pieces) + await anext(pieces) == data[: 2 * PIECE_BYTES]
    with pytest.raises(Damaged, match="piece 2 is not what was stored"):
        await anext(pieces)
    (folder / blob.name).write_bytes(data[:-1])
    with pytest.raises(Damaged, match="shorter"):
        await blobs.read(blob)


async def test_one_that_is_missing_is_told(blobs: Blobs):
    blob = await blobs.put(new_name("files", "acme"), b"1")
    await blobs.delete([blob.name, blob.name])
    with pytest.raises(Damaged, match="is missing"):
        await blobs.read(blob)


async def test_nothing_is_left_of_what_breaks_off_or_is_too_large(blobs: Blobs, folder: Path):
    async def broken() -> AsyncIterator[bytes]:
        yield noise(7 * PIECE_BYTES)
        raise ConnectionError("gone")

    with pytest.raises((ConnectionError, Unavailable)):
        await blobs.put(new_name("files", "acme"), broken())
    with pytest.raises(TooLarge, match="is larger than 2 MB"):
        await blobs.put(new_name("files", "acme"), parts(noise(3 * PIECE_BYTES), 1000), 2 * PIECE_BYTES)
    assert not files(folder)


async def test_a_store_that_is_away_is_said_to_be_so_and_nothing_is_made_in_its_place(
    blobs: Blobs, folder: Path
):
    blob = await blobs.put(new_name("files", "acme"), b"1")
    elsewhere = folder.with_name("elsewhere")
    move(folder, elsewhere)
    for deed in (blobs.put("files/acme/2", b"2"), blobs.read(blob), blobs.delete([blob.name])):
        with pytest.raises(Unavailable):
            await deed
    # Moving it back would fail if something had been made there.
    move(elsewhere, folder)
    assert await blobs.read(blob) == b"1"


async def test_a_service_that_does_not_answer_is_given_up_in_time():
    settings = Settings(blob_store="s3://bucket/prefix", blob_endpoint="http://127.0.0.1:9", blob_region="x")
    blobs = open_blobs(settings)
    with pytest.raises(Unavailable):
        await blobs.read(Blob("files/acme/1", 1, b""))


def test_a_folder_that_can_not_be_made_is_a_fault_of_the_operator(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="can't be made"):
        open_blobs(Settings(blob_store=(tmp_path / "file" / "blobs").as_uri()))
