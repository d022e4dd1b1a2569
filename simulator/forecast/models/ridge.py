"""Ridge regression of what the convex reference misses, one equation for each horizon, solved by numpy.

Hoerl and Kennard, Ridge regression (1970). The penalty is chosen by cross-validation over blocks of days; a horizon of
which nothing can be learnt gets the largest, and stays with the reference.
"""

from dataclasses import dataclass

import numpy as np

from simulator.arrays import FloatArray
from simulator.forecast.features import Lesson, Question, Scaler, fit_scaler, lesson
from simulator.forecast.interface import Expected, Series, State, Steps, part_of, point, with_prefix
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
        left, right, _ = equations(inputs, learnt.missed, learnt.weights)
        return FittedRidge(reference, scaler, solve(left, right, penalties(inputs, learnt)))

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
        return self.answer(Question(series, self.reference, origins))

    def answer(self, asked: Question) -> Expected:
        """See `Correcting.answer`."""
        inputs = with_constant(self.scaler.scaled(asked.inputs))
        corrections = np.einsum("ohf,hf->oh", inputs, self.coefficients)
        mean = asked.expected + corrections * asked.scale
        return point(np.maximum(mean, 0.0), asked.scale)

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
    parts = [equations(inputs[fold == n], learnt.missed[fold == n], learnt.weights[fold == n]) for n in range(FOLDS)]
    left, right, squares = (np.stack(one) for one in zip(*parts, strict=True))
    found = np.stack([solve(left.sum(axis=0) - left, right.sum(axis=0) - right, one) for one in PENALTIES], axis=-1)
    # What the coefficients of the other folds miss on a fold, from its sums alone.
    missed = np.einsum("nhfp,nhfg,nhgp->nhp", found, left, found, optimize=True)
    errors = (missed - 2.0 * np.einsum("nhfp,nhf->nhp", found, right) + squares[..., np.newaxis]).sum(axis=0)
    apart = np.abs(np.subtract.outer(np.arange(len(errors)), np.arange(len(errors))))
    least = errors[:, -1:]
    smoothed = np.exp(-apart / REACH) @ np.divide(errors, least, out=np.ones_like(errors), where=least > 0)
    chosen: FloatArray = np.array(PENALTIES)[smoothed.argmin(axis=1)]
    return chosen


def equations(inputs: FloatArray, missed: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the sums of which least squares are made, by horizon.

    They are products of inputs (H, F, F), products of inputs and what was missed (H, F), and squares of that (H,).
    """
    rows = np.ascontiguousarray(inputs.swapaxes(0, 1))
    weighted = rows * weights.T[..., np.newaxis]
    right = np.matmul(weighted.swapaxes(1, 2), missed.T[..., np.newaxis])[..., 0]
    return np.matmul(weighted.swapaxes(1, 2), rows), right, (weights * np.square(missed)).sum(axis=0)


def solve(left: FloatArray, right: FloatArray, penalty: FloatArray | float) -> FloatArray:
    """Return the coefficients (..., F) of least squares with the penalty (...), from the sums of `equations`."""
    free = np.arange(left.shape[-1]) == 0
    pull = np.where(free, FREE, np.asarray(penalty)[..., np.newaxis])
    found = np.linalg.solve(left + pull[..., np.newaxis] * np.eye(len(free)), right[..., np.newaxis])
    return np.asarray(found[..., 0], dtype=np.float64)
