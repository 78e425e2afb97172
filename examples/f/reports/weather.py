"""Daily weather observations and what can be told from them.

A library for the other scripts of this folder: without a ``main`` it can be imported, not run.
"""

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

import wmill

OBSERVATIONS = "f/reports/weather_observations"


@dataclass(frozen=True)
class Day:
    """The weather of one day at one place: degrees Celsius, millimetres, metres per second."""

    date: date
    coldest: float
    warmest: float
    rain: float
    wind: float


def read_days(location: str) -> list[Day]:
    """All days observed at a place, in order; raises ValueError for a place without any."""
    table = wmill.get_resource(OBSERVATIONS)["csv"]
    days = [_day(row) for row in csv.DictReader(table.splitlines()) if row["location"] == location]
    if not days:
        raise ValueError(f"{OBSERVATIONS} has no observations of {location!r}")
    return sorted(days, key=lambda day: day.date)


def spells(days: Iterable[Day], condition: Callable[[Day], bool]) -> list[list[Day]]:
    """Every unbroken run of days that meet the condition. Days are in order; a gap ends a run."""
    met = [day for day in days if condition(day)]
    # Along consecutive days, date and position grow in step: their difference names the run.
    runs = groupby(enumerate(met), key=lambda pair: pair[1].date.toordinal() - pair[0])
    return [[day for _, day in run] for _, run in runs]


def _day(row: dict[str, str]) -> Day:
    return Day(
        date=date.fromisoformat(row["date"]),
        coldest=float(row["temp_min"]),
        warmest=float(row["temp_max"]),
        rain=float(row["precipitation"]),
        wind=float(row["wind"]),
    )
