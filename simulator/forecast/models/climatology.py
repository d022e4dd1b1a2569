"""References that know the season, the week and the hour, and nothing of today: means of what was observed."""

from dataclasses import dataclass

import numpy as np

from exporter.core.units import DAYS_PER_WEEK
from simulator.arrays import FloatArray
from simulator.forecast.interface import Expected, ForecastError, Series, State, Steps, point, targets

SEASONS = 4
"""Meteorological seasons of a year."""

PRIOR_STEPS = 4.0
"""Weight, in observations, with which a cell leans on the mean of the hour over all cells, and that on the mean of
all: so a cell of few observations is not taken at its word. Assumed."""


@dataclass(frozen=True, slots=True)
class Climatology:
    """Means by hour and season; with `weekly`, by hour and day of the week. Of solar power, of the clear-sky index."""

    name: str = "climatology"
    weekly: bool = False
    draws: bool = False

    def fit(self, series: Series, seed: int) -> "FittedClimatology":  # noqa: ARG002 - the protocol's
        """See `Model.fit`."""
        steps = np.arange(len(series.values))
        known = np.isfinite(series.values) & (series.scale(steps) > 0)
        if not known.any():
            raise ForecastError(f"{self.name}: expected at least one observation, got none")
        steps = steps[known]
        groups = DAYS_PER_WEEK if self.weekly else SEASONS
        cells = self.cells(series, steps)
        sums, weights = (
            np.bincount(cells, weights=what, minlength=groups * series.horizons).reshape(groups, series.horizons)
            for what in (series.values[steps], series.scale(steps))
        )
        prior = PRIOR_STEPS * weights.sum() / known.sum()
        overall = sums.sum() / weights.sum()
        of_hour = (sums.sum(axis=0) + prior * overall) / (weights.sum(axis=0) + prior)
        return FittedClimatology(self, (sums + prior * of_hour) / (weights + prior))

    def restore(self, state: State) -> "FittedClimatology":
        """See `Model.restore`."""
        return FittedClimatology(self, state["means"])

    def cells(self, series: Series, steps: Steps) -> Steps:
        """Return the number of the cell to which each step belongs."""
        group = series.weekday(steps) if self.weekly else series.season(steps)
        cells: Steps = group * series.horizons + steps % series.horizons
        return cells


@dataclass(frozen=True, slots=True)
class FittedClimatology:
    """The means (groups, steps of a day) of a site, over the unit of the series."""

    model: Climatology
    means: FloatArray

    def expect(self, series: Series, origins: Steps) -> Expected:
        """See `Fitted.expect`."""
        steps = targets(series, origins)
        scale = series.scale(steps)
        return point(self.index(series, steps) * scale, scale)

    def index(self, series: Series, steps: Steps) -> FloatArray:
        """Return the mean index of the cells of steps."""
        return self.means.ravel()[self.model.cells(series, steps)]

    def state(self) -> State:
        """See `Fitted.state`."""
        return {"means": self.means}


def hour_of_week() -> Climatology:
    """Return the reference that knows the mean of each hour of the week."""
    return Climatology("hour of week", weekly=True)
