"""Schedules that chance draws: whatever happens to honest validators there is no fork, and afterwards they go on."""

import random

import pytest

from simulator.ledger.consensus.network import Conditions, Outage, Partition
from tests.simulator.ledger.consensus.nodes import final_epochs, network, run_without_forks
from tests.simulator.ledger.consensus.schedules import QUIET_FROM, random_conditions

EPOCH = 8
PATIENCE = 12 * EPOCH
"""Slots after which validators have agreed again, some of whom still lose a letter in ten."""


def survive(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - chance, not secrets
    validators = chance.choice((3, 4, 5, 7))
    stakes = tuple(chance.choice((1, 50, 100, 200)) for _ in range(validators))
    actors, net = network(stakes, random_conditions(seed, validators))
    run_without_forks(net, actors, QUIET_FROM)
    run_without_forks(net, actors, QUIET_FROM + PATIENCE)
    assert min(final_epochs(actors)) > QUIET_FROM // EPOCH


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_no_schedule_makes_a_fork_or_stops_the_chain(seed: int) -> None:
    survive(seed)


@pytest.mark.slow
@pytest.mark.parametrize(("latency", "longest"), [(4000, 8), (9000, 40)])
def test_letters_slower_than_a_slot_may_stop_finality_for_long_and_make_no_fork(latency: int, longest: int) -> None:
    """Found by chance: with up to 9 s the votes stay split after a cut, and finality falls 33 epochs behind."""
    cut = Partition(begin=76, end=92, groups=(frozenset({2, 3}), frozenset({0, 1})))
    outages = [Outage(begin=71, end=79, validator=1), Outage(begin=92, end=100, validator=3)]
    conditions = Conditions(seed=3, latency_milliseconds=(0, latency), partitions=[cut], outages=outages)
    actors, net = network((50, 100, 200, 1), conditions)
    behind = []
    for epoch in range(1, 50):
        run_without_forks(net, actors, EPOCH * epoch)
        behind.append(epoch - min(final_epochs(actors)))
    assert max(behind) <= longest
    assert behind[-1] <= 4


@pytest.mark.full
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 500))
def test_no_schedule_of_many_makes_a_fork_or_stops_the_chain(seed: int) -> None:
    survive(seed)
