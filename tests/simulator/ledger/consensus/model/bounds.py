"""Bounds that are exhausted. How many states each has stands in `bench/results/consensus-model.md`."""

from tests.simulator.ledger.consensus.model.check import Order
from tests.simulator.ledger.consensus.model.settings import Setting

LAST = frozenset({3})
"""The last one of four validators."""

THIRD = frozenset({2})
"""The last one of three validators: a third of the stake."""

SMALL: dict[str, tuple[Setting, Order]] = {
    "one of four": (Setting(), Order.IN_TURN),
    "one of four, any order": (Setting(checkpoints=2), Order.FREE),
    "one of four, a late fork": (Setting(checkpoints=2, forks_late=True), Order.IN_TURN),
    "one of four, evidence": (Setting(checkpoints=2, evidence=True), Order.IN_TURN),
    "a third": (Setting(stakes=(1, 1, 1), faulty=THIRD), Order.IN_TURN),
    "a third, evidence": (Setting(stakes=(1, 1, 1), faulty=THIRD, checkpoints=2, evidence=True), Order.IN_TURN),
}
"""Bounds by who is faulty, and what else may happen; less than a minute together."""

LARGE: dict[str, tuple[Setting, Order]] = {
    "one of four, any order, three checkpoints": (Setting(checkpoints=3), Order.FREE),
    "one of four, a late fork, four checkpoints": (Setting(forks_late=True), Order.IN_TURN),
    "one of four, evidence, four checkpoints": (Setting(evidence=True), Order.IN_TURN),
    "a third, evidence, four checkpoints": (
        Setting(stakes=(1, 1, 1), faulty=THIRD, evidence=True),
        Order.IN_TURN,
    ),
    "a third, a late fork, four checkpoints": (
        Setting(stakes=(1, 1, 1), faulty=THIRD, forks_late=True),
        Order.IN_TURN,
    ),
    "half, three checkpoints": (Setting(faulty=frozenset({2, 3}), checkpoints=3), Order.IN_TURN),
    "one of five, three checkpoints": (
        Setting(stakes=(1, 1, 1, 1, 1), faulty=frozenset({4}), checkpoints=3),
        Order.IN_TURN,
    ),
    "one of four, six checkpoints": (Setting(checkpoints=6), Order.IN_TURN),
}
"""Larger bounds, of less than ten minutes of one core together."""
