"""Ridge regression of what the convex reference misses, one equation for each horizon, solved by numpy.

Hoerl and Kennard, Ridge regression (1970). The penalty is chosen by cross-validation over blocks of days; a horizon of
which nothing can be learnt gets the largest, and stays with the reference.
"""

from dataclasses import dataclass

import numpy as np

from simulator.arrays import FloatArray
from simulator.forecast.features import Lesson, Scaler, fit_scaler, inputs_of, lesson
from simulator.forecast.interface import Expected, Series, State, Steps, part_of, point, targets, with_prefix
from simulator.forecast.models.convex import Convex, FittedConvex

PENALTIES = (30.0, 100.0, 300.0, 1e3, 3e3, 1e4, 1e5, 1e6)
"""Penalties on squared coefficients, in observations, among which cross-validation chooses; the last leaves nothing."""

FREE = 1e-9
"""Penalty on the constant, which is not to be pulled to zero; above zero, so that the equations have a solution."""

FOLDS = 5
FOLD_DAYS = 5
"""Parts of the cross-validation, of blocks of so many days: the days of a block share their weather."""

REACH = 6.0
"""Horizons over which the errors of cross-validation are averaged, by weights that fall to 1/e: neighbours choose alike
(Hastie, Tibshirani and Friedman, Elements of Statistical Learning, 2009, chapter 7, on the noise of such choices)."""


@dataclass(frozen=True, slots=True)
class Ridge:
    """The convex reference, corrected by a linear function of the inputs."""

    name: str = "ridge"
    draws: bool = False

    def fit(self, series: Series, seed: int) -> "FittedRidge":
        """See `Model.fit`; the seed changes nothing."""
        reference = Convex().fit(series, seed)
        learnt = lesson(series, reference, self.name)
        scaler = fit_scaler(learnt.inputs[learnt.usable])
        inputs = with_constant(scaler.scaled(learnt.inputs))
        chosen = penalties(inputs, learnt)
        coefficients = [
            solve(inputs[:, horizon], learnt.missed[:, horizon], learnt.weights[:, horizon], chosen[horizon])
            for horizon in range(series.horizons)
        ]
        return FittedRidge(reference, scaler, np.array(coefficients))

    def restore(self, state: State) -> "FittedRidge":
        """See `Model.restore`."""
        return FittedRidge(
            Convex().restore(part_of(state, "reference")),
            Scaler(**part_of(state, "scaler")),
            state["coefficients"],
        )


@dataclass(frozen=True, slots=True)
class FittedRidge:
    """The coefficients (H, 1 + F) of a site."""

    reference: FittedConvex
    scaler: Scaler
    coefficients: FloatArray

    def expect(self, series: Series, origins: Steps) -> Expected:
        """See `Fitted.expect`."""
        scale = series.scale(targets(series, origins))
        inputs = with_constant(self.scaler.scaled(inputs_of(series, self.reference, origins)))
        corrections = np.einsum("ohf,hf->oh", inputs, self.coefficients)
        mean = self.reference.expect(series, origins).mean + corrections * scale
        return point(np.maximum(mean, 0.0), scale)

    def state(self) -> State:
        """See `Fitted.state`."""
        return {
            "coefficients": self.coefficients,
            **with_prefix(self.reference.state(), "reference"),
            **with_prefix(self.scaler.state(), "scaler"),
        }


def with_constant(inputs: FloatArray) -> FloatArray:
    """Return the inputs (..., F) behind a one."""
    return np.concatenate([np.ones((*inputs.shape[:-1], 1)), inputs], axis=-1)


def penalties(inputs: FloatArray, learnt: Lesson) -> FloatArray:
    """Return the penalty of each horizon (H,) with the least error on days that were left out."""
    fold = learnt.days // FOLD_DAYS % FOLDS
    horizons = inputs.shape[1]
    errors = np.zeros((horizons, len(PENALTIES)))
    for horizon in range(horizons):
        for number in range(FOLDS):
            out = fold == number
            rows, missed, weights = inputs[:, horizon], learnt.missed[:, horizon], learnt.weights[:, horizon]
            for column, penalty in enumerate(PENALTIES):
                found = solve(rows[~out], missed[~out], weights[~out], penalty)
                errors[horizon, column] += weights[out] @ np.square(rows[out] @ found - missed[out])
    apart = np.abs(np.subtract.outer(np.arange(horizons), np.arange(horizons)))
    least = errors[:, -1:]
    smoothed = np.exp(-apart / REACH) @ np.divide(errors, least, out=np.ones_like(errors), where=least > 0)
    chosen: FloatArray = np.array(PENALTIES)[smoothed.argmin(axis=1)]
    return chosen


def solve(inputs: FloatArray, missed: FloatArray, weights: FloatArray, penalty: float) -> FloatArray:
    """Return the coefficients (1 + F,) that minimize the weighted squared error and the penalty."""
    pull = np.full(inputs.shape[1], penalty)
    pull[0] = FREE
    weighted = inputs * weights[:, np.newaxis]
    return np.asarray(np.linalg.solve(weighted.T @ inputs + np.diag(pull), weighted.T @ missed), dtype=np.float64)
