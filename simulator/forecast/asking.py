"""Asking a model in use: where what was observed does not suffice, the reference answers, for a reason that is counted.

Models have learnt from whole days. Given half of one, or a meter that stands still, they answer too, and nobody can say
how well. The reference needs less: it takes the last value that is there, or the mean of the hour.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from simulator.arrays import BoolArray, FloatArray
from simulator.forecast.conformal import Calibrated
from simulator.forecast.features import ask_all, references_of
from simulator.forecast.interface import Kind, Series
from simulator.forecast.models.convex import FittedConvex
from simulator.forecast.watch import Prediction

MOST_OVER_RATED = 100.0
"""A value above so many times the rated one is the fault of a meter: no panel, turbine or grid comes near. Assumed."""


class Reason(StrEnum):
    """The reasons for which the reference answers in place of a model; the first that holds is told.

    Less than a day was observed; a value of the last day is one that no supply and no grid can have; one is missing;
    the panels gave the same at every hour of light; the sun did not rise; the model's answer was not finite.
    """

    SHORT = "short"
    INVALID = "invalid"
    GAP = "gap"
    CONSTANT = "constant"
    NIGHT = "night"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The forecasts of a model and of its reference.

    `own` is what the model tells itself, NaN where it tells nothing: at all horizons with a `reason`. `model` is what
    stands for it, the reference's where it tells nothing.
    """

    own: Prediction
    reference: Prediction
    reason: Reason | None

    @property
    def model(self) -> Prediction:
        """The forecast that is served as the model's."""
        return _filled(self.own, self.reference)


@dataclass(frozen=True, slots=True)
class Sides:
    """A model and the reference behind it, which is asked once where it is also what the model corrects."""

    model: Calibrated
    reference: Calibrated
    _references: tuple[FittedConvex | None, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find out whether it is."""
        object.__setattr__(self, "_references", references_of([self.model.fitted, self.reference.fitted]))

    def both(self, series: Series) -> tuple[Prediction, ...]:
        """Return what the model and the reference predict of the day after a series."""
        return _predictions((self.model, self.reference), self._references, series)

    def alone(self, series: Series) -> Prediction:
        """Return what the reference predicts of the day after a series."""
        return _predictions((self.reference,), self._references[1:], series)[0]


def answer(sides: Sides, series: Series) -> Answer:
    """Return the forecasts of the day after the last step of a series, whatever its values are."""
    sound = cleaned(series)
    reason = trouble(series)
    if reason is None:
        own, expected = sides.both(sound)
        # Of some horizons a model may tell nothing: there the reference does, without any reason.
        silent = np.isnan(own.mean)
        broken = bool(np.isinf(own.mean).any() or not np.isfinite(own.quantiles[:, ~silent]).all() or silent.all())
        if not broken:
            return Answer(own=own, reference=expected, reason=None)
        reason = Reason.NO_ANSWER
    else:
        expected = sides.alone(sound)
    nothing = Prediction(mean=np.full_like(expected.mean, np.nan), quantiles=np.full_like(expected.quantiles, np.nan))
    return Answer(own=nothing, reference=expected, reason=reason)


def trouble(series: Series) -> Reason | None:
    """Return why a model is better not asked with what was observed until the end of a series; None if it may be."""
    day = series.horizons
    last = series.values[-day:]
    if len(last) < day or np.isnan(series.values).sum() > len(series.values) - day:
        return Reason.SHORT
    if (~np.isnan(last) & ~_possible(series, last)).any():
        return Reason.INVALID
    if np.isnan(last).any():
        return Reason.GAP
    if series.kind is not Kind.SOLAR:
        return None
    steps = np.arange(len(series.values) - day, len(series.values))
    lit = series.has_sun(steps)
    if not lit.any():
        return Reason.NIGHT
    return Reason.CONSTANT if lit.sum() > 1 and np.ptp(last[lit]) == 0.0 else None


def cleaned(series: Series) -> Series:
    """Return the series with every value missing that no supply and no grid can have."""
    impossible = ~_possible(series, series.values)
    strange = ~(np.isfinite(series.beside) & (series.beside >= 0.0))
    if not (impossible.any() or strange.any()):
        return series
    return replace(
        series,
        values=np.where(impossible, np.nan, series.values),
        beside=np.where(strange, np.nan, series.beside),
    )


def _possible(series: Series, values: FloatArray) -> BoolArray:
    """Return the places of values that a supply or a grid can have."""
    with np.errstate(invalid="ignore"):
        return np.isfinite(values) & (values >= 0.0) & (values <= MOST_OVER_RATED * series.rated)


def _predictions(
    sides: Sequence[Calibrated], references: Sequence[FittedConvex | None], series: Series
) -> tuple[Prediction, ...]:
    origins = np.array([len(series.values) - 1])
    with np.errstate(all="ignore"):
        expected = ask_all([side.fitted for side in sides], references, series, origins)
        moved = [side.moved(one, series, origins) for side, one in zip(sides, expected, strict=True)]
    return tuple(Prediction(mean=mean[0], quantiles=quantiles[0]) for mean, quantiles in moved)


def _filled(told: Prediction, other: Prediction) -> Prediction:
    """Return what is told, and where that is nothing what the other tells."""
    silent = np.isnan(told.mean)
    return Prediction(
        mean=np.where(silent, other.mean, told.mean), quantiles=np.where(silent, other.quantiles, told.quantiles)
    )
