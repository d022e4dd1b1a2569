"""The interface of probabilistic forecasts: what a forecaster is told of a site, and the quantiles that it returns."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from exporter.core.units import DAYS_PER_WEEK, HOURS_PER_DAY, SECONDS_PER_DAY, SECONDS_PER_HOUR, Seconds
from simulator.arrays import BoolArray, FloatArray
from simulator.energy.clear_sky import DAYS_PER_YEAR
from simulator.energy.interface import Site

LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Levels of the quantiles (Q,) of a forecast: the ends of the 90% and 80% bands, the median, and deciles between."""

HORIZON = Seconds(SECONDS_PER_DAY)
"""Longest horizon of a forecast: a day, within which the deferrable work of the shipped scenarios ends."""

HOURLY = Seconds(SECONDS_PER_HOUR)
"""Step of the series of supply and of grids: that of weather files and of the generated grid."""

MONTHS = 12
"""Months of a year, each of which has quantiles of its own."""

SUN_SHARE = 0.02
"""Share of the rated power that a cloudless sky must give for a step to count as day: the ratio of two figures that
are both nearly zero says nothing of the clouds. That is 20 W/m2; studies leave out the sun below 5 to 15 degrees (Yang
and others, Verification of deterministic solar forecasts, 2020)."""

Steps = NDArray[np.int64]
"""Numbers of steps, counted from the beginning of a series."""


class ForecastError(Exception):
    """A series, a model or a file that cannot be used; one line that says why."""


class Kind(StrEnum):
    """The quantities that are forecast: two kinds of supply in watts, and the grid's intensity in g/kWh."""

    SOLAR = "solar"
    WIND = "wind"
    INTENSITY = "intensity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Observations of a site, step by step from local standard midnight of the site's first day.

    `rated` is the power that the supply has by its plate, in watts, or a typical intensity in g/kWh: models measure by
    it. `values` (T,) are means of steps; one that is missing is NaN. `clear_sky` (T + H,) is the mean power under a
    cloudless sky, known beforehand, where H is the number of steps of the longest horizon; it is zero throughout where
    the sun plays no part. `beside` (T,) is the power of the site's other kind of supply, zeros where there is none.
    `horizons` is H, the steps of a day.
    """

    site: Site
    kind: Kind
    step: Seconds
    rated: float
    values: FloatArray
    clear_sky: FloatArray
    beside: FloatArray
    horizons: int = field(init=False)

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit one another. Raises ForecastError."""
        if not self.step > 0 or SECONDS_PER_DAY % self.step:
            raise ForecastError(f"expected a step that divides a day, got {self.step:g} s")
        if not self.rated > 0:
            raise ForecastError(f"expected a rated power above 0, got {self.rated:g}")
        object.__setattr__(self, "horizons", round(HORIZON / self.step))
        count = len(self.values)
        if len(self.clear_sky) != count + self.horizons or len(self.beside) != count:
            raise ForecastError(
                f"expected {count} values beside and {count + self.horizons} of the clear sky, "
                f"got {len(self.beside)} and {len(self.clear_sky)}"
            )

    def observed_until(self, step: int) -> Self:
        """Return what had been observed at the end of a step."""
        end = step + 1
        return replace(
            self, values=self.values[:end], clear_sky=self.clear_sky[: end + self.horizons], beside=self.beside[:end]
        )

    def only(self, shown: BoolArray) -> Self:
        """Return the series with all values outside `shown` (T,) missing, as a model is given it to learn from."""
        hidden = np.where(shown, self.values, np.nan)
        return replace(self, values=hidden, beside=np.where(shown, self.beside, np.nan))

    def scale(self, steps: Steps) -> FloatArray:
        """Return the unit in which errors of these steps compare: clear-sky power for the sun, one for the rest."""
        return self.clear_sky[steps] if self.kind is Kind.SOLAR else np.ones(steps.shape)

    def has_sun(self, steps: Steps) -> BoolArray:
        """Return whether there is anything to forecast: for solar power, whether the sun is up."""
        if self.kind is not Kind.SOLAR:
            return np.ones(steps.shape, dtype=np.bool_)
        up: BoolArray = self.clear_sky[steps] > SUN_SHARE * self.rated
        return up

    def hour(self, steps: Steps) -> FloatArray:
        """Return the local standard hour of day at the beginning of steps, from 0 to below 24."""
        hours: FloatArray = np.asarray(steps % self.horizons, dtype=np.float64) * (HOURS_PER_DAY / self.horizons)
        return hours

    def day_of_year(self, steps: Steps) -> FloatArray:
        """Return the number of days since the year began, from 0."""
        dates = self._dates(steps)
        days: FloatArray = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.float64)
        return days

    def day_of_month(self, steps: Steps) -> Steps:
        """Return the day of the month, from 1."""
        dates = self._dates(steps)
        days: Steps = (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
        return days

    def weekday(self, steps: Steps) -> Steps:
        """Return the day of the week, from 0 for Monday."""
        weekdays: Steps = (self.site.first_day.weekday() + steps // self.horizons) % DAYS_PER_WEEK
        return weekdays

    def month(self, steps: Steps) -> Steps:
        """Return the month, from 0 for January."""
        months: Steps = self._dates(steps).astype("datetime64[M]").astype(np.int64) % MONTHS
        return months

    def season(self, steps: Steps) -> Steps:
        """Return the meteorological season: 0 for December to February, 1 for March to May, and so on."""
        return season_of(self.month(steps))

    def phase_of_year(self, steps: Steps) -> FloatArray:
        """Return the time of the year as an angle in radians."""
        phase: FloatArray = 2 * np.pi * self.day_of_year(steps) / DAYS_PER_YEAR
        return phase

    def date(self, step: int) -> date:
        """Return the date of a step."""
        return self.site.first_day + timedelta(days=step // self.horizons)

    def _dates(self, steps: Steps) -> NDArray[np.datetime64]:
        days = (steps // self.horizons).astype("timedelta64[D]")
        dates: NDArray[np.datetime64] = np.datetime64(self.site.first_day.isoformat()) + days
        return dates


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Expectation of a fitted model at O origins for H horizons, before calibration.

    `mean` (O, H) is in the unit of the series, NaN where the model has no forecast. `spread` (O, H) is the size of
    errors to expect, up to a factor. `quantiles` (O, Q, H) are the model's own, or the mean where it has none.
    """

    mean: FloatArray
    spread: FloatArray
    quantiles: FloatArray


def season_of(months: Steps) -> Steps:
    """Return the meteorological season of months, which count from 0 for January: 0 for December to February."""
    seasons: Steps = (months + 1) % MONTHS // 3
    return seasons


State = dict[str, FloatArray]
"""Everything that a fitted model knows, as arrays by name: what a file keeps of it."""


def with_prefix(state: State, name: str) -> State:
    """Return the state of a part for the state of the whole."""
    return {f"{name}.{key}": value for key, value in state.items()}


def part_of(state: State, name: str) -> State:
    """Return the state of the part that `with_prefix` named."""
    return {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}


class Fitted(Protocol):
    """A model that has learnt. It keeps nothing of what it is asked, so one serves any number of sites."""

    def expect(self, series: Series, origins: Steps) -> Expected:
        """Return what is expected at each origin of the steps that follow it, from what was observed until then."""

    def state(self) -> State:
        """Return the arrays from which `Model.restore` makes the same again."""


class Model(Protocol):
    """A kind of model: what it is called, how it learns, and how it is read from a file."""

    @property
    def name(self) -> str:
        """Return the name by which reports and metrics call it."""

    @property
    def draws(self) -> bool:
        """Return whether what it learns depends on the seed."""

    def fit(self, series: Series, seed: int) -> Fitted:
        """Learn from the values that are not missing. Raises ForecastError where they do not suffice."""

    def restore(self, state: State) -> Fitted:
        """Return the fitted model that had this state. Raises KeyError or ValueError for a state that does not fit."""


def targets(series: Series, origins: Steps) -> Steps:
    """Return the steps (O, H) of which forecasts at the origins tell."""
    steps: Steps = origins[:, np.newaxis] + np.arange(1, series.horizons + 1)
    return steps


def truth(series: Series, steps: Steps) -> FloatArray:
    """Return what was observed in these steps; NaN beyond the end of the series."""
    padded = np.concatenate([series.values, np.full(series.horizons, np.nan)])
    observed: FloatArray = padded[steps]
    return observed


def mean_of(quantiles: FloatArray) -> FloatArray:
    """Return the mean (O, H) of quantiles (O, Q, H), each for its share of the probability."""
    edges = np.array([0.0, *LEVELS, 1.0])
    shares = (edges[2:] - edges[:-2]) / (edges[-1] + edges[-2] - edges[1])
    mean: FloatArray = np.einsum("q,oqh->oh", shares, quantiles)
    return mean


def point(mean: FloatArray, spread: FloatArray) -> Expected:
    """Return the expectation of a model that knows nothing of quantiles."""
    return Expected(mean=mean, spread=spread, quantiles=np.repeat(mean[:, np.newaxis], len(LEVELS), axis=1))
