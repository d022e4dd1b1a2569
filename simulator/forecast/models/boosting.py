"""Gradient boosting of what the convex reference misses, and of how far off that is.

Friedman, Greedy function approximation (2001), by the histograms of scikit-learn, which is needed to learn and not to
serve: the trees become arrays. Horizons share their trees by groups, with the horizon among the inputs; a group of more
horizons sees the same hour more often, so its leaves have to hold more.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.arrays import FloatArray
from simulator.forecast.features import Scaler, fit_scaler, inputs_of, lesson
from simulator.forecast.forest import Forest, restore_forest
from simulator.forecast.interface import (
    Expected,
    Series,
    State,
    Steps,
    part_of,
    point,
    targets,
    with_prefix,
)
from simulator.forecast.models.convex import Convex, FittedConvex

GROUP_ENDS = (1, 2, 4, 8, 24)
"""Last horizons, in 24ths of the longest, of the groups that share their trees."""

SETTINGS = {"learning_rate": 0.05, "max_iter": 80, "max_leaf_nodes": 4, "max_features": 0.3, "max_bins": 31}
"""Small steps of small trees that see a third of the inputs each: little can be learnt, and much overlearnt."""

LEAST_LEAF = 60
"""Pairs in a leaf, for each horizon of the group."""

SHRINKAGE = 20.0
"""Penalty on a leaf's value, in pairs, for each horizon of the group."""

LEAST_SPREAD = 0.1
"""Least spread of errors over their mean spread: no forecast is ten times as sure as the usual one. Assumed."""


@dataclass(frozen=True, slots=True)
class Boosting:
    """The convex reference, corrected by boosted trees, with a spread by trees as well."""

    name: str = "boosting"
    draws: bool = True

    def fit(self, series: Series, seed: int) -> "FittedBoosting":
        """See `Model.fit`; the seed chooses the inputs that each tree sees."""
        reference = Convex().fit(series, seed)
        learnt = lesson(series, reference, self.name)
        scaler = fit_scaler(learnt.inputs[learnt.usable])
        inputs = with_horizon(scaler.scaled(learnt.inputs))
        forests, missed = [], learnt.missed.copy()
        for begin, end in groups(series.horizons):
            chosen = learnt.usable[:, begin:end]
            forests.append(
                _grow(
                    inputs[:, begin:end][chosen],
                    learnt.missed[:, begin:end][chosen],
                    learnt.weights[:, begin:end][chosen],
                    end - begin,
                    seed,
                )
            )
            missed[:, begin:end][chosen] -= forests[-1].predict(inputs[:, begin:end][chosen])
        size = np.abs(missed)[learnt.usable]
        spread = _grow(inputs[learnt.usable], size, np.ones(len(size)), series.horizons, seed)
        return FittedBoosting(reference, scaler, tuple(forests), spread, LEAST_SPREAD * float(size.mean()))

    def restore(self, state: State) -> "FittedBoosting":
        """See `Model.restore`."""
        scaler = Scaler(**part_of(state, "scaler"))
        inputs = len(scaler.mean) + 1
        count = sum(key.startswith("forest") and key.endswith(".start") for key in state)
        return FittedBoosting(
            Convex().restore(part_of(state, "reference")),
            scaler,
            tuple(restore_forest(part_of(state, f"forest{number}"), inputs) for number in range(count)),
            restore_forest(part_of(state, "spread"), inputs),
            float(state["least"]),
        )


@dataclass(frozen=True, slots=True)
class FittedBoosting:
    """The forests of a site: one for each group of horizons, and one for the spread, which is `least` or more."""

    reference: FittedConvex
    scaler: Scaler
    forests: tuple[Forest, ...]
    spread: Forest
    least: float

    def expect(self, series: Series, origins: Steps) -> Expected:
        """See `Fitted.expect`."""
        scale = series.scale(targets(series, origins))
        inputs = with_horizon(self.scaler.scaled(inputs_of(series, self.reference, origins)))
        corrections = np.concatenate(
            [
                _predict(forest, inputs[:, begin:end])
                for forest, (begin, end) in zip(self.forests, groups(series.horizons), strict=True)
            ],
            axis=1,
        )
        mean = self.reference.expect(series, origins).mean + corrections * scale
        return point(np.maximum(mean, 0.0), np.maximum(_predict(self.spread, inputs), self.least) * scale)

    def state(self) -> State:
        """See `Fitted.state`."""
        state = {
            "least": np.array(self.least),
            **with_prefix(self.reference.state(), "reference"),
            **with_prefix(self.scaler.state(), "scaler"),
            **with_prefix(self.spread.state(), "spread"),
        }
        for number, forest in enumerate(self.forests):
            state |= with_prefix(forest.state(), f"forest{number}")
        return state


def groups(horizons: int) -> list[tuple[int, int]]:
    """Return the groups as ranges of horizons, counted from 0."""
    ends = [end * horizons // GROUP_ENDS[-1] for end in GROUP_ENDS]
    return list(zip([0, *ends[:-1]], ends, strict=True))


def with_horizon(inputs: FloatArray) -> FloatArray:
    """Return the inputs (O, H, F) and the horizon, from 0 to 1."""
    origins, horizons, _ = inputs.shape
    horizon = np.broadcast_to(np.arange(1, horizons + 1)[:, np.newaxis] / horizons, (origins, horizons, 1))
    return np.concatenate([inputs, horizon], axis=-1)


def _predict(forest: Forest, inputs: FloatArray) -> FloatArray:
    return forest.predict(inputs.reshape(-1, inputs.shape[-1])).reshape(inputs.shape[:-1])


def _grow(inputs: FloatArray, values: FloatArray, weights: FloatArray, horizons: int, seed: int) -> Forest:
    """Return trees that learnt the values (N,) of so many horizons."""
    from sklearn.ensemble import HistGradientBoostingRegressor  # type: ignore[import-untyped]  # noqa: PLC0415

    learner = HistGradientBoostingRegressor(
        **SETTINGS,
        min_samples_leaf=LEAST_LEAF * horizons,
        l2_regularization=SHRINKAGE * horizons,
        early_stopping=False,
        random_state=seed,
    )
    learner.fit(inputs, values, sample_weight=weights)
    return exported(learner)


def exported(learner: Any) -> Forest:
    """Return the trees of a fitted HistGradientBoostingRegressor, which has no public way to them, as arrays."""
    trees = [tree[0].nodes for tree in learner._predictors]
    size = max(len(nodes) for nodes in trees)
    feature, left, right = (np.zeros((len(trees), size), dtype=np.int64) for _ in range(3))
    threshold, value = np.zeros((2, len(trees), size))
    for row, nodes in enumerate(trees):
        count, leaf = len(nodes), nodes["is_leaf"].astype(bool)
        own = np.arange(count)
        feature[row, :count] = np.where(leaf, 0, nodes["feature_idx"])
        threshold[row, :count] = np.where(leaf, 0.0, nodes["num_threshold"])
        left[row, :count] = np.where(leaf, own, nodes["left"])
        right[row, :count] = np.where(leaf, own, nodes["right"])
        value[row, :count] = nodes["value"]
    depth = max(int(nodes["depth"].max()) for nodes in trees)
    start = float(np.ravel(learner._baseline_prediction)[0])
    return Forest(start, depth, feature, threshold, left, right, value)
