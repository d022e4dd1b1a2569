"""The inputs of linear and tree models: what is known at an origin of the step to forecast, in numbers near one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, cast, runtime_checkable

import numpy as np

from simulator.arrays import BoolArray, FloatArray
from simulator.forecast.index import filled, is_complete, observed_index
from simulator.forecast.interface import Expected, Fitted, ForecastError, Kind, Series, State, Steps, targets, truth
from simulator.forecast.models.convex import FittedConvex

LAGS = (0, 1, 2, 3)
"""Steps before the origin whose index is an input."""

SPANS = (3, 6, 24)
"""Lengths, in steps up to the origin, over which the index is averaged."""

LEAST_PAIRS = 50
"""Pairs of inputs and observation below which a model does not learn: about twice the number of inputs."""

NEGLIGIBLE = 1e-12
"""Spread of an input below which it is taken for a constant, over its unit."""


@dataclass(frozen=True, slots=True)
class Scaler:
    """Means and deviations (F,) of the inputs, of the training part alone."""

    mean: FloatArray
    deviation: FloatArray

    def scaled(self, inputs: FloatArray) -> FloatArray:
        """Return inputs of mean zero and deviation one; what is missing becomes the mean."""
        scaled: FloatArray = (inputs - self.mean) / self.deviation
        np.copyto(scaled, 0.0, where=np.isnan(scaled))
        return scaled

    def state(self) -> State:
        """Return the arrays of which `Scaler` is made."""
        return {"mean": self.mean, "deviation": self.deviation}


def fit_scaler(inputs: FloatArray) -> Scaler:
    """Return the scaler of these inputs (N, F). A constant input is left as it is."""
    deviation = inputs.std(axis=0)
    return Scaler(inputs.mean(axis=0), np.where(deviation > NEGLIGIBLE, deviation, 1.0))


class Question:
    """A question to models that correct the reference, the same to all that have the same one.

    `plain` is what the reference itself expects, and `scale` (O, H) the unit of errors.
    """

    def __init__(self, series: Series, reference: FittedConvex, origins: Steps) -> None:
        self.plain = reference.expect(series, origins)
        self._series = series
        self._reference = reference
        self._origins = origins

    @property
    def expected(self) -> FloatArray:
        """The means (O, H) that the reference expects."""
        return self.plain.mean

    @cached_property
    def scale(self) -> FloatArray:
        """The unit (O, H) of errors."""
        return self._series.scale(targets(self._series, self._origins))

    @cached_property
    def inputs(self) -> FloatArray:
        """The inputs (O, H, F) of every origin and horizon."""
        return inputs_of(self._series, self._reference, self._origins, _ratio(self.expected, self.scale))


@runtime_checkable
class Correcting(Fitted, Protocol):
    """A fitted model that corrects the reference."""

    @property
    def reference(self) -> FittedConvex | None:
        """Return the reference; None where the parts of a model correct several, so that it cannot answer."""

    def answer(self, asked: Question) -> Expected:
        """Return what is expected, as `expect` does."""


def inputs_of(series: Series, reference: FittedConvex, origins: Steps, expected: FloatArray) -> FloatArray:
    """Return the inputs (O, H, F) of every origin and horizon, of which the reference expects so many units (O, H)."""
    steps = targets(series, origins)
    unit = 1.0 if series.kind is Kind.SOLAR else series.rated
    index = observed_index(series, np.nan) / unit
    beside = filled(series.beside, 0.0)
    sky = series.clear_sky / series.rated
    hour, year = 2 * np.pi * steps / series.horizons, series.phase_of_year(steps)
    then = {
        "expected": expected / unit,
        "climatology": reference.climatology(series, steps) / unit,
        "day before": index[np.maximum(steps - series.horizons, 0)],
        "sky then": sky[steps],
        "sky change": sky[steps] - sky[origins][:, np.newaxis],
        "hour sine": np.sin(hour),
        "hour cosine": np.cos(hour),
        "year sine": np.sin(year),
        "year cosine": np.cos(year),
    }
    now = {
        **{f"lag {lag}": index[np.maximum(origins - lag, 0)] for lag in LAGS},
        **{f"mean {span}": one for span, one in zip(SPANS, _means(series, index, origins), strict=True)},
        "restlessness": _deviation(index, origins, SPANS[0]),
        "beside": beside[origins],
        "beside change": beside[origins] - beside[np.maximum(origins - LAGS[-1], 0)],
    }
    inputs = np.empty((*steps.shape, len(then) + len(now)))
    for column, one in enumerate((*then.values(), *(one[:, np.newaxis] for one in now.values()))):
        inputs[..., column] = one
    return inputs


def references_of(fitted: Sequence[Fitted]) -> tuple[FittedConvex | None, ...]:
    """Return the reference that each model corrects, or is, equal ones as one object; None where there is no one."""
    found: list[FittedConvex | None] = []
    for one in fitted:
        own = one if isinstance(one, FittedConvex) else one.reference if isinstance(one, Correcting) else None
        found.append(own if own is None else next((other for other in found if other and other.equals(own)), own))
    return tuple(found)


def ask_all(
    fitted: Sequence[Fitted], references: Sequence[FittedConvex | None], series: Series, origins: Steps
) -> list[Expected]:
    """Return what each model expects; `references` are those of `references_of`, each asked about once."""
    asked = {id(one): Question(series, one, origins) for one in {id(one): one for one in references if one}.values()}
    return [
        one.expect(series, origins) if reference is None else answered(one, asked[id(reference)])
        for one, reference in zip(fitted, references, strict=True)
    ]


def answered(fitted: Fitted, asked: Question) -> Expected:
    """Return what a model that corrects the reference of a question, or is that reference, answers."""
    return asked.plain if isinstance(fitted, FittedConvex) else cast(Correcting, fitted).answer(asked)


def shared(references: Sequence[FittedConvex | None]) -> FittedConvex | None:
    """Return the one reference of several models; None where there is no such."""
    return references[0] if all(one is references[0] for one in references) else None


def _ratio(values: FloatArray, scale: FloatArray) -> FloatArray:
    return np.divide(values, scale, out=np.zeros_like(values), where=scale > 0)


def _means(series: Series, index: FloatArray, origins: Steps) -> Iterator[FloatArray]:
    """Yield the means (O,) of the last steps of each of SPANS; of solar power, by day, weighted by their clear sky."""
    weight = np.ones(len(index))
    if series.kind is Kind.SOLAR:
        weight = np.where(series.has_sun(np.arange(len(index))), series.clear_sky[: len(index)], 0.0)
    known = np.isfinite(index)
    sums, weights = (np.concatenate([[0.0], np.cumsum(np.where(known, one, 0.0))]) for one in (weight * index, weight))
    for span in SPANS:
        begins = np.maximum(origins + 1 - span, 0)
        total = weights[origins + 1] - weights[begins]
        lit = total > NEGLIGIBLE * series.rated
        yield np.divide(sums[origins + 1] - sums[begins], total, out=index[origins], where=lit)


def _deviation(index: FloatArray, origins: Steps, span: int) -> FloatArray:
    """Return the standard deviation (O,) of the last `span` steps; the first stands in for those before it."""
    rows = origins[:, np.newaxis] + np.arange(1 - span, 1)
    deviation: FloatArray = index[np.maximum(rows, 0)].std(axis=-1)
    return deviation


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """Everything to learn from: inputs (O, H, F) and, over the unit of errors, what the reference missed (O, H).

    `weights` (O, H) are the squares of those units, over their mean; a pair that is not `usable` counts for nothing.
    `days` (O,) are the numbers of the origins' days.
    """

    days: Steps
    inputs: FloatArray
    missed: FloatArray
    weights: FloatArray
    usable: BoolArray

    def thinned(self, begin: int, end: int, most: int) -> BoolArray:
        """Return the usable pairs (O, end - begin) of a group of horizons, each step from about `most` of them."""
        every = max(1, (end - begin) // most)
        chosen: BoolArray = self.usable[:, begin:end] & (np.arange(len(self.days)) % every == 0)[:, np.newaxis]
        return chosen


def lesson(series: Series, reference: FittedConvex, name: str) -> Lesson:
    """Return what a model named so can learn of a series. Raises ForecastError where that is too little."""
    origins = np.flatnonzero(is_complete(series, series.horizons))
    steps = targets(series, origins)
    usable = np.isfinite(truth(series, steps)) & series.has_sun(steps)
    least = int(usable.sum(axis=0).min()) if len(origins) else 0
    if least < LEAST_PAIRS:
        raise ForecastError(f"{name}: expected {LEAST_PAIRS} steps with a whole day observed before, got {least}")
    asked = Question(series, reference, origins)
    missed = truth(series, steps) - asked.expected
    weights = np.where(usable, np.square(asked.scale), 0.0)
    return Lesson(
        days=origins // series.horizons,
        inputs=asked.inputs,
        missed=np.where(usable, _ratio(missed, asked.scale), 0.0),
        weights=weights / weights[usable].mean(),
        usable=usable,
    )
