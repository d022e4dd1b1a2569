"""Schedules of misfortune: partitions, crashes, losses and clocks that chance has drawn, and an end of all of it."""

import random

from simulator.ledger.consensus.network import Conditions, Outage, Partition

QUIET_FROM = 100
"""Slot from which a schedule lets the network be."""


def random_conditions(seed: int, validators: int) -> Conditions:
    """Return the conditions of a seed, which end at slot `QUIET_FROM`, all but latency and loss.

    Letters arrive within a slot, if at all: whoever is slower is promised that there is no fork, and no more.
    """
    chance = random.Random(seed)  # noqa: S311 - chance, not secrets
    partitions, outages = [], []
    for _ in range(chance.randint(0, 3)):
        begin = chance.randint(1, QUIET_FROM - 10)
        groups: list[set[int]] = [set() for _ in range(chance.randint(2, 3))]
        for index in range(validators):
            chance.choice(groups).add(index)
        partitions.append(
            Partition(
                begin=begin,
                end=chance.randint(begin + 1, QUIET_FROM),
                groups=tuple(frozenset(group) for group in groups),
            )
        )
    for _ in range(chance.randint(0, validators)):
        begin = chance.randint(1, QUIET_FROM - 1)
        end = chance.randint(begin + 1, QUIET_FROM)
        outages.append(Outage(begin=begin, end=end, validator=chance.randrange(validators)))
    return Conditions(
        seed=seed,
        latency_milliseconds=(0, chance.choice((100, 1000, 4000))),
        loss_per_mille=chance.choice((0, 0, 50, 100)),
        partitions=partitions,
        outages=outages,
    )
