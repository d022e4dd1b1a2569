"""Training of torch networks that read a window of steps: batches, early stopping, and weights as arrays."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.arrays import BoolArray, FloatArray
from simulator.forecast.interface import LEVELS, ForecastError, State, Steps

if TYPE_CHECKING:
    from torch import Tensor, nn

WARMING = 0.1
"""Share of the training in which the learning rate rises; then it falls to zero along half a cosine (Smith and Topin,
Super-convergence, 2019)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A training: examples in a step, passes over all of them, the highest learning rate, and the decay of weights.

    After `patience` passes without gain on held-out days it stops.
    """

    batch: int
    passes: int
    patience: int
    rate: float
    decay: float = 0.0


HELD_OUT = 5
"""Every block of days of this number is held out to stop training; a block has as many days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Inputs by name, each (O, ...), what is to be told (O, K), how much it counts (O, K), and each origin's day.

    `fold` is the fifth of the blocks of days that is held out, counted from the last back.
    """

    inputs: dict[str, FloatArray]
    told: FloatArray
    weights: FloatArray
    days: Steps
    fold: int = 0

    @property
    def held_out(self) -> BoolArray:
        """The examples of held-out days."""
        held: BoolArray = self.days // HELD_OUT % HELD_OUT == HELD_OUT - 1 - self.fold
        return held


Loss = Callable[["Tensor", "Tensor", "Tensor"], "Tensor"]
"""Loss of a network's answer, of what was to be told, and of weights: the mean over the examples."""


def windows(columns: FloatArray, origins: Steps, length: int) -> FloatArray:
    """Return the last `length` rows (O, length, C) of columns (T, C) at each origin; the first row stands in before."""
    rows = origins[:, np.newaxis] + np.arange(1 - length, 1)
    taken: FloatArray = columns[np.maximum(rows, 0)]
    return taken


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one thread, and restore what was."""
    import torch  # noqa: PLC0415 - takes seconds to load

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Use one thread and this seed, and restore both: the same seed gives the same weights on the same machine."""
    import torch  # noqa: PLC0415

    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@contextmanager
def learning_on(device: str) -> Iterator[None]:
    """Let networks learn on a device: on "cpu" as ever, or on "cuda". Raises ForecastError where there is no such."""
    if device == "cpu":
        yield
        return
    try:
        import torch  # noqa: PLC0415

        torch.zeros(1, device=device)
    except ImportError as error:
        raise ForecastError("torch is not installed") from error
    except (RuntimeError, AssertionError) as error:
        raise ForecastError(f"there is no {device} here: {str(error).splitlines()[0]}") from error
    with torch.device(device):
        yield


def train(build: "Callable[[], nn.Module]", examples: Examples, loss: Loss, plan: Plan, seed: int) -> State:
    """Return the weights that did best on the held-out days; what learns is on the device of `learning_on`."""
    import torch  # noqa: PLC0415

    with seeded(seed):
        network = build()
        tensors = _Tensors(examples)
        learnt, held = (np.flatnonzero(chosen) for chosen in (~examples.held_out, examples.held_out))
        steps = max(1, len(learnt) // plan.batch)
        optimizer = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=plan.decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, plan.rate, total_steps=plan.passes * steps, pct_start=WARMING, cycle_momentum=False
        )
        random = np.random.default_rng(seed)
        best, least, waited = copy.deepcopy(network.state_dict()), np.inf, 0
        for _ in range(plan.passes):
            network.train()
            for rows in np.array_split(random.permutation(learnt), steps):
                optimizer.zero_grad()
                tensors.loss(network, loss, rows).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
            network.eval()
            with torch.inference_mode():
                now = float(tensors.loss(network, loss, held)) if len(held) else 0.0
            waited += 1
            if now < least:
                best, least, waited = copy.deepcopy(network.state_dict()), now, 0
            elif waited >= plan.patience:
                break
    return {name: tensor.cpu().numpy().astype(np.float64) for name, tensor in best.items()}


class _Tensors:
    """The examples as tensors, made once."""

    def __init__(self, examples: Examples) -> None:
        import torch  # noqa: PLC0415

        def tensor(values: FloatArray) -> "Tensor":
            return torch.tensor(values, dtype=torch.float32)

        self._inputs = {name: tensor(one) for name, one in examples.inputs.items()}
        self._told, self._weights = tensor(examples.told), tensor(examples.weights)
        self._row = torch.zeros(1, dtype=torch.long)

    def loss(self, network: "nn.Module", loss: Loss, rows: Steps) -> "Tensor":
        """Return the loss of some examples."""
        chosen = self._row.new_tensor(rows)
        answered = network(**{name: one[chosen] for name, one in self._inputs.items()})
        return loss(answered, self._told[chosen], self._weights[chosen])


class Trained:
    """The weights of a network, which is built when it is first asked: who only keeps them needs no torch."""

    def __init__(self, build: "Callable[[], nn.Module]", weights: State) -> None:
        self.weights = weights
        self._build = build
        self._network: nn.Module | None = None

    def answer(self, inputs: dict[str, FloatArray]) -> FloatArray:
        """Return what the network answers (O, K). Raises ValueError for weights that do not fit it."""
        import torch  # noqa: PLC0415

        if self._network is None:
            self._network = self._built()
        with one_thread(), torch.inference_mode():
            answered = self._network(**{name: torch.from_numpy(one).float() for name, one in inputs.items()})
            told: FloatArray = answered.numpy().astype(np.float64)
            return told

    def _built(self) -> "nn.Module":
        import torch  # noqa: PLC0415

        with seeded(0), torch.device("cpu"):
            network = self._build().eval()
        try:
            network.load_state_dict(
                {name: torch.tensor(one, dtype=torch.float32) for name, one in self.weights.items()}
            )
        except RuntimeError as error:
            raise ValueError("expected the weights of this network") from error
        return network


def pinball(answered: "Tensor", told: "Tensor", weights: "Tensor") -> "Tensor":
    """Return the mean pinball loss of the quantiles (Koenker and Bassett, Regression quantiles, 1978)."""
    import torch  # noqa: PLC0415 - takes seconds to load

    levels = torch.tensor(LEVELS, dtype=told.dtype, device=told.device)[:, None]
    above = told[:, None] - answered.reshape(len(told), len(LEVELS), -1)
    return (weights[:, None] * torch.maximum(levels * above, (levels - 1.0) * above)).mean()
