"""The API on a real database and a real socket, for requests that nobody wrote."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import uvicorn

from headrace.cli.patient_http import PatientHttp
from tests.ground.fixtures import cluster, login, owner, people, roles, server_pool, worker_pool
from tests.integration.api.conftest import api, application, blobs, worker

if TYPE_CHECKING:
    from tests.integration.api.callers import Api

__all__ = [
    "api",
    "application",
    "blobs",
    "cluster",
    "login",
    "owner",
    "people",
    "roles",
    "server_pool",
    "worker",
    "worker_pool",
]


@pytest.fixture
async def url(api: Api) -> AsyncIterator[str]:
    """Where the API of this test is served."""
    context = api.app.state.context
    api.app.state.context = dataclasses.replace(
        context, settings=dataclasses.replace(context.settings, wait_result_seconds=0.02)
    )
    config = uvicorn.Config(api.app, port=0, http=PatientHttp, ws="none", lifespan="off", log_config=None)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    await server.shutdown()
