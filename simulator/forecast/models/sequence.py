"""The common parts of networks with better inputs: windows of index and sun, and quantiles of the reference's error."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from simulator.arrays import FloatArray
from simulator.forecast.features import Scaler, fit_scaler, lesson
from simulator.forecast.index import filled, is_complete, observed_index
from simulator.forecast.interface import (
    LEVELS,
    Expected,
    Kind,
    Series,
    State,
    Steps,
    mean_of,
    part_of,
    targets,
    with_prefix,
)
from simulator.forecast.models.convex import Convex, FittedConvex
from simulator.forecast.network import Examples, Plan, Trained, pinball, train, windows

if TYPE_CHECKING:
    from torch import nn

Build = Callable[[int, int, int], "nn.Module"]
"""Constructor of a network, from the numbers of columns, of inputs about the coming day, and of answers."""

PLAN = Plan(batch=128, passes=10, patience=4, rate=4e-3)
"""Few passes, with a rate that falls to zero by their end: forty learnt no more of a third site, Miami."""

COLUMNS = 6
"""Columns of a window: index, clear sky, the other supply, sine and cosine of the hour, and the restlessness."""


@dataclass(frozen=True, slots=True)
class FittedSequence:
    """The reference and the network of a site, and the scalers of its inputs."""

    reference: FittedConvex
    window: Scaler
    ahead: Scaler
    network: Trained

    def expect(self, series: Series, origins: Steps) -> Expected:
        """See `Fitted.expect`; the mean is that of the quantiles, each for its share of the probability."""
        scale = series.scale(targets(series, origins))
        inputs = {
            "window": windows(self.window.scaled(columns(series)), origins, series.horizons),
            "ahead": self.ahead.scaled(coming(series, self.reference, origins)),
        }
        told = self.network.answer(inputs)
        missed = np.sort(told.reshape(len(origins), len(LEVELS), series.horizons), axis=1)
        expected = self.reference.expect(series, origins).mean
        quantiles = expected[:, np.newaxis] + missed * scale[:, np.newaxis]
        return Expected(mean=np.maximum(mean_of(quantiles), 0.0), spread=scale, quantiles=quantiles)

    def state(self) -> State:
        """See `Fitted.state`."""
        return {
            **with_prefix(self.reference.state(), "reference"),
            **with_prefix(self.window.state(), "window"),
            **with_prefix(self.ahead.state(), "ahead"),
            **with_prefix(self.network.weights, "weights"),
        }


def fit_sequence(build: Build, series: Series, seed: int, name: str) -> FittedSequence:
    """Return the network of a site, trained on its pinball loss. Raises ForecastError where there is too little."""
    reference = Convex().fit(series, seed)
    learnt = lesson(series, reference, name)
    origins = np.flatnonzero(is_complete(series, series.horizons))
    told, table = coming(series, reference, origins), columns(series)
    window, ahead = fit_scaler(table[is_complete(series, 1)]), fit_scaler(told)
    examples = Examples(
        inputs={"window": windows(window.scaled(table), origins, series.horizons), "ahead": ahead.scaled(told)},
        told=learnt.missed,
        weights=np.sqrt(learnt.weights),
        days=learnt.days,
    )
    new = partial(network_of, build, series.horizons)
    trained = Trained(new, train(new, examples, pinball, PLAN, seed))
    return FittedSequence(reference, window, ahead, trained)


def restore_sequence(build: Build, state: State) -> FittedSequence:
    """Return the network that had this state. Raises KeyError or ValueError for a state that does not fit."""
    reference = Convex().restore(part_of(state, "reference"))
    new = partial(network_of, build, len(reference.weights))
    return FittedSequence(
        reference,
        Scaler(**part_of(state, "window")),
        Scaler(**part_of(state, "ahead")),
        Trained(new, part_of(state, "weights")),
    )


def network_of(build: Build, horizons: int) -> "nn.Module":
    """Return the network with new weights: it answers a value for each level and horizon."""
    return build(COLUMNS, 2 * horizons + 4, len(LEVELS) * horizons)


def columns(series: Series) -> FloatArray:
    """Return the columns (T, COLUMNS) of windows."""
    steps = np.arange(len(series.values))
    index = observed_index(series, np.nan)
    index = np.nan_to_num(index / (1.0 if series.kind is Kind.SOLAR else series.rated))
    hour = 2 * np.pi * steps / series.horizons
    change = np.abs(np.diff(index, prepend=index[:1]))
    sky, beside = series.clear_sky[steps] / series.rated, filled(series.beside, 0.0)
    return np.stack([index, sky, beside, np.sin(hour), np.cos(hour), change], axis=-1)


def coming(series: Series, reference: FittedConvex, origins: Steps) -> FloatArray:
    """Return what is known (O, 2 H + 4) of the coming day: clear sky and reference of each step, season and hour."""
    steps = targets(series, origins)
    expected = reference.expect(series, origins).mean / series.rated
    year, hour = series.phase_of_year(origins), 2 * np.pi * origins / series.horizons
    calendar = np.stack([np.sin(year), np.cos(year), np.sin(hour), np.cos(hour)], axis=-1)
    return np.concatenate([series.clear_sky[steps] / series.rated, expected, calendar], axis=-1)
