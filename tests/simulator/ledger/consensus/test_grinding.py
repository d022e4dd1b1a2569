"""Validators that try to choose the randomness gain little, and as much as the formula says."""

import numpy as np
import pytest

from simulator.ledger.consensus.randomness import compute_mix
from tests.simulator.ledger.consensus.bias import expected_best, greedy_share, measured_share
from tests.simulator.ledger.consensus.chain import altered, propose, refused_by
from tests.simulator.ledger.consensus.cluster import first_state

SLOTS = 60


@pytest.mark.parametrize(("share", "draws"), [(0.2, 1), (0.2, 4), (1 / 3, 8)])
def test_the_formula_is_the_mean_of_the_largest_draw(share: float, draws: int) -> None:
    largest = np.random.default_rng(1).binomial(SLOTS, share, (20_000, draws)).max(axis=1)
    deviation = largest.std() / 20_000**0.5
    assert abs(largest.mean() - expected_best(share, SLOTS, draws)) < 5 * deviation


@pytest.mark.parametrize(("share", "most"), [(0.1, 0.0105), (0.2, 0.0105), (1 / 3, 0.0165)])
def test_the_gain_is_bounded(share: float, most: float) -> None:
    assert 0 < greedy_share(share, SLOTS) - share < most


@pytest.mark.parametrize("thirtieths", [3, 6, 10])
def test_the_measured_gain_is_that_of_the_formula(thirtieths: int) -> None:
    epochs, share = 600, thirtieths / 30
    measured = measured_share(thirtieths, 30, SLOTS, epochs)
    deviation = (share * (1 - share) / SLOTS / epochs) ** 0.5
    assert abs(measured - greedy_share(share, SLOTS)) < 5 * deviation


def test_without_a_choice_there_is_no_gain() -> None:
    assert abs(expected_best(0.3, SLOTS, 1) / SLOTS - 0.3) < 1e-12


def test_a_proposer_cannot_try_reveals() -> None:
    """The attack that a signature as a reveal would allow: look for one that elects whom it should. Each is refused."""
    state = first_state((100, 100, 100, 100))
    block = propose(state, 3)
    tried = [compute_mix(bytes(32), number.to_bytes(8)) for number in range(50)]
    assert {refused_by(state, altered(block, state, randomness_reveal=one)) for one in tried} == {"wrong_randomness"}
