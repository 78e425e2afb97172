"""References in a job's arguments, resolved when it starts (features §7.4).

They are read through the API with the job's own token, as the job itself would: with its rights, and with a
row in the audit log for each secret. A worker has no key to decrypt anything. What is stored of the
arguments keeps the references.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import httpx

from headrace.errors import InvalidInput
from headrace.lifecycle.cancel import canceled
from headrace.model.outcome import ErrorName, Outcome, failure
from headrace.model.references import Reference, find_references, replace_references

if TYPE_CHECKING:
    from headrace.model.job import ClaimedJob
    from headrace.sandbox.cage import Stop

MOST_ARRAYS = 2
MOST_ITEMS = 1000
MOST_REFERENCES = 1000
MOST_CHARACTERS = 50_000_000
PATIENCE_SECONDS = 300.0
"""How long a server that does not answer is asked again."""

_LONGEST_PAUSE_SECONDS = 5.0


class _Unresolved(Exception):
    """A reference that leads to nothing that the job may have; the message is a sentence."""


async def resolve_arguments(
    api: httpx.AsyncClient, job: ClaimedJob, stop: Stop, most_seconds: float = PATIENCE_SECONDS
) -> bytes | Outcome:
    """A job's arguments with values in the places of references, or the failure that one of them is."""
    text = job.args.decode()
    spans = find_references(text, most_arrays=MOST_ARRAYS, most_items=MOST_ITEMS)
    if not spans:
        return job.args
    reading = asyncio.create_task(_read_all(api, job, [span.reference for span in spans]))
    stopping = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait(
            (reading, stopping), timeout=most_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if reading in done:
            return replace_references(text, spans, reading.result()).encode()
    except _Unresolved as error:
        return failure(ErrorName.REFERENCE, str(error))
    finally:
        reading.cancel()
        stopping.cancel()
    if stop.is_set():
        return canceled("the worker", None)
    return failure(
        ErrorName.REFERENCE, f"the server did not tell what the arguments refer to within {most_seconds:g} s"
    )


async def _read_all(
    api: httpx.AsyncClient, job: ClaimedJob, references: list[Reference]
) -> dict[Reference, str]:
    if len(references) > MOST_REFERENCES:
        raise _Unresolved(f"the arguments have {len(references)} references; the most is {MOST_REFERENCES}")
    values: dict[Reference, str] = {}
    size = 0
    for reference in references:
        if reference not in values:
            values[reference] = await _read(api, job, reference)
        size += len(values[reference])
        if size > MOST_CHARACTERS:
            raise _Unresolved(
                f"the arguments have more than {MOST_CHARACTERS} characters with what they refer to"
            )
    return values


async def _read(api: httpx.AsyncClient, job: ClaimedJob, reference: Reference) -> str:
    """The JSON text that a reference stands for; a server that is away is asked again."""
    try:
        path = reference.check()
    except InvalidInput as error:
        raise _Unresolved(str(error)) from None
    deed = "variables/get_value" if reference.kind == "variable" else "resources/get_value_interpolated"
    pause = 0.1
    while True:
        try:
            answer = await api.get(
                f"/api/w/{job.workspace}/{deed}/{path}", headers={"Authorization": f"Bearer {job.token}"}
            )
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.is_success:
            return answer.text
        if answer is not None and not answer.is_server_error and answer.status_code != 429:
            raise _Unresolved(f"{reference} can't be had as {job.permissioned_as}: {answer.text}")
        await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter, not a secret
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
