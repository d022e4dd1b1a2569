"""Gradient boosting of what the convex reference misses, and of how far off that is.

Friedman, Greedy function approximation (2001), by the histograms of scikit-learn, which is needed to learn and not to
serve: the trees become arrays. Horizons share their trees by groups, with the horizon among the inputs; a group of more
horizons sees the same hour more often, so its leaves have to hold more.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulator.arrays import FloatArray
from simulator.forecast.features import Question, Scaler, fit_scaler, lesson
from simulator.forecast.forest import Forest, Grove, grove_of, restore_forest
from simulator.forecast.interface import (
    Expected,
    Series,
    State,
    Steps,
    part_of,
    point,
    with_prefix,
)
from simulator.forecast.models.convex import Convex, FittedConvex

GROUP_ENDS = (1, 2, 4, 8, 24)
"""Last horizons, in 24ths of the longest, of the groups that share their trees."""

SETTINGS = {"learning_rate": 0.05, "max_iter": 80, "max_leaf_nodes": 4, "max_features": 0.3, "max_bins": 31}
"""Small steps of small trees that see a third of the inputs each: little can be learnt, and much overlearnt."""

SEEN = 4
"""Horizons of a group from which a step is learnt: further ones would show the same hour again."""

LEAST_LEAF = 60
"""Pairs in a leaf, for each horizon from which a step is seen."""

SHRINKAGE = 20.0
"""Penalty on a leaf's value, in pairs, for each horizon from which a step is seen."""

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
        forests, spreads, sizes = [], [], []
        for begin, end in groups(series.horizons):
            chosen = learnt.thinned(begin, end, SEEN)
            seen, missed = inputs[:, begin:end][chosen], learnt.missed[:, begin:end][chosen]
            share = (end - begin) * chosen.sum() / max(learnt.usable[:, begin:end].sum(), 1)
            forests.append(_grow(seen, missed, learnt.weights[:, begin:end][chosen], share, seed))
            sizes.append(np.abs(missed - forests[-1].predict(seen)))
            spreads.append(_grow(seen, sizes[-1], np.ones(len(missed)), share, seed))
        least = LEAST_SPREAD * float(np.concatenate(sizes).mean())
        return FittedBoosting(reference, scaler, tuple(forests), tuple(spreads), least)

    def restore(self, state: State) -> "FittedBoosting":
        """See `Model.restore`."""
        scaler = Scaler(**part_of(state, "scaler"))
        inputs = len(scaler.mean) + 1
        count = sum(key.startswith("forest") and key.endswith(".start") for key in state)
        return FittedBoosting(
            Convex().restore(part_of(state, "reference")),
            scaler,
            tuple(restore_forest(part_of(state, f"forest{number}"), inputs) for number in range(count)),
            tuple(restore_forest(part_of(state, f"spread{number}"), inputs) for number in range(count)),
            float(state["least"]),
        )


@dataclass(frozen=True, slots=True)
class FittedBoosting:
    """The forests of a site: two for each group of horizons, of the error and of its spread, `least` or more."""

    reference: FittedConvex
    scaler: Scaler
    forests: tuple[Forest, ...]
    spreads: tuple[Forest, ...]
    least: float
    _grove: Grove = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Set the forests side by side. Raises ValueError for forests that are not of as many trees."""
        object.__setattr__(self, "_grove", grove_of(list(zip(self.forests, self.spreads, strict=True))))

    def expect(self, series: Series, origins: Steps) -> Expected:
        """See `Fitted.expect`."""
        return self.answer(Question(series, self.reference, origins))

    def answer(self, asked: Question) -> Expected:
        """See `Correcting.answer`."""
        inputs = with_horizon(self.scaler.scaled(asked.inputs))
        origins, horizons, columns = inputs.shape
        group = np.repeat(np.arange(len(self.forests)), [end - begin for begin, end in groups(horizons)])
        told = self._grove.predict(inputs.reshape(-1, columns), np.tile(group, origins))
        corrections, spread = told.reshape(2, origins, horizons)
        mean = asked.expected + corrections * asked.scale
        return point(np.maximum(mean, 0.0), np.maximum(spread, self.least) * asked.scale)

    def state(self) -> State:
        """See `Fitted.state`."""
        state = {
            "least": np.array(self.least),
            **with_prefix(self.reference.state(), "reference"),
            **with_prefix(self.scaler.state(), "scaler"),
        }
        for number, (forest, spread) in enumerate(zip(self.forests, self.spreads, strict=True)):
            state |= with_prefix(forest.state(), f"forest{number}") | with_prefix(spread.state(), f"spread{number}")
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


def _grow(inputs: FloatArray, values: FloatArray, weights: FloatArray, horizons: float, seed: int) -> Forest:
    """Return trees that learnt the values (N,), in which each step is seen from so many horizons."""
    from sklearn.ensemble import HistGradientBoostingRegressor  # type: ignore[import-untyped]  # noqa: PLC0415

    learner = HistGradientBoostingRegressor(
        **SETTINGS,
        min_samples_leaf=round(LEAST_LEAF * horizons),
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
