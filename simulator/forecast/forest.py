"""Boosted trees as arrays: evaluated by numpy alone, to the value that scikit-learn gives."""

from dataclasses import dataclass, field

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
    _roots: Steps = field(init=False, repr=False)
    _children: Steps = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Lay the trees out one after another: `_children` has the right child of node n at 2 n, and the left after."""
        trees, nodes = self.value.shape
        first = (np.arange(trees) * nodes)[:, np.newaxis]
        children = np.stack([self.right + first, self.left + first], axis=-1)
        object.__setattr__(self, "_roots", first[:, 0])
        object.__setattr__(self, "_children", children.ravel())

    def predict(self, inputs: FloatArray) -> FloatArray:
        """Return the value (O,) of each row of inputs (O, F), none of them missing."""
        parts = [self._walk(inputs[begin : begin + ROWS_AT_ONCE]) for begin in range(0, len(inputs), ROWS_AT_ONCE)]
        return self.start + np.concatenate([np.empty(0), *parts])

    def _walk(self, inputs: FloatArray) -> FloatArray:
        """Return the sums of the leaves in which the rows end, all trees side by side in flat arrays."""
        roots = self._roots
        # All rows begin at the roots, so that the first step needs no look at where they are.
        below = inputs.take(self.feature.take(roots), axis=1) <= self.threshold.take(roots)
        node = self._children.take(2 * roots + below)
        beginnings = np.arange(len(inputs))[:, np.newaxis] * inputs.shape[1]
        for _ in range(self.depth - 1):
            below = inputs.take(beginnings + self.feature.take(node)) <= self.threshold.take(node)
            node = self._children.take(2 * node + below)
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
