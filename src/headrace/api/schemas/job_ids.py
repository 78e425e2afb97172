"""A list of jobs, by their ids, as a body."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body

from headrace.model.ids import JobId, parse_job_id

MOST_JOBS = 10_000
BATCH = 100
"""As many jobs are changed in one transaction."""

JobIds = Annotated[list[str], Body(max_length=MOST_JOBS, examples=[["01890a5d-ac96-774b-bcce-b302099a8057"]])]


def parse_job_ids(texts: list[str], field: str = "body") -> list[JobId]:
    """The ids, each once, in the order that they came in; raises InvalidInput naming the one that is none."""
    return list(dict.fromkeys(parse_job_id(text, f"{field}.{place}") for place, text in enumerate(texts)))


def batches(jobs: list[JobId]) -> list[list[JobId]]:
    """The same jobs in the same order, as many as one transaction takes at a time."""
    return [jobs[start : start + BATCH] for start in range(0, len(jobs), BATCH)]
