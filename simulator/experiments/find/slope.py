"""The slope of the cost of matched supply over the share of flexible load, beside the published one."""

from collections.abc import Sequence

import msgspec
import numpy as np

from simulator.experiments.find.analysis import Row
from simulator.experiments.find.statistics import Interval, mean_interval
from simulator.experiments.plan.slopes import BETWEEN_SITES

COST = "matching_euros_per_mwh"

PERCENT_PER_SHARE = 100.0

PUBLISHED_SLOPE = -1.29
PUBLISHED_ERROR = 0.07
"""Euros per MWh by which costs change for each percent of flexible load, and the standard error, over 56 sets of three
countries: Riepin, Brown and Zavala, Spatio-temporal load shifting for truly clean computing (arXiv 2405.00036)."""

SAME_ORDER = 3.0
"""Factor within which two slopes are of the same order of magnitude: the square root of ten, rounded down."""


class Slope(msgspec.Struct, frozen=True, kw_only=True):
    """The change of cost in euros per MWh for each percent of flexible load, of loads that move as `panel` says.

    `per_percent` is the mean over the years of weather of the least squares' slope in each. `rigid` is the cost of a
    load that never moves.
    """

    panel: str
    per_percent: Interval
    rigid: Interval
    same_sign: bool
    same_order: bool

    @property
    def is_published(self) -> bool:
        """Return whether the load moves as in the published study."""
        return self.panel == BETWEEN_SITES


def slopes_of(rows: Sequence[Row]) -> list[Slope]:
    """Return the slope of each panel."""
    return [_slope(panel, [row for row in rows if row.case.panel == panel]) for panel in _panels(rows)]


def _panels(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.case.panel for row in rows))


def _slope(panel: str, rows: Sequence[Row]) -> Slope:
    percent = np.array([row.case.size * PERCENT_PER_SHARE for row in rows])
    costs = np.array([row.values(COST) for row in rows])
    apart = percent - percent.mean()
    found = mean_interval((apart @ costs / (apart @ apart)).tolist())
    return Slope(
        panel=panel,
        per_percent=found,
        rigid=mean_interval(costs[int(percent.argmin())].tolist()),
        same_sign=found.high < 0.0,
        same_order=found.mean < 0.0 and 1.0 / SAME_ORDER <= found.mean / PUBLISHED_SLOPE <= SAME_ORDER,
    )
