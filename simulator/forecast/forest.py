"""Boosted trees as arrays: evaluated by numpy alone, to the value that scikit-learn gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.arrays import FloatArray
from simulator.forecast.interface import State, Steps

ROWS_AT_ONCE = 256
"""Rows that walk through the trees side by side: as many as the processor's own memory holds."""


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees (N, nodes) of equal size; the sum of their leaves and of `start` is the value.

    A node sends what is not above its `threshold` to its `left` child, the rest to its `right` one. The children of a
    leaf are the leaf itself, so a walk of `depth` steps ends at a leaf in every tree.
    """

    start: float
    depth: int
    feature: Steps
    threshold: FloatArray
    left: Steps
    right: Steps
    value: FloatArray

    def predict(self, inputs: FloatArray) -> FloatArray:
        """Return the value (O,) of each row of inputs (O, F), none of them missing."""
        (told,) = grove_of([(self,)]).predict(inputs, np.zeros(len(inputs), np.intp))
        return np.asarray(told)

    def state(self) -> State:
        """Return the arrays of the forest, all of them of doubles."""
        numbers = {"start": np.array(self.start), "depth": np.array(float(self.depth))}
        tables = {name: getattr(self, name).astype(np.float64) for name in ("feature", "left", "right")}
        return {**numbers, **tables, "threshold": self.threshold, "value": self.value}


def restore_forest(state: State, inputs: int) -> Forest:
    """Return the forest that had this state. Raises KeyError or ValueError for arrays that are no forest."""
    feature, left, right = (state[name].astype(np.int64) for name in ("feature", "left", "right"))
    shapes = {one.shape for one in (feature, left, right, state["threshold"], state["value"])}
    if len(shapes) != 1 or feature.ndim != 2 or not feature.size > 0:
        raise ValueError("expected trees of one shape")
    outside = [feature.min() < 0, feature.max() >= inputs, left.min() < 0, right.min() < 0]
    if any(outside) or max(left.max(), right.max()) >= feature.shape[1]:
        raise ValueError("expected trees within their own nodes and inputs")
    return Forest(
        start=float(state["start"]),
        depth=int(state["depth"]),
        feature=feature,
        threshold=state["threshold"],
        left=left,
        right=right,
        value=state["value"],
    )


@dataclass(frozen=True, slots=True)
class Grove:
    """Groups (G) of forests (M), set side by side so that rows of all groups walk through them at once.

    The nodes of all trees stand in flat arrays, and `children` has the right child of node n at 2 n, and the left one
    after it; `roots` (G, trees) has those of a group's forests in turn.
    """

    starts: FloatArray
    depth: int
    roots: NDArray[np.intp]
    feature: NDArray[np.intp]
    threshold: FloatArray
    children: NDArray[np.intp]
    value: FloatArray

    def predict(self, inputs: FloatArray, group: NDArray[np.intp]) -> FloatArray:
        """Return the values (M, O) of rows of inputs (O, F), none of them missing, by the forests of their groups."""
        rows = range(0, len(inputs), ROWS_AT_ONCE)
        parts = [self._walk(inputs[one : one + ROWS_AT_ONCE], group[one : one + ROWS_AT_ONCE]) for one in rows]
        return np.concatenate([np.empty((self.starts.shape[1], 0)), *parts], axis=1)

    def _walk(self, inputs: FloatArray, group: NDArray[np.intp]) -> FloatArray:
        node = self.roots.take(group, axis=0)
        beginnings = (np.arange(len(inputs)) * inputs.shape[1])[:, np.newaxis]
        for _ in range(self.depth):
            below = inputs.take(beginnings + self.feature.take(node)) <= self.threshold.take(node)
            node = self.children.take(2 * node + below)
        leaves = self.value.take(node).reshape(len(inputs), self.starts.shape[1], -1)
        total: FloatArray = (self.starts.take(group, axis=0) + leaves.sum(axis=2)).T
        return total


def grove_of(groups: Sequence[Sequence[Forest]]) -> Grove:
    """Return the forests of each group side by side. Raises ValueError for forests that are not of as many trees."""
    forests = [forest for group in groups for forest in group]
    if len({(len(group), len(forest.value)) for group in groups for forest in group}) != 1:
        raise ValueError("expected groups of forests of as many trees")
    size = max(forest.value.shape[1] for forest in forests)

    def flat(tables: Sequence[NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([np.pad(one, ((0, 0), (0, size - one.shape[1]))) for one in tables]).ravel()

    children = np.stack([flat([one.right for one in forests]), flat([one.left for one in forests])], axis=-1)
    first = np.arange(len(children)) // size * size
    return Grove(
        starts=np.array([[forest.start for forest in group] for group in groups]),
        depth=max(forest.depth for forest in forests),
        roots=first[::size].reshape(len(groups), -1),
        feature=flat([one.feature for one in forests]),
        threshold=flat([one.threshold for one in forests]),
        children=(children + first[:, np.newaxis]).ravel(),
        value=flat([one.value for one in forests]),
    )
