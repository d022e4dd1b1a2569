"""The weights of the score, and the score itself.

A choice is a node n and an operating point l for a task of class k with W seconds of reference work. Its terms are
costs, each normalised by constants that are known before the task is, so that a score never depends on which other
choices are at hand:

- latency = priority_k x (finish - release) / deadline_k. 1 is a task of the highest priority that ends at its deadline.
  A node asleep adds the time that it takes to wake, another site that of the input's way.
- energy = e / e_worst with e = extra_watts[n, l] x service[n, k, l], the joules above idle per second of reference
  work, and e_worst the largest e of class k over all nodes that fit and all operating points. In [0, 1].
- grid = max(0, 1 - green_n / (W x e)): the share of the task's energy that the green energy still expected on the
  node's bus in this step does not cover. In [0, 1].
- carbon = grid x energy x intensity of the node's grid over the highest of all grids: grams over those of the worst
  choice fed by the dirtiest grid alone. In [0, 1]. Where the input is moved, the network's energy adds its own, half
  at the intensity of either end.
- load = (start - release) / longest_wait. In [0, 1], because a longer wait is not admitted.

score = sum of weight x term. The least wins; ties go to the lowest node, then to the lowest operating point.
"""

import functools
import math
import operator
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One weight for each term. Raises ValueError where they give no direction."""

    latency: float = 0.0
    energy: float = 0.0
    grid: float = 0.0
    carbon: float = 0.0
    load: float = 0.0

    def __post_init__(self) -> None:
        """Refuse weights that are negative, not finite, or all zero."""
        for term in TERMS:
            value: float = getattr(self, term)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"weights.{term}: expected a finite number >= 0, got {value:g}")
        if not math.isfinite(self._sum) or self._sum <= 0:
            raise ValueError(f"weights: expected a finite sum > 0, got {self._sum:g}")

    @property
    def _sum(self) -> float:
        # One after the other: the built-in sum compensates errors from Python 3.12 on, and so gives other bits.
        return functools.reduce(operator.add, self.values())

    def normalised(self) -> "Weights":
        """Return the weights scaled to a sum of 1."""
        return Weights(**{term: getattr(self, term) / self._sum for term in TERMS})

    def values(self) -> tuple[float, ...]:
        """Return the weights in the order of `TERMS`."""
        return tuple(getattr(self, term) for term in TERMS)


TERMS = tuple(field.name for field in fields(Weights))
"""The terms of the score, in the order that the kernels know."""
