"""Bound on how well any alert can tell a heavy day within an hour of the moment at which 1.3 times its share is used.

`python -m bench.projection_bound [--record]` draws days of the synthetic machines' work, with the profile known
exactly. An observer who also knows the spread of days and of half hours decides an hour after the first such moment, by
the odds that the day ends above a limit of 1.2 usual days rather than below 90% of it; no alert that decides by then
does better. The table has the share of those heavy days that are missed where one light day in fifty is called an
overrun, and the light days that are called one where none is missed. Odds take the sum of the half hours that are left
as log-normal.
"""

import argparse

import numpy as np
from scipy.special import log_ndtr  # type: ignore[import-untyped]

from bench.record import record, table
from tests.exporter.synthetic_machines import CROSSING, LIMIT, MACHINES, STANDBY

DAYS = 100_000
STEPS = 6
"""Of five minutes in a half hour."""

WORK = {
    "office laptop": (8, 2 * STANDBY / 12),
    "habit that changes": (12, 2 * STANDBY / 12),
    "weekend machine": (12, 0.0),
}
"""Hours of work, and what standby has emitted before them, in hours of work."""

HEAD = ("machine", "heavy days that cross", "missed at 2% false alarms", "false alarms with none missed")


def figures(name: str) -> tuple[str, ...]:
    """Return a row of the table."""
    days, spell = MACHINES[name].day_spread ** 2, MACHINES[name].spell_spread ** 2
    hours, before = WORK[name]
    chance, halves = np.random.default_rng(1), 2 * hours
    rates = chance.lognormal(0.0, days**0.5, (DAYS, 1)) * chance.lognormal(0.0, spell**0.5, (DAYS, halves))
    usual = before + np.exp((days + spell) / 2) * np.arange(1, halves * STEPS + 1) / (2 * STEPS)
    used = before + np.cumsum(np.repeat(rates, STEPS, axis=1), axis=1) / (2 * STEPS)
    limit, above = LIMIT * usual[-1], used > CROSSING * usual
    crosses, heavy, light = above.any(axis=1), used[:, -1] > limit, used[:, -1] < 0.9 * limit
    seen = (
        np.minimum(above.argmax(axis=1) + 2 * STEPS, halves * STEPS - 1) // STEPS + 1
    )  # half hours whose rate is known
    rows, left = np.arange(DAYS), halves - seen
    variance = 1.0 / (1.0 / days + seen / spell)
    known = before + np.cumsum(rates, axis=1)[rows, seen - 1] / 2
    of_sum = np.expm1(spell) / np.maximum(left, 1)
    center = variance * np.cumsum(np.log(rates), axis=1)[rows, seen - 1] / spell + (spell - of_sum) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        high, low = (
            np.where(end > known, (np.log((end - known) / (left / 2)) - center) / np.sqrt(variance + of_sum), -np.inf)
            for end in (limit, 0.9 * limit)
        )
        odds = log_ndtr(-high) - log_ndtr(low)
    told, called = odds[crosses & heavy], np.sort(odds[crosses & light])[::-1]
    least = called[int(light.sum() / 50)]
    return (
        name,
        f"{told.size}",
        f"{np.mean(told <= least):.1%}",
        f"{np.sum(called >= told.min()) / light.sum():.1%}",
    )


def main() -> None:
    """Print the table, and keep it on demand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/projection_bound.md")
    options = parser.parse_args()
    shown = table(HEAD, [figures(name) for name in WORK])
    print(shown)
    if options.record:
        record("projection_bound", ["What any overrun alert can tell", __doc__.partition("\n\n")[2].strip(), shown])


if __name__ == "__main__":
    main()
