"""The published forecaster, as printed: EcoChain-ML (2025), its LSTM of renewable supply.

Two layers of 64 units with a dropout of 0.2 read 24 hours of four features, which are the hour, the day of the week,
solar and wind power, and tell the power of the next hour between 0 and 1. Printed neither are loss, scaling nor output
layer: here they are the mean squared error, each feature over its largest, and a sigmoid. Of later hours it tells
nothing.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exporter.core.units import DAYS_PER_WEEK
from simulator.arrays import FloatArray
from simulator.forecast.index import filled, is_complete
from simulator.forecast.interface import Expected, ForecastError, Series, State, Steps, point, targets
from simulator.forecast.network import Examples, Plan, Trained, train, windows

if TYPE_CHECKING:
    from torch import Tensor, nn

UNITS = 64
LAYERS = 2
DROPOUT = 0.2
FEATURES = 4
"""The published size of the network."""

PLAN = Plan(batch=48, passes=12, patience=6, rate=6e-3)
"""Of as many passes and batches nothing is printed. On a third site, Miami, these come within half a percent of the
error of forty passes in batches of 128, in less than half of the time."""


@dataclass(frozen=True, slots=True)
class PublishedLstm:
    """The published network, trained on a site."""

    name: str = "published LSTM"
    draws: bool = True

    def fit(self, series: Series, seed: int) -> "FittedPublishedLstm":
        """See `Model.fit`."""
        beside = max(float(np.nanmax(series.beside, initial=0.0)), 1.0)
        origins = np.flatnonzero(is_complete(series, series.horizons))[:-1]
        following = series.values[origins + 1]
        origins = origins[np.isfinite(following)]
        if not len(origins):
            raise ForecastError(f"{self.name}: expected a whole day and an hour observed, found none")
        examples = Examples(
            inputs={"window": windows(features(series, beside), origins, series.horizons)},
            told=(series.values[origins + 1] / series.rated)[:, np.newaxis],
            weights=np.ones((len(origins), 1)),
            days=origins // series.horizons,
        )
        return FittedPublishedLstm(beside, Trained(network, train(network, examples, squared, PLAN, seed)))

    def restore(self, state: State) -> "FittedPublishedLstm":
        """See `Model.restore`."""
        weights = {key: value for key, value in state.items() if key != "beside"}
        return FittedPublishedLstm(float(state["beside"]), Trained(network, weights))


@dataclass(frozen=True, slots=True)
class FittedPublishedLstm:
    """The network of a site, and the largest power of its other supply in training."""

    beside: float
    network: Trained

    def expect(self, series: Series, origins: Steps) -> Expected:
        """See `Fitted.expect`."""
        window = windows(features(series, self.beside), origins, series.horizons)
        scale = series.scale(targets(series, origins))
        mean = np.full(scale.shape, np.nan)
        mean[:, 0] = self.network.answer({"window": window})[:, 0] * series.rated
        return point(mean, scale)

    def state(self) -> State:
        """See `Fitted.state`."""
        return {"beside": np.array(self.beside), **self.network.weights}


def features(series: Series, beside: float) -> FloatArray:
    """Return the four published features (T, 4), each between 0 and 1."""
    steps = np.arange(len(series.values))
    own, other = filled(series.values, 0.0) / series.rated, filled(series.beside, 0.0) / beside
    return np.stack([series.hour(steps) / 23, series.weekday(steps) / (DAYS_PER_WEEK - 1), own, other], axis=-1)


def squared(answered: "Tensor", told: "Tensor", weights: "Tensor") -> "Tensor":
    """Return the mean squared error."""
    return (weights * (answered - told).square()).mean()


def network() -> "nn.Module":
    """Return the network with new weights."""
    from torch import nn  # noqa: PLC0415 - takes seconds to load

    class Network(nn.Module):
        """The published layers, and an output between 0 and 1."""

        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(FEATURES, UNITS, num_layers=LAYERS, dropout=DROPOUT, batch_first=True)
            self.head = nn.Linear(UNITS, 1)

        def forward(self, window: "Tensor") -> "Tensor":
            """Tell the power of the hour after the window, over the rated power."""
            told: Tensor = self.head(self.lstm(window)[0][:, -1]).sigmoid()
            return told

    return Network()
