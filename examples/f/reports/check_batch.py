"""Whether a batch of new observations is fit to be stored. Standard library only."""

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

COLUMNS = ("location", "date", "precipitation", "temp_max", "temp_min", "wind")
PLAUSIBLE = {
    "precipitation": (0.0, 500.0),
    "temp_max": (-40.0, 50.0),
    "temp_min": (-50.0, 40.0),
    "wind": (0.0, 50.0),
}


def main(
    batch: bytes, received_at: datetime, late_after_days: int = 2, strict: bool = False
) -> dict[str, str]:
    """Check a CSV file of daily observations, and tell what is wrong with which line.

    Args:
        batch: The CSV file, UTF-8, with a header line.
        received_at: When the batch arrived; its last day should be recent then.
        late_after_days: How old the last day may be before the batch counts as late.
        strict: Fail the job if anything is wrong.
    """
    table = csv.DictReader(batch.decode("utf-8-sig").splitlines(), restval="")
    if missing := set(COLUMNS) - set(table.fieldnames or ()):
        raise ValueError(f"the batch has no column {', '.join(sorted(missing))}")

    rows = list(table)
    print(f"{len(batch):,} bytes, {len(rows)} observations, received {received_at:%d %B %Y at %H:%M}")

    problems = [f"Line {line}: {fault}" for line, row in enumerate(rows, 2) for fault in faults(row)]
    problems += calendar_faults(rows, received_at.date() - timedelta(days=late_after_days))
    if problems and strict:
        raise ValueError(f"{len(problems)} problems: {'; '.join(problems)}")
    return {"markdown": report(len(rows), problems)}


def faults(row: dict[str, str]) -> Iterator[str]:
    """What is wrong with one observation, looked at alone."""
    if not as_date(row["date"]):
        yield f"`{row['date']}` is not a date"
    for column, (least, most) in PLAUSIBLE.items():
        value = as_number(row[column])
        if value is None:
            yield f"{column} `{row[column]}` is not a number"
        elif not least <= value <= most:
            yield f"{column} {value:g} is not between {least:g} and {most:g}"
    coldest, warmest = as_number(row["temp_min"]), as_number(row["temp_max"])
    if coldest is not None and warmest is not None and coldest > warmest:
        yield f"temp_min {coldest:g} is above temp_max {warmest:g}"


def calendar_faults(rows: list[dict[str, str]], due: date) -> Iterator[str]:
    """Days that are there twice, that are missing in between, or that should be there by now."""
    for location in sorted({row["location"] for row in rows}):
        days = Counter(as_date(row["date"]) for row in rows if row["location"] == location)
        days.pop(None, None)
        if not days:
            continue
        first, last = min(days), max(days)
        for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
            if days[day] != 1:
                yield f"{location}: {day} is {'missing' if not days[day] else f'there {days[day]} times'}"
        if last < due:
            yield f"{location}: late, its last day is {last}"


def report(observations: int, problems: list[str]) -> str:
    """The findings as Markdown."""
    if not problems:
        return f"### Batch accepted\n\n{observations} observations, all of them complete and plausible."
    found = "\n".join(f"- {problem}" for problem in problems)
    return f"### Batch needs a look\n\n{observations} observations, {len(problems)} problems:\n\n{found}"


def as_date(text: str) -> date | None:
    """The date that a text holds, if it holds one."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def as_number(text: str) -> float | None:
    """The number that a text holds, if it holds one."""
    try:
        return float(text)
    except ValueError:
        return None
