"""Which weather records fell since this script last ran."""

from collections.abc import Callable
from datetime import date
from typing import Any, Literal

import wmill

from .weather import Day, read_days

# What is measured, and the sign that makes the larger value the more extreme one.
RECORDS: dict[str, tuple[Callable[[Day], float], int]] = {
    "warmest day °C": (lambda day: day.warmest, +1),
    "coldest night °C": (lambda day: day.coldest, -1),
    "wettest day mm": (lambda day: day.rain, +1),
    "windiest day m/s": (lambda day: day.wind, +1),
}


def main(as_of: date, location: Literal["Seattle", "New York"] = "Seattle") -> dict[str, Any]:
    """Look at the days since the last run and list the records that they broke.

    The state keeps, for each place, the last day seen and the number of runs. Running again
    for the same day finds nothing new; running for an earlier one does not turn the state back.

    Args:
        as_of: The day to report on; later observations are left for a later run.
        location: Where the observations were made.
    """
    state = wmill.get_state() or {}
    last = state.get(location, {"runs": 0, "seen_until": None})
    seen_until = last["seen_until"] and date.fromisoformat(last["seen_until"])

    days = [day for day in read_days(location) if day.date <= as_of]
    known = [day for day in days if seen_until and day.date <= seen_until]
    new = days[len(known) :]
    print(f"{location}: {len(known)} days known, {len(new)} new")

    current = {
        "runs": last["runs"] + 1,
        "seen_until": new[-1].date.isoformat() if new else last["seen_until"],
    }
    records = broken_records(known, new)
    wmill.set_state({**state, location: current})
    return {"location": location, **current, "new_days": len(new), "records": records}


def broken_records(known: list[Day], new: list[Day]) -> list[dict[str, Any]]:
    """The records that the new days hold against the known ones; all of them if none are known."""
    broken = []
    for name, (measure, sign) in RECORDS.items():
        best = max(new, key=lambda day: sign * measure(day), default=None)
        standing = max(known, key=lambda day: sign * measure(day), default=None)
        if best and (not standing or sign * measure(best) > sign * measure(standing)):
            broken.append(
                {
                    "record": name,
                    "value": measure(best),
                    "on": best.date.isoformat(),
                    "before": measure(standing) if standing else None,
                    "before_on": standing.date.isoformat() if standing else None,
                }
            )
            print(f"  {name}: {measure(best)} on {best.date}")
    return broken
