"""Training of torch networks that read a window of steps: batches, early stopping, and weights as arrays."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.arrays import BoolArray, FloatArray
from simulator.forecast.interface import State, Steps

if TYPE_CHECKING:
    from torch import Tensor, nn

BATCH = 128
EPOCHS = 40
PATIENCE = 10
"""Examples in a step, passes at most, and passes without gain on held-out days after which training stops."""

LEARNING_RATE = 4e-3
"""Learning rate at the beginning; it falls to zero along half a cosine (Loshchilov and Hutter, 2017). Adam's default of
1e-3 left the published network far from its best after as many passes, on a third site."""

HELD_OUT = 5
"""Every block of days of this number is held out to stop training; a block has as many days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Inputs by name, each (O, ...), what is to be told (O, K), how much it counts (O, K), and each origin's day."""

    inputs: dict[str, FloatArray]
    told: FloatArray
    weights: FloatArray
    days: Steps

    @property
    def held_out(self) -> BoolArray:
        """The examples of held-out days."""
        held: BoolArray = self.days // HELD_OUT % HELD_OUT == HELD_OUT - 1
        return held


Loss = Callable[["Tensor", "Tensor", "Tensor"], "Tensor"]
"""Loss of a network's answer, of what was to be told, and of weights: the mean over the examples."""


def windows(columns: FloatArray, origins: Steps, length: int) -> FloatArray:
    """Return the last `length` rows (O, length, C) of columns (T, C) at each origin; the first row stands in before."""
    rows = origins[:, np.newaxis] + np.arange(1 - length, 1)
    taken: FloatArray = columns[np.maximum(rows, 0)]
    return taken


@contextmanager
def one_thread(seed: int) -> Iterator[None]:
    """Use one thread and this seed, and restore both: the same seed gives the same weights on the same machine."""
    import torch  # noqa: PLC0415 - takes seconds to load

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


def train(build: "Callable[[], nn.Module]", examples: Examples, loss: Loss, seed: int, device: str = "cpu") -> State:
    """Return the weights that did best on the held-out days."""
    import torch  # noqa: PLC0415

    with one_thread(seed):
        network = build().to(device)
        optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
        learnt, held = np.flatnonzero(~examples.held_out), np.flatnonzero(examples.held_out)
        random = np.random.default_rng(seed)
        best, least, waited = copy.deepcopy(network.state_dict()), np.inf, 0
        for _ in range(EPOCHS):
            network.train()
            for rows in np.array_split(random.permutation(learnt), max(1, len(learnt) // BATCH)):
                optimizer.zero_grad()
                _loss_of(network, examples, rows, loss, device).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
            schedule.step()
            network.eval()
            with torch.inference_mode():
                now = float(_loss_of(network, examples, held, loss, device)) if len(held) else 0.0
            waited += 1
            if now < least:
                best, least, waited = copy.deepcopy(network.state_dict()), now, 0
            elif waited >= PATIENCE:
                break
    return {name: tensor.cpu().numpy().astype(np.float64) for name, tensor in best.items()}


def answer(build: "Callable[[], nn.Module]", weights: State, inputs: dict[str, FloatArray]) -> FloatArray:
    """Return what a network of these weights answers (O, K). Raises ValueError for weights that do not fit."""
    import torch  # noqa: PLC0415

    with one_thread(0), torch.inference_mode():
        network = build().eval()
        try:
            network.load_state_dict({name: torch.tensor(value, dtype=torch.float32) for name, value in weights.items()})
        except RuntimeError as error:
            raise ValueError("expected the weights of this network") from error
        answered = network(**{name: torch.tensor(one, dtype=torch.float32) for name, one in inputs.items()})
        told: FloatArray = answered.numpy().astype(np.float64)
        return told


def _loss_of(network: "nn.Module", examples: Examples, rows: Steps, loss: Loss, device: str) -> "Tensor":
    import torch  # noqa: PLC0415

    def tensor(values: FloatArray) -> "Tensor":
        return torch.tensor(values[rows], dtype=torch.float32, device=device)

    answered = network(**{name: tensor(one) for name, one in examples.inputs.items()})
    return loss(answered, tensor(examples.told), tensor(examples.weights))
