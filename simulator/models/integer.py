"""Models in integers alone, whose output is the same on every machine, so that anybody can check a claimed output.

They stand in for the networks that are measured, for the same kinds and shapes of items: an item is one of ten patterns
under noise, and a model says which. Patterns, noise and weights come from SHAKE-256, training is in integers too, and
sums of integers have no order. A model is a hidden layer of rectified units and a layer of one unit per class; the
output is the class with the largest sum, the first of them if several are.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.models.networks import CLASSES, SHAPES

Bytes: TypeAlias = NDArray[np.int8]

HIDDEN = 64
"""Units of the hidden layer."""
EXAMPLES = 40
"""Items of each class from which the last layer learns."""
AMPLITUDE = 16
"""Size of a pattern in either direction; noise is uniform from -64 to 63, 2.3 times as large in deviation."""


@dataclass(frozen=True)
class IntegerModel:
    """A model by the kind of its items: `hidden` (H, D), scaled down by 2^`shift`, and `last` (10, H)."""

    kind: str
    hidden: Bytes
    shift: int
    last: Bytes

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 over kind, shape, shift and weights: the name of the model in a task's record."""
        head = f"{self.kind} {self.hidden.shape} {self.shift} {self.last.shape}".encode()
        return hashlib.sha256(head + b"\0" + self.hidden.tobytes() + self.last.tobytes()).digest()

    def run(self, seed: int) -> int:
        """Return the class that the model gives for the item of a seed."""
        sums = self.last.astype(np.int64) @ activate(self.hidden, self.shift, draw_item(self.kind, seed))
        return int(np.argmax(sums))


def draw_item(kind: str, seed: int) -> Bytes:
    """Return the item (D,) of a seed: a pattern, which the seed chooses, under noise."""
    return _noisy(kind, draw_class(kind, seed), b"item", seed)


def draw_class(kind: str, seed: int) -> int:
    """Return the class of the item of a seed."""
    return int(_stream(kind, b"class", seed, 1)[0]) % CLASSES


def train(kind: str) -> IntegerModel:
    """Return the model of a kind: random units, and for each class what its examples excite in them above average."""
    size = prod(SHAPES[kind])
    hidden = _stream(kind, b"hidden", 0, HIDDEN * size).reshape(HIDDEN, size)
    # Each unit also looks for one of the patterns, as a trained one would.
    patterns = np.stack([_pattern(kind, number % CLASSES) for number in range(HIDDEN)])
    hidden = (hidden // 8 + patterns).astype(np.int8)
    shift = (127 * AMPLITUDE * size).bit_length() - 10
    seen = np.zeros((CLASSES, HIDDEN), dtype=np.int64)
    for number in range(CLASSES * EXAMPLES):
        item = _noisy(kind, number % CLASSES, b"example", number)
        seen[number % CLASSES] += activate(hidden, shift, item)
    above = seen * CLASSES - seen.sum(axis=0)
    scale = max(1, int(np.abs(above).max()))
    return IntegerModel(kind=kind, hidden=hidden, shift=shift, last=(above * 127 // scale).astype(np.int8))


def activate(hidden: Bytes, shift: int, item: Bytes) -> NDArray[np.int64]:
    """Return the activations (H,) of the hidden units, from 0 to 127."""
    sums = hidden.astype(np.int64) @ item.astype(np.int64)
    active: NDArray[np.int64] = np.clip(sums >> shift, 0, 127)
    return active


def executor(models: Iterable[IntegerModel]) -> Callable[[bytes, int], int | None]:
    """Return the executor of the ledger's model verification: the class for a model's digest and a seed."""
    known = {model.digest: model for model in models}

    def execute(digest: bytes, seed: int) -> int | None:
        model = known.get(digest)
        return None if model is None else model.run(seed)

    return execute


def _pattern(kind: str, number: int) -> NDArray[np.int64]:
    """Return a class's pattern (D,) of plus and minus the amplitude."""
    drawn = _stream(kind, b"pattern", number, prod(SHAPES[kind]))
    return np.where(drawn < 0, -AMPLITUDE, AMPLITUDE).astype(np.int64)


def _noisy(kind: str, number: int, purpose: bytes, seed: int) -> Bytes:
    noise = _stream(kind, purpose, seed, prod(SHAPES[kind])) >> 1
    return (_pattern(kind, number) + noise).astype(np.int8)


def _stream(kind: str, purpose: bytes, number: int, count: int) -> Bytes:
    """Return so many numbers of 8 bits from SHAKE-256 over what they are for."""
    named = b" ".join((b"ecochain integer model", kind.encode(), purpose, str(number).encode()))
    return np.frombuffer(hashlib.shake_256(named).digest(count), dtype=np.int8)
