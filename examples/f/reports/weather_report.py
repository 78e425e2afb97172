# extra_requirements:
# pandas>=2.2
"""A weather report from daily observations: key figures, a table of months, a chart."""

import base64
import io
from datetime import date
from typing import Any, Literal

import pandas as pd
import wmill
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

OBSERVATIONS = "f/reports/weather_observations"

INK, WARM, MILD, RAIN = "#334155", "#c2410c", "#fed7aa", "#0369a1"


def main(
    location: Literal["Seattle", "New York"] = "Seattle",
    since: date | None = None,
    until: date | None = None,
    smoothing_days: int = 7,
    wet_day_mm: float = 1.0,
) -> dict[str, Any]:
    """Report the weather of a place month by month, against what is usual there.

    Args:
        location: Where the observations were made.
        since: First day of the report; the first one observed if left out.
        until: Last day of the report; the last one observed if left out.
        smoothing_days: The chart's temperatures are means over this many days.
        wet_day_mm: A day with at least this much rain counts as wet.
    """
    every_day = read_days(location)
    days = every_day.truncate(since, until)
    if days.empty:
        raise ValueError(f"no observations of {location} from {since or 'the start'} to {until or 'the end'}")
    print(f"{location}: {len(days):,} of {len(every_day):,} days, from {days.index[0]:%d %B %Y}")

    months = by_month(days, wet_day_mm)
    print(f"{len(months)} months, {months['rain mm'].sum():,.0f} mm of rain")

    chart = as_png(draw(location, days, months, smoothing_days))
    print(f"Chart drawn, {len(chart) / 1024:.0f} kB")

    rows = months.rename_axis("month").reset_index().astype({"month": str})
    return {
        "render_all": [
            {"md": headlines(location, days, months)},
            {"table-row-object": [list(rows), *rows.to_dict("records")]},
            {"png": base64.b64encode(chart).decode()},
        ]
    }


def read_days(location: str) -> pd.DataFrame:
    """The days observed at a place, by date, with their mean temperature and what is usual in the month."""
    table = pd.read_csv(io.StringIO(wmill.get_resource(OBSERVATIONS)["csv"]), parse_dates=["date"])
    days = table[table["location"] == location].set_index("date").sort_index()
    days["temp_mean"] = (days["temp_min"] + days["temp_max"]) / 2
    days["temp_usual"] = days.groupby(days.index.month)["temp_mean"].transform("mean")
    return days


def by_month(days: pd.DataFrame, wet_day_mm: float) -> pd.DataFrame:
    """One row for each month, rounded to what is worth reading."""
    months = days.assign(wet=days["precipitation"] >= wet_day_mm).groupby(days.index.to_period("M"))
    table = pd.DataFrame(
        {
            "mean °C": months["temp_mean"].mean(),
            "usual °C": months["temp_usual"].mean(),
            "warmest °C": months["temp_max"].max(),
            "coldest °C": months["temp_min"].min(),
            "rain mm": months["precipitation"].sum(),
            "wet days": months["wet"].sum(),
        }
    )
    return table.round(1)


def headlines(location: str, days: pd.DataFrame, months: pd.DataFrame) -> str:
    """The key figures as Markdown."""
    mean, rain = days["temp_mean"].mean(), days["precipitation"]
    surplus = mean - days["temp_usual"].mean()
    side = "above" if surplus >= 0 else "below"
    return f"""\
## {location}, {days.index[0]:%B %Y} to {days.index[-1]:%B %Y}

- Mean temperature **{mean:.1f} °C**, {abs(surplus):.1f} °C {side} what is usual
- Warmest day: **{days["temp_max"].max():.1f} °C** on {days["temp_max"].idxmax():%d %B %Y}
- Coldest night: **{days["temp_min"].min():.1f} °C** on {days["temp_min"].idxmin():%d %B %Y}
- Rain: **{rain.sum():,.0f} mm** on {months["wet days"].sum()} wet days
- Wettest day: **{rain.max():.1f} mm** on {rain.idxmax():%d %B %Y}
"""


def draw(location: str, days: pd.DataFrame, months: pd.DataFrame, smoothing_days: int) -> Figure:
    """Temperature above, rain below, over one time axis."""
    figure = Figure(figsize=(9, 5), dpi=100, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    draw_temperature(above, days, months, smoothing_days)
    draw_rain(below, months)

    above.set_title(f"Weather in {location}", loc="left", fontsize=14, fontweight="bold", color=INK)
    dates = AutoDateLocator(maxticks=13)
    below.xaxis.set_major_locator(dates)
    below.xaxis.set_major_formatter(ConciseDateFormatter(dates))
    for axes in (above, below):
        axes.margins(x=0.01)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#e2e8f0")
        axes.set_axisbelow(True)
        axes.spines[["left", "bottom"]].set_color(INK)
        axes.tick_params(colors=INK)
        axes.yaxis.label.set_color(INK)
    return figure


def draw_temperature(axes: Axes, days: pd.DataFrame, months: pd.DataFrame, smoothing_days: int) -> None:
    """The band from coldest to warmest with its mean, and the mean that is usual."""
    smooth = (
        days[["temp_min", "temp_max", "temp_mean"]].rolling(smoothing_days, min_periods=1, center=True).mean()
    )
    axes.fill_between(
        smooth.index, smooth["temp_min"], smooth["temp_max"], color=MILD, lw=0, label="night to day"
    )
    axes.plot(smooth.index, smooth["temp_mean"], color=WARM, lw=1.6, label=f"mean over {smoothing_days} days")
    axes.plot(middles(months), months["usual °C"], color=INK, lw=1.2, ls="--", label="usual")
    axes.set_ylabel("Temperature, °C")
    axes.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False, labelcolor=INK, borderaxespad=0.2
    )


def draw_rain(axes: Axes, months: pd.DataFrame) -> None:
    """A bar for each month, with its sum on top as long as there is room."""
    lengths = months.index.days_in_month
    bars = axes.bar(middles(months), months["rain mm"], width=0.8 * lengths, color=RAIN)
    if len(months) <= 24:
        axes.bar_label(bars, fmt="%.0f", fontsize=8, color=INK, padding=1)
        axes.margins(y=0.2)
    axes.set_ylabel("Rain, mm")


def middles(months: pd.DataFrame) -> pd.DatetimeIndex:
    """The middle of each month."""
    return months.index.to_timestamp() + pd.to_timedelta(months.index.days_in_month / 2, unit="D")


def as_png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
