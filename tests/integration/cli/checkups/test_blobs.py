"""What the doctor says of the blob store."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.blobs.places import open_blobs
from headrace.cli.checkups.blobs import check_blobs
from headrace.cli.checkups.finding import Health
from headrace.errors import Unavailable
from headrace.settings import Secret, Settings


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_folder_is_tried_out_and_left_as_it_was(tmp_path: Path):
    settings = Settings(data_dir=tmp_path / "data")
    [finding] = await check_blobs(settings)
    assert finding.text.endswith("made at the first start")
    assert not settings.data_dir.exists()
    open_blobs(settings)
    [finding] = await check_blobs(settings)
    assert finding.health is Health.OK
    assert finding.text.endswith("takes, gives and removes")
    assert not files(tmp_path)


async def test_a_service_that_does_not_answer_is_told(caplog: pytest.LogCaptureFixture):
    settings = Settings(
        blob_store="s3://bucket/prefix",
        blob_endpoint="http://127.0.0.1:9",
        blob_region="x",
        blob_access_key=Secret("somebody"),
        blob_secret_key=Secret("very-secret"),
    )
    with pytest.raises(Unavailable, match="can't be reached"):
        await check_blobs(settings)
    assert "very-secret" not in caplog.text
