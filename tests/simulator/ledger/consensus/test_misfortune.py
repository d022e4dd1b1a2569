"""Schedules that chance draws: whatever happens to honest validators there is no fork, and afterwards they go on."""

import random

import pytest

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


@pytest.mark.full
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 500))
def test_no_schedule_of_many_makes_a_fork_or_stops_the_chain(seed: int) -> None:
    survive(seed)
