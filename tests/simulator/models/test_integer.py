"""Laws of models in integers: the same output on every machine, and one that depends on the input."""

from functools import cache

import numpy as np
import pytest

from simulator.models.integer import IntegerModel, draw_class, draw_item, executor, train
from simulator.models.networks import CLASSES, SHAPES

KINDS = sorted(SHAPES)
DIGESTS = {
    "audio": "d4ab3255d80ba04c",
    "cnn": "061d9d56889f3746",
    "lstm": "94cd3cafdc242bac",
    "mlp": "72846f8067edffb5",
    "transformer": "93377bc235acfa0c",
}
"""Beginnings of the models' digests."""


@cache
def model(kind: str) -> IntegerModel:
    """Return the model of a kind."""
    return train(kind)


def by_hand(one: IntegerModel, seed: int) -> int:
    """Return the output by Python's own integers, which have no size that could matter."""
    item = [int(value) for value in draw_item(one.kind, seed)]
    units = []
    for row in one.hidden.tolist():
        total = sum(weight * value for weight, value in zip(row, item, strict=True))
        units.append(min(127, max(0, total >> one.shift)))
    sums = [sum(weight * unit for weight, unit in zip(row, units, strict=True)) for row in one.last.tolist()]
    return sums.index(max(sums))


@pytest.mark.parametrize("kind", ["lstm", "audio", "mlp"])
def test_arrays_compute_what_integers_without_bounds_compute(kind: str) -> None:
    one = model(kind)
    assert [one.run(seed) for seed in range(8)] == [by_hand(one, seed) for seed in range(8)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_tells_the_patterns_apart(kind: str) -> None:
    """Whoever guesses is right in a tenth of cases; a model that did no better could not tell a false output."""
    seeds = range(1_000, 1_100)
    right = sum(model(kind).run(seed) == draw_class(kind, seed) for seed in seeds)
    assert right >= 90
    assert len({model(kind).run(seed) for seed in seeds}) == CLASSES


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_has_one_digest_whoever_trains_it(kind: str) -> None:
    """Chains name models by these digests, and other implementations have to find them again."""
    assert train(kind).digest == model(kind).digest
    assert model(kind).digest.hex()[:16] == DIGESTS[kind]


def test_the_digest_depends_on_each_weight() -> None:
    one = model("lstm")
    hidden, last = one.hidden.copy(), one.last.copy()
    hidden[3, 5] ^= 1
    last[9, 63] ^= 1
    others = [
        IntegerModel(kind=one.kind, hidden=hidden, shift=one.shift, last=one.last),
        IntegerModel(kind=one.kind, hidden=one.hidden, shift=one.shift, last=last),
        IntegerModel(kind=one.kind, hidden=one.hidden, shift=one.shift + 1, last=one.last),
        IntegerModel(kind="audio", hidden=one.hidden, shift=one.shift, last=one.last),
    ]
    assert len({other.digest for other in [one, *others]}) == 5


def test_the_executor_knows_models_by_their_digests() -> None:
    execute = executor([model("lstm"), model("audio")])
    assert execute(model("audio").digest, 7) == model("audio").run(7)
    assert execute(model("lstm").digest, 7) == model("lstm").run(7)
    assert execute(model("mlp").digest, 7) is None


def test_no_sum_leaves_its_integers() -> None:
    """The largest possible sum is far below 2^63, and the scale keeps most units from their ends."""
    for kind in KINDS:
        one = model(kind)
        assert int(np.abs(one.hidden.astype(np.int64)).sum(axis=1).max()) * 128 < 2**40
