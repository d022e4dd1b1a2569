"""Small networks of dense layers that tell quantiles of what the convex reference misses, one horizon at a time.

They learn by the pinball loss (Koenker and Bassett, Regression quantiles, 1978) with dropout (Srivastava and others,
2014), so that width and shape of the bands depend on the hour, the clouds and the wind. Torch is needed to learn and
not to be asked: the layers are arrays, evaluated by numpy.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from simulator.arrays import FloatArray
from simulator.forecast.features import Lesson, Question, Scaler, fit_scaler, lesson
from simulator.forecast.interface import LEVELS, Expected, Series, State, Steps, mean_of, part_of, with_prefix
from simulator.forecast.models.convex import Convex, FittedConvex
from simulator.forecast.network import Examples, Plan, pinball, train

if TYPE_CHECKING:
    from torch import nn

UNITS = 32
DROPOUT = 0.1
"""Size of both hidden layers, and the share of them that training leaves out."""

GROUP_ENDS = (1, 6, 24)
"""Last horizons, in 24ths of the longest, of the groups that share a network, with the horizon among the inputs."""

PLANS = (
    Plan(batch=128, passes=20, patience=20, rate=3e-3, decay=1e-3),
    Plan(batch=512, passes=12, patience=12, rate=3e-3, decay=1e-3),
    Plan(batch=512, passes=8, patience=8, rate=3e-3, decay=1e-3),
)
"""Trainings of the groups. One network for all horizons learnt half as much of the next hour of a third site, Miami."""

NETWORKS = (3, 1, 1)
"""Networks of each group, whose quantiles are averaged, each with other days held out. Those of the next hour are
cheap, and there most is to be learnt."""

SEEN = 5
"""Horizons of a group from which a step is learnt: further ones would show the same hour again."""


@dataclass(frozen=True, slots=True)
class Mlp:
    """The convex reference, with quantiles of its error by dense layers."""

    name: str = "MLP"
    draws: bool = True

    def fit(self, series: Series, seed: int) -> "FittedMlp":
        """See `Model.fit`; the seed chooses the first weights, the order of examples and what dropout leaves out."""
        reference = Convex().fit(series, seed)
        learnt = lesson(series, reference, self.name)
        scaler = fit_scaler(learnt.inputs[learnt.usable])
        inputs = scaler.scaled(learnt.inputs)
        # A constant that is told exactly has errors of no size at all.
        unit = float(learnt.missed[learnt.usable].std()) or 1.0
        layers = [_learn(inputs, learnt, unit, number, seed) for number in range(len(GROUP_ENDS))]
        return FittedMlp(reference, scaler, unit, tuple(layers))

    def restore(self, state: State) -> "FittedMlp":
        """See `Model.restore`."""
        scaler = Scaler(**part_of(state, "scaler"))
        layers = tuple(
            tuple(part_of(state, f"layers{number}.{network}") for network in range(count))
            for number, count in enumerate(NETWORKS)
        )
        sizes = [len(scaler.mean) + 1, UNITS, UNITS, len(LEVELS)]
        expected = [(after, before) for before, after in itertools.pairwise(sizes)]
        if any([one[f"{name}.weight"].shape for name in LAYERS] != expected for group in layers for one in group):
            raise ValueError("expected the layers of these networks")
        return FittedMlp(Convex().restore(part_of(state, "reference")), scaler, float(state["unit"]), layers)


LAYERS = ("first", "second", "last")


@dataclass(frozen=True, slots=True)
class FittedMlp:
    """The layers of a site, by group of horizons and network; they tell errors in `unit`."""

    reference: FittedConvex
    scaler: Scaler
    unit: float
    layers: tuple[tuple[State, ...], ...]

    def expect(self, series: Series, origins: Steps) -> Expected:
        """See `Fitted.expect`; the mean is that of the quantiles, each for its share of the probability."""
        return self.answer(Question(series, self.reference, origins))

    def answer(self, asked: Question) -> Expected:
        """See `Correcting.answer`."""
        inputs = self.scaler.scaled(asked.inputs)
        groups = zip(self.layers, groups_of(inputs.shape[1]), strict=True)
        told = [answers(layers, placed(inputs[:, begin:end])) for layers, (begin, end) in groups]
        missed = np.sort(np.concatenate(told, axis=1), axis=-1).swapaxes(1, 2) * self.unit
        quantiles = asked.expected[:, np.newaxis] + missed * asked.scale[:, np.newaxis]
        return Expected(mean=np.maximum(mean_of(quantiles), 0.0), spread=asked.scale, quantiles=quantiles)

    def state(self) -> State:
        """See `Fitted.state`."""
        state = {
            "unit": np.array(self.unit),
            **with_prefix(self.reference.state(), "reference"),
            **with_prefix(self.scaler.state(), "scaler"),
        }
        for number, layers in enumerate(self.layers):
            for network, one in enumerate(layers):
                state |= with_prefix(one, f"layers{number}.{network}")
        return state


def groups_of(horizons: int) -> list[tuple[int, int]]:
    """Return the groups as ranges of horizons, counted from 0."""
    ends = [end * horizons // GROUP_ENDS[-1] for end in GROUP_ENDS]
    return list(zip([0, *ends[:-1]], ends, strict=True))


def placed(inputs: FloatArray) -> FloatArray:
    """Return the inputs (O, H, F) of a group, and the place of each horizon in it, from -1 to 1."""
    origins, horizons, columns = inputs.shape
    wider = np.empty((origins, horizons, columns + 1))
    wider[..., :-1] = inputs
    wider[..., -1] = _places(horizons)
    return wider


@cache
def _places(horizons: int) -> FloatArray:
    return np.linspace(-1.0, 1.0, horizons) if horizons > 1 else np.zeros(1)


def _learn(inputs: FloatArray, learnt: Lesson, unit: float, number: int, seed: int) -> tuple[State, ...]:
    """Return the networks of a group of horizons, which learnt from inputs (O, H, F)."""
    begin, end = groups_of(inputs.shape[1])[number]
    part, chosen = slice(begin, end), learnt.thinned(begin, end, SEEN)
    told = learnt.missed[:, part][chosen] / unit
    examples = Examples(
        inputs={"inputs": placed(inputs[:, part])[chosen]},
        told=told[:, np.newaxis],
        weights=np.sqrt(learnt.weights[:, part][chosen])[:, np.newaxis],
        days=np.broadcast_to(learnt.days[:, np.newaxis], chosen.shape)[chosen],
    )
    start = np.quantile(told, LEVELS)
    return tuple(
        train(lambda: network(inputs.shape[-1] + 1, start), replace(examples, fold=fold), pinball, PLANS[number], seed)
        for fold in range(NETWORKS[number])
    )


def answers(networks: Sequence[State], inputs: FloatArray) -> FloatArray:
    """Return what the layers of the networks answer (O, H, Q) to inputs (O, H, F) in the mean."""
    first, *others = (_answer(layers, inputs) for layers in networks)
    return np.asarray(sum(others, first) / len(networks)) if others else first


def _answer(layers: State, inputs: FloatArray) -> FloatArray:
    told = inputs
    for name in LAYERS:
        told = told @ layers[f"{name}.weight"].T + layers[f"{name}.bias"]
        told = told if name == LAYERS[-1] else np.maximum(told, 0.0)
    return told


def network(inputs: int, start: FloatArray) -> "nn.Module":
    """Return the network with new weights, which tells the same quantiles `start` (Q,) of anything."""
    import torch  # noqa: PLC0415 - takes seconds to load
    from torch import nn  # noqa: PLC0415

    class Network(nn.Module):
        """Two hidden layers."""

        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(inputs, UNITS)
            self.second = nn.Linear(UNITS, UNITS)
            self.last = nn.Linear(UNITS, len(LEVELS))
            self.drop = nn.Dropout(DROPOUT)
            nn.init.zeros_(self.last.weight)
            self.last.bias = nn.Parameter(torch.tensor(start, dtype=torch.float32))

        def forward(self, inputs: "torch.Tensor") -> "torch.Tensor":
            """Tell the quantiles of what the reference misses."""
            hidden = self.drop(torch.relu(self.first(inputs)))
            told: torch.Tensor = self.last(self.drop(torch.relu(self.second(hidden))))
            return told

    return Network()
