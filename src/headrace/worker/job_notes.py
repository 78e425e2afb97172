"""What a job tells before its answer: pieces of its stream, and the arguments that its preprocessor made."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable

from headrace.errors import InvalidInput
from headrace.model.json_text import parse_object
from headrace.model.outcome import ErrorName, Outcome, failure
from headrace.sandbox.cage import Stop
from headrace.sandbox.frames import ARGUMENTS, STREAMED, Frame
from headrace.worker.job_stream import JobStream

KeepArguments = Callable[[bytes], Awaitable[None]]
"""Stores the arguments of ``main``, a JSON object."""


class JobNotes:
    """Takes the notes of one attempt. Arguments that can't be stored stop it."""

    def __init__(self, stream: JobStream, keep_arguments: KeepArguments | None, stop: Stop) -> None:
        """``keep_arguments`` is None where no preprocessor was asked for: nothing is kept then."""
        self._stream = stream
        self._keep_arguments = keep_arguments
        self._stop = stop
        self._problem: str | None = None

    async def take(self, frame: Frame) -> None:
        """Take one note."""
        if frame.kind == STREAMED:
            await self._stream.take(frame.payload)
        elif frame.kind == ARGUMENTS and self._keep_arguments is not None:
            try:
                parse_object(frame.payload, "what the preprocessor returned")
            except InvalidInput as error:
                self._problem = str(error)
                self._stop.set()
            else:
                await self._keep_arguments(frame.payload)

    def judge(self, outcome: Outcome) -> Outcome:
        """The outcome, or the failure that the arguments were."""
        if self._problem is None:
            return outcome
        failed = failure(ErrorName.INVALID_RESULT, self._problem, measures=outcome.measures)
        return dataclasses.replace(failed, teardown=outcome.teardown)
