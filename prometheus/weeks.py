"""Recording rules of the last seven days and of the seven before: grams and joules of each device.

They read the exporter's lifetime gauges, which go on over restarts and stand still while the device is off, so that a
week is the difference of two readings, whatever happened between them.
"""

from collections.abc import Iterator

from prometheus.recording import Group, Recording

INTERVAL = "4m"
"""Interval of evaluation; the series is read where it ends, and by boards that look back five minutes."""

WEEK_DAYS = 7

REACH = "2d"
"""Time before the beginning of a week in which the last reading is looked for: a device that is off then has the same
totals as before, and a laptop may be off for a weekend."""

REACH_STEP = "1h"
"""Times in it that are looked at. Each one costs, and what a device used in the hour before it went off moves from one
week to the other at most."""

GRAMS, JOULES = "ecotrack_lifetime_emissions_grams", "ecotrack_lifetime_energy_joules"


def week(quantity: str, *, before: bool = False) -> str:
    """Name the series of what a device used of `GRAMS` or `JOULES` in the last seven days, or in those before."""
    name = quantity.replace("_lifetime", "")
    return f"instance:{name}:{'week_before' if before else 'week'}"


def weeks_group() -> Group:
    """Return the rules; a device has series once it is known for two weeks."""
    return Group(name="ecotrack-weeks", interval=INTERVAL, rules=tuple(_rules()))


def _rules() -> Iterator[Recording]:
    for quantity in (GRAMS, JOULES):
        now, then, earlier = quantity, _ago(quantity, 1), _ago(quantity, 2)
        # A total that is lower than before has lost its past. Without both weeks there is nothing to compare.
        yield Recording(record=week(quantity, before=True), expr=f"{then}\n- {earlier} > 0")
        both = f"and on (job, instance)\n{week(quantity, before=True)}"
        yield Recording(record=week(quantity), expr=f"sum by (job, instance) ({now})\n- {then} > 0\n{both}")


def _ago(quantity: str, weeks: int) -> str:
    reading = f"last_over_time({quantity}[{REACH}:{REACH_STEP}] offset {WEEK_DAYS * weeks}d)"
    return f"sum by (job, instance) ({reading})"
