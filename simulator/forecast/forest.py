"""Boosted trees as arrays: evaluated by numpy alone, to the value that scikit-learn gives."""

from dataclasses import dataclass

import numpy as np

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
        parts = [self._walk(inputs[begin : begin + ROWS_AT_ONCE]) for begin in range(0, len(inputs), ROWS_AT_ONCE)]
        return self.start + np.concatenate([np.empty(0), *parts])

    def _walk(self, inputs: FloatArray) -> FloatArray:
        """Return the sums of the leaves in which the rows end, all trees side by side in flat arrays."""
        roots = np.arange(len(self.value)) * self.value.shape[1]
        beginnings = np.arange(len(inputs))[:, np.newaxis] * inputs.shape[1]
        node = np.broadcast_to(roots, (len(inputs), len(roots)))
        for _ in range(self.depth):
            below = inputs.take(beginnings + self.feature.take(node)) <= self.threshold.take(node)
            node = roots + np.where(below, self.left.take(node), self.right.take(node))
        total: FloatArray = self.value.take(node).sum(axis=1)
        return total

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
