"""The longest runs of like days: drought, rain, heat, frost."""

from typing import Any, Literal

from f.reports.weather import Day, read_days, spells

CONDITIONS = {
    "dry": lambda day: day.rain < 1.0,
    "wet": lambda day: day.rain >= 1.0,
    "heat": lambda day: day.warmest >= 30.0,
    "frost": lambda day: day.coldest < 0.0,
}


def main(
    location: Literal["Seattle", "New York"] = "Seattle",
    kind: Literal["dry", "wet", "heat", "frost"] = "dry",
    most: int = 10,
) -> list[dict[str, Any]]:
    """Rank the spells of one kind by their length, the longest first.

    Args:
        location: Where the observations were made.
        kind: dry is under 1 mm of rain a day, wet 1 mm or more; heat reaches 30 °C; frost falls below 0 °C.
        most: How many spells to list.
    """
    days = read_days(location)
    found = spells(days, CONDITIONS[kind])
    print(f"{location}: {len(found)} {kind} spells in {len(days)} days")

    ranked = sorted(found, key=len, reverse=True)[:most]
    return [describe(rank, spell) for rank, spell in enumerate(ranked, start=1)]


def describe(rank: int, spell: list[Day]) -> dict[str, Any]:
    """One row of the ranking."""
    return {
        "rank": rank,
        "days": len(spell),
        "from": spell[0].date.isoformat(),
        "to": spell[-1].date.isoformat(),
        "coldest °C": min(day.coldest for day in spell),
        "warmest °C": max(day.warmest for day in spell),
        "rain mm": round(sum(day.rain for day in spell), 1),
    }
