"""The reference of references: their optimal convex combination, horizon by horizon.

Yang, Making reference solar forecasts with climatology, persistence, and their optimal convex combination (2019). His
combination is of climatology and smart persistence, and has the autocorrelation of the clear-sky index as its weight;
here the weights are those of least squared error on the observations, over any number of references.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from simulator.arrays import FloatArray
from simulator.forecast.index import is_complete
from simulator.forecast.interface import (
    Expected,
    Fitted,
    Kind,
    Model,
    Series,
    State,
    Steps,
    part_of,
    point,
    targets,
    truth,
    with_prefix,
)
from simulator.forecast.models.climatology import Climatology, FittedClimatology, hour_of_week
from simulator.forecast.models.persistence import Persistence, SmartPersistence, last_week, yesterday

LEAST_PAIRS = 10
"""Pairs of forecast and observation below which weights are not fitted to a horizon. Assumed."""


def references(kind: Kind) -> tuple[Model, ...]:
    """Return the references of a kind of series."""
    if kind is Kind.INTENSITY:
        return Persistence(), yesterday(), last_week(), hour_of_week()
    if kind is Kind.WIND:
        return Persistence(), Climatology()
    return Persistence(), SmartPersistence(), Climatology()


@dataclass(frozen=True, slots=True)
class Convex:
    """The combination with the least squared error of all references of the kind, or of those that `parts` names.

    Errors are taken in units of the clear sky, or in `flat` units: as large at dawn as at noon.
    """

    name: str = "convex"
    parts: tuple[str, ...] = ()
    flat: bool = False
    draws: bool = False

    def fit(self, series: Series, seed: int) -> "FittedConvex":
        """See `Model.fit`."""
        fitted = tuple(model.fit(series, seed) for model in self.members(series.kind))
        origins = np.flatnonzero(is_complete(series, series.horizons))
        steps = targets(series, origins)
        happened = truth(series, steps)
        offered = np.stack([one.expect(series, origins).mean for one in fitted], axis=-1)
        usable = np.isfinite(happened) & series.has_sun(steps)
        weights = [
            best_weights(offered[usable[:, horizon], horizon], happened[usable[:, horizon], horizon])
            for horizon in range(series.horizons)
        ]
        return FittedConvex(self, series.kind, fitted, np.array(weights))

    def restore(self, state: State) -> "FittedConvex":
        """See `Model.restore`."""
        kind = tuple(Kind)[int(state["kind"])]
        members = self.members(kind)
        fitted = tuple(model.restore(part_of(state, str(number))) for number, model in enumerate(members))
        if state["weights"].shape[1:] != (len(fitted),):
            raise ValueError(f"expected weights of {len(fitted)} references, got {state['weights'].shape}")
        return FittedConvex(self, kind, fitted, state["weights"])

    def members(self, kind: Kind) -> tuple[Model, ...]:
        """Return the references that are combined."""
        return tuple(one for one in references(kind) if not self.parts or one.name in self.parts)


@dataclass(frozen=True, slots=True)
class FittedConvex:
    """The references of a site, and their weights (H, references)."""

    model: Convex
    kind: Kind
    fitted: tuple[Fitted, ...]
    weights: FloatArray

    def expect(self, series: Series, origins: Steps) -> Expected:
        """See `Fitted.expect`."""
        offered = np.stack([one.expect(series, origins).mean for one in self.fitted], axis=-1)
        mean: FloatArray = (offered * self.weights).sum(axis=-1)
        return point(mean, np.ones_like(mean) if self.model.flat else series.scale(targets(series, origins)))

    def equals(self, other: "FittedConvex") -> bool:
        """Return whether another is the same in every figure."""
        own, theirs = self.state(), other.state()
        same = self.model == other.model and own.keys() == theirs.keys()
        return same and all(np.array_equal(value, theirs[key]) for key, value in own.items())

    def climatology(self, series: Series, steps: Steps) -> FloatArray:
        """Return the mean index of the hour and season, or of the hour of the week, of each step."""
        (found,) = (one for one in self.fitted if isinstance(one, FittedClimatology))
        return found.index(series, steps)

    def state(self) -> State:
        """See `Fitted.state`."""
        state: State = {"kind": np.array(float(tuple(Kind).index(self.kind))), "weights": self.weights}
        for number, one in enumerate(self.fitted):
            state |= with_prefix(one.state(), str(number))
        return state


def yang() -> Convex:
    """Return Yang's own combination for solar power, of climatology and smart persistence."""
    return Convex("convex of two", ("smart persistence", "climatology"))


def flat() -> Convex:
    """Return the combination with the plainest bands: quantiles of its errors in watts, the same at any hour."""
    return Convex("convex flat", flat=True)


def best_weights(offered: FloatArray, happened: FloatArray) -> FloatArray:
    """Return the weights (M,), none below zero and of sum one, with the least squared error of `offered` (N, M).

    The best point of a simplex is the best point of one of its faces, so every face is tried: M is small.
    """
    count = offered.shape[1]
    best, least = np.full(count, 1.0 / count), np.inf
    if len(happened) < LEAST_PAIRS:
        return best
    for size in range(1, count + 1):
        for face in itertools.combinations(range(count), size):
            chosen = offered[:, face]
            rest = np.linalg.lstsq(chosen[:, 1:] - chosen[:, :1], happened - chosen[:, 0], rcond=None)[0]
            weights = np.concatenate([[1.0 - rest.sum()], rest])
            error = float(np.square(chosen @ weights - happened).sum())
            if (weights >= 0).all() and error < least:
                least, best = error, np.zeros(count)
                best[list(face)] = weights
    return best
