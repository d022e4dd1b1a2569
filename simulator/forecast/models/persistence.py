"""References that repeat what was: the last value or clear-sky index, the same hour of yesterday or of last week."""

from dataclasses import dataclass

import numpy as np

from exporter.core.units import DAYS_PER_WEEK
from simulator.arrays import FloatArray
from simulator.forecast.index import filled, observed_index
from simulator.forecast.interface import Expected, Series, State, Steps, point, targets


@dataclass(frozen=True, slots=True)
class Persistence:
    """The last value, which stays. Before the first, nothing is expected."""

    name: str = "persistence"
    draws: bool = False

    def fit(self, series: Series, seed: int) -> "Persistence":  # noqa: ARG002 - the protocol's
        """See `Model.fit`; there is nothing to learn."""
        return self

    def restore(self, state: State) -> "Persistence":  # noqa: ARG002 - the protocol's
        """See `Model.restore`."""
        return self

    def state(self) -> State:
        """See `Fitted.state`."""
        return {}

    def expect(self, series: Series, origins: Steps) -> Expected:
        """See `Fitted.expect`."""
        last = filled(series.values, 0.0)[origins]
        return point(np.repeat(last[:, np.newaxis], series.horizons, axis=1), _spread(series, origins))


@dataclass(frozen=True, slots=True)
class SmartPersistence:
    """The last clear-sky index, which stays, over night as well, while the clear sky takes its course."""

    name: str = "smart persistence"
    index: float = 1.0
    draws: bool = False

    def fit(self, series: Series, seed: int) -> "SmartPersistence":  # noqa: ARG002 - the protocol's
        """See `Model.fit`: only the index before the first observation is learnt, the mean of all."""
        known = observed_index(series, np.nan)
        return SmartPersistence(index=float(np.nanmean(known)) if np.isfinite(known).any() else self.index)

    def restore(self, state: State) -> "SmartPersistence":
        """See `Model.restore`."""
        return SmartPersistence(index=float(state["index"]))

    def state(self) -> State:
        """See `Fitted.state`."""
        return {"index": np.array(self.index)}

    def expect(self, series: Series, origins: Steps) -> Expected:
        """See `Fitted.expect`."""
        spread = _spread(series, origins)
        return point(observed_index(series, self.index)[origins][:, np.newaxis] * spread, spread)


@dataclass(frozen=True, slots=True)
class Earlier:
    """Each hour is as it was so many days before."""

    name: str
    days: int
    draws: bool = False

    def fit(self, series: Series, seed: int) -> "Earlier":  # noqa: ARG002 - the protocol's
        """See `Model.fit`; there is nothing to learn."""
        return self

    def restore(self, state: State) -> "Earlier":  # noqa: ARG002 - the protocol's
        """See `Model.restore`."""
        return self

    def state(self) -> State:
        """See `Fitted.state`."""
        return {}

    def expect(self, series: Series, origins: Steps) -> Expected:
        """See `Fitted.expect`; a missing hour is taken from the last that was observed before it."""
        before = np.maximum(targets(series, origins) - self.days * series.horizons, 0)
        seen = np.minimum(before, origins[:, np.newaxis])
        return point(filled(series.values, 0.0)[seen], _spread(series, origins))


def yesterday() -> Earlier:
    """Return the reference that repeats yesterday."""
    return Earlier("yesterday", 1)


def last_week() -> Earlier:
    """Return the reference that repeats the same day of last week."""
    return Earlier("last week", DAYS_PER_WEEK)


def _spread(series: Series, origins: Steps) -> FloatArray:
    """Return the unit (O, H) of errors."""
    return series.scale(targets(series, origins))
