"""Two thirds of the stake justify and make final; a unit less does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.ledger.consensus.finality import Step, get_weight, is_final_step, is_supermajority
from simulator.ledger.consensus.slashing import slash
from simulator.ledger.consensus.transition import process_slots
from simulator.ledger.record.types import Body, Checkpoint
from tests.simulator.ledger.consensus.chain import extend, grow, votes
from tests.simulator.ledger.consensus.cluster import first_state

STAKES = (100, 100, 99, 1)
"""The third validator holds a unit less than a third without the fourth: 99 of 300."""


@pytest.mark.parametrize(
    ("who", "goes_on"),
    [
        ((0, 1), True),  # 200 of 300: exactly a third is missing
        ((0, 1, 3), True),
        ((0, 2), False),  # 199 of 300: a unit more than a third is missing
        ((0, 2, 3), True),
        ((2, 3), False),
        ((), False),
    ],
)
def test_exactly_a_third_may_be_missing(who: tuple[int, ...], goes_on: bool) -> None:
    state = grow(first_state(STAKES), 5, who)
    assert (state.finalized.epoch, state.justified.epoch) == ((3, 4) if goes_on else (0, 0))


@given(st.integers(0, 10**18), st.integers(1, 10**18))
def test_two_thirds_are_counted_without_rounding(weight: int, total: int) -> None:
    """Of 10^18 units one more or less decides, where floating point has lost it."""
    assert is_supermajority(weight, total) == (weight - -(-2 * total // 3) >= 0)


def test_two_thirds_of_nothing_decide_nothing() -> None:
    assert not is_supermajority(0, 0)


def test_votes_of_slashed_validators_do_not_count() -> None:
    state = extend(first_state(STAKES), 1)
    state = extend(state, 3, Body(attestations=votes(state, 2, range(4))))
    assert get_weight(state, state.voters, state.stakes) == 300
    assert get_weight(slash(state, 0), state.voters, state.stakes) == 200


def test_votes_that_are_included_in_the_next_epoch_justify() -> None:
    state = grow(first_state(STAKES), 1, range(4))
    seen = extend(state, 9)
    late = extend(seen, 17, Body(attestations=votes(seen, 15, range(4))))
    assert process_slots(late, 23).justified.epoch == 0
    assert process_slots(late, 24).justified.epoch == 1


def checkpoint(epoch: int) -> Checkpoint:
    return Checkpoint(epoch=epoch, root=bytes(32))


@pytest.mark.parametrize(
    ("source", "target", "justified", "final"),
    [
        (3, 4, {3, 4}, True),
        (3, 5, {3, 4, 5}, True),
        (3, 5, {3, 5}, False),  # what lies between is not justified
        (3, 6, {3, 4, 5, 6}, False),  # longer than the state remembers
    ],
)
def test_a_step_is_final_where_nothing_between_was_left_out(
    source: int, target: int, justified: set[int], final: bool
) -> None:
    assert is_final_step(Step(checkpoint(source), checkpoint(target)), justified) is final


def test_finality_is_two_epochs_behind_and_never_goes_back() -> None:
    state, final = first_state(STAKES), 0
    for epoch in range(1, 12):
        state = grow(state, 1, range(4) if epoch % 4 else (3,))
        assert final <= state.finalized.epoch <= max(0, epoch - 2)
        final = state.finalized.epoch
    assert final > 5
