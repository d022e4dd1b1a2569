"""The budget alerts as data: one table of burn-rate windows, from which factors, rules and runbook are made.

A burn rate is (grams in the window / window) / (limit / period length); at 1 the budget lasts exactly to the
end of its period. The form of the table, two windows per alert, follows chapter 5 of Google's "The Site
Reliability Workbook" (2018); the fractions do not, because the machine's power bounds a carbon budget's burn rate.
"""

import re
from dataclasses import dataclass

from exporter.budget import Period
from exporter.core.units import Seconds

SECONDS_PER_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400}

PERIOD_SECONDS = {Period.DAY: Seconds(86400), Period.MONTH: Seconds(30 * 86400)}
"""Nominal lengths, for the factors only; the rules divide by the length that the exporter states."""

USED_WARNING_RATIO = 0.8
PROJECTION_WINDOW = "30m"
PROJECTION_MIN_ELAPSED_RATIO = 0.2
PROJECTION_MIN_ELAPSED_MONTH = "2d"


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnAlert:
    """Alert on the burn rate over two windows.

    `fraction` is the share of the period's budget that burns in the long window when the alert starts; `long`
    and `short` are PromQL durations, and the short one ends the alert soon after the burn ends. `advice` is a
    sentence that says what to do.
    """

    name: str
    period: Period
    fraction: float
    long: str
    short: str
    severity: str
    advice: str

    @property
    def factor(self) -> float:
        """The burn rate above which the alert fires."""
        return self.fraction * PERIOD_SECONDS[self.period] / seconds(self.long)


BURN_ALERTS = (
    BurnAlert(
        name="EcotrackDailyBudgetFastBurn",
        period=Period.DAY,
        fraction=0.25,
        long="1h",
        short="5m",
        severity="critical",
        advice=(
            "Look for a download, a stream or a long computation that began within the last hour, "
            "and pause or postpone it."
        ),
    ),
    BurnAlert(
        name="EcotrackDailyBudgetSlowBurn",
        period=Period.DAY,
        fraction=0.5,
        long="6h",
        short="30m",
        severity="warning",
        advice="Look for what keeps the processor or the network busy, and let the machine sleep while nobody uses it.",
    ),
    BurnAlert(
        name="EcotrackMonthlyBudgetFastBurn",
        period=Period.MONTH,
        fraction=0.1,
        long="1d",
        short="2h",
        severity="critical",
        advice="Look for a job or a transfer that began within the last day, and reduce or postpone it.",
    ),
    BurnAlert(
        name="EcotrackMonthlyBudgetSlowBurn",
        period=Period.MONTH,
        fraction=0.1,
        long="3d",
        short="6h",
        severity="warning",
        advice="Look for work that runs every day without need, and stop it.",
    ),
)


def seconds(duration: str) -> Seconds:
    """Return the length of a PromQL duration with one unit, such as "30m"; ValueError for any other text."""
    match = re.fullmatch(r"(\d+)([smhd])", duration)
    if match is None:
        raise ValueError(f"expected a duration such as 30m, got {duration!r}")
    return Seconds(int(match[1]) * SECONDS_PER_UNIT[match[2]])
