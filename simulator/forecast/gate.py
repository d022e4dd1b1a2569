"""The choice of the model that is served: the best on validation days, or the reference where none is better."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulator.arrays import FloatArray

REFERENCE = "convex"
"""Name of the reference that is served where no model is better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The name of the model to serve, and the reason in words."""

    model: str
    why: str


def choose(errors: Mapping[str, FloatArray]) -> Choice:
    """Return the choice among models by their root mean squared errors (H,) on validation days.

    Compared is the mean over horizons of the error over that of the reference, so that no horizon counts by its size.
    A model that tells nothing of some horizon cannot be served. Raises KeyError without the reference.
    """
    reference = errors[REFERENCE]
    ratios = {
        name: float(np.mean(found / reference))
        for name, found in errors.items()
        if name != REFERENCE and np.isfinite(found).all()
    }
    best = min(ratios, key=lambda name: ratios[name], default=None)
    if best is None:
        return Choice(model=REFERENCE, why="there is no model beside the reference")
    told = f"error on validation days {abs(1.0 - ratios[best]):.1%} {{}} that of {REFERENCE}, mean over horizons"
    if ratios[best] >= 1.0:
        return Choice(model=REFERENCE, why=f"no model is better: {best} has an {told.format('above')}")
    return Choice(model=best, why=told.format("below"))
