"""The API keeps to its own description, whatever is sent: schemathesis makes requests from the document."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.openapi import from_dict

from headrace.api.app import make_app
from tests.ground.people import WORKSPACE
from tests.integration.api.callers import Api, PlayedWorker, deploy, run

PATH = "u/alice/x"
PARTS = 4
"""Of the document at length, so that several processes can share it."""
load_all_checks()
CHECKED = CHECKS.get_by_names(
    ["status_code_conformance", "content_type_conformance", "response_schema_conformance"]
)


@pytest.mark.timeout(300)
async def test_the_api_keeps_to_its_description(api: Api, url: str, worker: PlayedWorker):
    """A few requests for each operation, in turns by a superadmin and by a member."""
    there = await furnish(api, worker)
    callers = itertools.cycle(["superadmin", "alice"])
    faults = [
        fault
        for operation in operations()
        for fault in await fuzz(operation, url, api.tokens[next(callers)], there, examples=1)
    ]
    assert not faults, "\n\n".join(faults)


@pytest.mark.long
async def test_the_events_of_a_job_that_has_ended_keep_to_their_description(
    api: Api, url: str, worker: PlayedWorker
):
    there = await furnish(api, worker)
    [operation] = [one for one in operations() if one.path.endswith("/getupdate_sse/{id}")]
    case = operation.Case(path_parameters={"workspace": WORKSPACE, "id": there["id"][0]})
    headers = {"Authorization": f"Bearer {api.tokens['alice']}"}
    answer = await asyncio.to_thread(case.call, base_url=url, headers=headers)
    assert answer.status_code == 200
    assert broken(case, answer) == []


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", ["superadmin", "alice"])
async def test_the_api_keeps_to_its_description_at_length(
    api: Api, url: str, worker: PlayedWorker, name: str, part: int
):
    there = await furnish(api, worker)
    faults = [
        fault
        for operation in itertools.islice(operations(), part, None, PARTS)
        for fault in await fuzz(operation, url, api.tokens[name], there, examples=200)
    ]
    assert not faults, "\n\n".join(faults)


def operations() -> Iterator[Any]:
    """Every operation that the document has. Of a stream, which may never end, the first event is read."""
    document = from_dict(make_app().openapi())
    document.config.max_stream_events = 1
    document.config.update(request_timeout=60)  # a busy machine is not a fault
    for found in document.get_all_operations():
        assert isinstance(found, Ok), found
        yield found.ok()


async def fuzz(operation: Any, url: str, token: str, there: dict[str, list[str]], examples: int) -> list[str]:
    """Send so many requests to an operation; what broke the description."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        return await asyncio.to_thread(try_operation, operation, url, session, there, examples)


async def furnish(api: Api, worker: PlayedWorker) -> dict[str, list[str]]:
    """Something to find: a script, a job that ended, one that runs, one that waits. Parts of addresses."""
    version = await deploy(api.alice, PATH)
    jobs = [await run(api.alice, PATH) for _ in range(3)]
    await worker.end(await worker.take(), b'{"x": [1]}')
    await worker.write(await worker.take(), 0, "a line\n")
    return {
        "workspace": [WORKSPACE],
        "path": [PATH],
        "id": jobs,
        "job": jobs,
        "job_id": jobs,
        "hash": [version],
        "language": ["python3"],
        "kind": ["script"],
    }


def try_operation(
    operation: Any, url: str, session: requests.Session, there: dict[str, list[str]], examples: int
) -> list[str]:
    """What broke at one operation, each way once. Every second request is for what is there."""
    faults: dict[str, str] = {}
    count = 0

    @given(case=operation.as_strategy())
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    def send(case: Any) -> None:
        nonlocal count
        count += 1
        for part, values in there.items():
            if part in case.path_parameters and (count % 2 or part == "workspace"):
                case.path_parameters[part] = values[count // 2 % len(values)]
        answer = case.call(base_url=url, session=session)
        for what in broken(case, answer):
            faults.setdefault(
                what[:100], f"{case.as_curl_command()}\n{answer.status_code} {answer.text[:300]}\n{what}"
            )

    send()
    return list(faults.values())


def broken(case: Any, answer: Any) -> list[str]:
    """In what an answer breaks the description, or tells of our insides."""
    told: list[str] = []
    if answer.status_code == 500 or re.search('Traceback|asyncpg|File "', answer.text):
        told.append("a fault of ours")
    try:
        case.validate_response(answer, checks=CHECKED)
    except FailureGroup as group:
        told.extend(f"{type(failure).__name__}: {failure.message}" for failure in group.exceptions)
    return told
