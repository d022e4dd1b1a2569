"""Accuracy of projected budgets, on synthetic machines over four years: what is promised, and two harder machines.

`python -m bench.projection_bench [--record]` prints projected over true grams as the lowest and highest median of any
hour of the day, the share of days that end below 90% of a limit of 1.2 usual days and are called an overrun all the
same, and how soon a day that ends above the limit is told once it has used more than 1.3 times its share. That is
counted from the first such moment after a fifth of the profile's day, from the first after a fifth of the day by the
clock, and, by the clock, from the first that lasts for an hour. "Low days that cross" are days below 90% that have such
a moment by the clock: what an alert that fires in that moment would call an overrun.
"""

import argparse
from collections.abc import Sequence
from statistics import median

from bench.record import record, table
from exporter.budget import Period
from tests.exporter.synthetic_machines import BEYOND, MACHINES, Day, Habit, Life, live

WEEKS = 53
SEEDS = range(4)
HOUR = 3600.0

HEAD = (
    "machine",
    "day",
    "month",
    "false alarms",
    "told within 1 h, by the profile's day",
    "by the clock",
    "of those that last",
    "median delay by the clock",
    "low days that cross",
)


def figures(name: str, habit: Habit) -> tuple[str, ...]:
    """Return a row of the table."""
    lives = [live(habit, WEEKS, seed) for seed in SEEDS]
    judged = [one for life in lives for one in life.judged()]
    low = [day for day, share in judged if share < 0.9]
    high = [day for day, share in judged if share > 1.0]
    fired = sum(day.fired_at is not None for day in low)
    crossed = sum(day.crossed_at is not None for day in low)
    first = _delays(high, "crossed_at")
    return (
        name,
        _medians(lives, Period.DAY),
        _medians(lives, Period.MONTH),
        f"{fired} of {len(low)} days ({fired / len(low):.1%})",
        _prompt(_delays(high, "crossed_by_profile_at")),
        _prompt(first),
        _prompt(_delays(high, "lasting_since")),
        f"{median(first) / HOUR:.1f} h" if first else "-",
        f"{crossed / len(low):.1%}",
    )


def _medians(lives: Sequence[Life], period: Period) -> str:
    by_hour: dict[int, list[float]] = {}
    for life in lives:
        for hour, ratios in life.ratios(period).items():
            by_hour.setdefault(hour, []).extend(ratios)
    medians = [median(ratios) for ratios in by_hour.values()]
    return f"{min(medians):.2f} to {max(medians):.2f}"


def _delays(days: Sequence[Day], since: str) -> list[float]:
    moments = [(getattr(day, since), day.fired_at) for day in days]
    return [float("inf") if fired is None else fired - moment for moment, fired in moments if moment is not None]


def _prompt(delays: Sequence[float]) -> str:
    return f"{sum(delay <= HOUR for delay in delays)} of {len(delays)}" if delays else "-"


def main() -> None:
    """Print the table, and keep it on demand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/projection.md")
    options = parser.parse_args()
    shown = table(HEAD, [figures(name, habit) for name, habit in (MACHINES | BEYOND).items()])
    print(shown)
    if options.record:
        record("projection", ["Budget projection on synthetic machines", __doc__.partition("\n\n")[2].strip(), shown])


if __name__ == "__main__":
    main()
