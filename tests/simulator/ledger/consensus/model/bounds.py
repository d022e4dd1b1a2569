"""Bounds that are exhausted: small ones with every change, the largest that end within ten minutes of one core in all
with the full tests. How many states each has stands in `bench/results/consensus-model.md`."""

from tests.simulator.ledger.consensus.model.check import Order
from tests.simulator.ledger.consensus.model.settings import Setting

THIRD, HALF = frozenset({2}), frozenset({2, 3})

SMALL: dict[str, tuple[Setting, Order]] = {
    "one of four is faulty": (Setting(), Order.IN_TURN),
    "one of four is faulty, any order": (Setting(checkpoints=2), Order.FREE),
    "one of four is faulty, a late fork": (Setting(checkpoints=2, forks_late=True), Order.IN_TURN),
    "one of four is faulty, with evidence": (Setting(checkpoints=2, evidence=True), Order.IN_TURN),
    "a third is faulty": (Setting(stakes=(1, 1, 1), faulty=THIRD), Order.IN_TURN),
    "a third is faulty, with evidence": (
        Setting(stakes=(1, 1, 1), faulty=THIRD, checkpoints=3, evidence=True),
        Order.IN_TURN,
    ),
}
"""Bounds of a minute together."""

LARGE: dict[str, tuple[Setting, Order]] = {
    "one of four is faulty, six checkpoints": (Setting(checkpoints=6), Order.IN_TURN),
}
"""Bounds of ten minutes together."""
