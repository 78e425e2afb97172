"""The option ``retry`` of a run: a policy of the public contract, as JSON text."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from headrace.errors import InvalidInput
from headrace.model.json_text import parse_json_text
from headrace.model.retry import LONGEST_DELAY_SECONDS, MOST_RETRIES, Retry

Retries = Annotated[int, Field(ge=0, le=MOST_RETRIES)]
Seconds = Annotated[int, Field(ge=0, le=LONGEST_DELAY_SECONDS)]
Percent = Annotated[int, Field(ge=0, le=100)]


class Constant(BaseModel):
    """Retries at even distances."""

    model_config = ConfigDict(extra="forbid", strict=True)

    attempts: Retries = 0
    seconds: Seconds = 0


class Exponential(BaseModel):
    """Retries at growing distances: the k-th waits multiplier · seconds^k, ± random_factor percent."""

    model_config = ConfigDict(extra="forbid", strict=True)

    attempts: Retries = 0
    multiplier: Seconds = 1
    seconds: Seconds = 1
    random_factor: Percent = 0


class RetryPolicy(BaseModel):
    """Constant retries come first, then exponential ones."""

    model_config = ConfigDict(extra="forbid", strict=True)

    constant: Constant | None = None
    exponential: Exponential | None = None
    retry_if: object = None

    def retry(self) -> Retry:
        """The same in our own words; raises InvalidInput for a condition."""
        if self.retry_if is not None:
            raise InvalidInput("retry.retry_if", "conditions are not supported; leave it out")
        constant, exponential = self.constant or Constant(), self.exponential or Exponential()
        return Retry(
            constant_retries=constant.attempts,
            constant_seconds=constant.seconds,
            exponential_retries=exponential.attempts,
            multiplier=exponential.multiplier,
            base_seconds=max(exponential.seconds, 1),
            random_percent=exponential.random_factor,
        )


def read_retry_option(text: str | None) -> Retry | None:
    """A policy from its JSON text; raises InvalidInput naming the part of it that is wrong."""
    if text is None:
        return None
    try:
        return RetryPolicy.model_validate(parse_json_text(text, "retry")).retry()
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(("retry", *map(str, fault["loc"])))
        problem = fault["msg"]
        raise InvalidInput(field, f"{problem[:1].lower()}{problem[1:]}") from None
