"""The budgets: each day of the last weeks against its limit, how the periods burn down, and where they lead."""

from collections.abc import Iterator

from grafana_foundation_sdk.models import dashboard, prometheus

from grafana.board import Row
from grafana.colours import BAD, COMPONENTS, FAINT, PLAIN
from grafana.device import NO_BUDGET
from grafana.device_carbon.budgets import burn_down, in_grams
from grafana.joined import looks
from grafana.panels import Facts, Series, Target, rows
from grafana.promql import select
from prometheus.recording import CONSUMED

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

FIRST_WEEKDAY = 4
"""Days from the beginning of a step of seven days, a Thursday as 1970-01-01 was, to the Monday of its row."""

SHADES = {None: FAINT, 0.5: PLAIN, 0.8: COMPONENTS["memory"], 1.0: BAD}
"""Share of a day's limit from which on the day has the colour: half, most, and all of it."""

USED = select(CONSUMED, period="day")
WEEKS = "35d"
DATE_PIXELS = 80
HEIGHT = 9


def row() -> Row:
    """Build the row of the calendar, the burn-downs of month and day, and the day with its projection."""
    panels = (
        _calendar(),
        burn_down("month", width=12, height=HEIGHT),
        burn_down("day", width=12),
        in_grams("day", width=12),
    )
    return Row(title="Budgets", panels=panels)


def _calendar() -> dashboard.Panel:
    """Draw weeks as rows and weekdays as columns: a table, because it alone shows a day as a number in a colour."""
    days = {name: f"max({_of_day(number)})" for number, name in enumerate(WEEKDAYS)}
    known = f"present_over_time({USED}[7d] offset {_back(FIRST_WEEKDAY + 7)})"
    week = f"1000 * max(vector(time() + {(FIRST_WEEKDAY + 0.5) * 86_400:.0f}) and on () ({known}))"
    facts = Facts(
        title="Days against the day's budget",
        description=(
            "Each day of the last five weeks: grams emitted / the day's limit at that time, from Monday to Sunday, "
            "whatever time the board shows. Blue up to 80%, darker from half on, orange above, red where the day was "
            "overspent. Today is what it has used so far. Days are those of the configured time zone where the browser "
            "is in it, too. Several devices: the one that used most of its own limit."
        ),
        unit="percentunit",
        no_value=NO_BUDGET,
        targets=(Target(expr=week, legend="week"), *(Target(expr=expr, legend=name) for name, expr in days.items())),
        series=(Series(name="Week of", unit="time:D MMM", pixels=DATE_PIXELS),),
        colour=FAINT,
        decimals=0,
        width=12,
        height=HEIGHT,
        shown=WEEKS,
        step="7d",
    )
    panel = rows(facts, columns={"week": "Week of", **{name: name for name in WEEKDAYS}})
    for target in panel.targets or ():
        if isinstance(target, prometheus.Dataquery):
            target.instant, target.range_val = False, True
    if panel.field_config is not None:
        panel.field_config.overrides += list(_shaded())
    return panel


def _of_day(number: int) -> str:
    """Return the used share of a weekday's end, by device: the highest of the 24 hours up to two in the night after it.

    Those hours hold the end of the day whichever way clocks were changed meanwhile.
    """
    return f"max_over_time({USED}[1d] offset {_back(FIRST_WEEKDAY + number + 1)})"


def _back(days: int) -> str:
    """Return the offset of a time so many days, and two hours, ahead."""
    return f"-{days}d2h"


def _shaded() -> Iterator[dashboard.DashboardFieldConfigSourceOverrides]:
    """Colour the cells of the weekdays by how much of the limit was used."""
    steps = [{"value": share, "color": colour} for share, colour in SHADES.items()]
    for name in WEEKDAYS:
        yield looks(
            name,
            {
                "custom.cellOptions": {"type": "color-background", "mode": "basic"},
                "custom.align": "center",
                "color": {"mode": "thresholds"},
                "thresholds": {"mode": "absolute", "steps": steps},
            },
        )
