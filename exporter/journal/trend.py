"""The trend of daily emissions: the median of the slopes between all pairs of days, with its interval.

P. K. Sen (1968), Estimates of the regression coefficient based on Kendall's tau, JASA 63. A few odd days do not move
it. The interval takes days as independent: habits that last for weeks make it too narrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from statistics import NormalDist, median

MOST_DAYS = 366
"""Days that a trend looks back at most: a year."""

FEWEST_DAYS = 10
"""Days that a trend needs. Judgement: with fewer the interval is nearly the whole range of slopes."""

LEVEL = 0.95
"""Level of the trend's interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Change of the grams of a day per week, its interval at `LEVEL`, and the number of days it rests on."""

    grams_per_day_per_week: float
    low: float
    high: float
    days: int


def trend(days: Sequence[tuple[int, float]]) -> Trend | None:
    """Return the trend of grams by the number of the day, from the latest days; None where they are too few."""
    days = sorted(days)[-MOST_DAYS:]
    count = len(days)
    if count < FEWEST_DAYS:
        return None
    slopes = sorted(7.0 * (after - before) / (end - start) for (start, before), (end, after) in combinations(days, 2))
    spread = NormalDist().inv_cdf(0.5 + LEVEL / 2) * sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(0, round((len(slopes) - spread) / 2) - 1)
    high = min(len(slopes) - 1, round((len(slopes) + spread) / 2))
    return Trend(grams_per_day_per_week=median(slopes), low=slopes[low], high=slopes[high], days=count)
