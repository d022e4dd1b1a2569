"""Two conflicting blocks are final only where a third of the stake has signed what convicts it. Nothing is assumed of
the validators here: each may vote on both branches, on one, or not at all, in every epoch as chance will have it."""

from collections.abc import Iterable, Sequence
from itertools import combinations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.ledger.consensus.slashing import PortableEvidence, check_portable, find_vote_offence
from simulator.ledger.consensus.state import State
from simulator.ledger.consensus.transition import process_slots
from simulator.ledger.record.types import Attestation, Body, DoubleVote, SurroundVote
from tests.simulator.ledger.consensus.chain import extend, votes
from tests.simulator.ledger.consensus.cluster import first_state

SLOTS = 8
NOWHERE, LEFT, RIGHT, BOTH = range(4)


def convicted(state: State, signed: Iterable[Attestation]) -> dict[int, set[type]]:
    """Return the validators whom evidence from these votes convicts by itself, and of what."""
    found: dict[int, set[type]] = {}
    for one, other in combinations(signed, 2):
        evidence = find_vote_offence(one, other)
        if evidence:
            index = one.data.validator
            key = state.members[index].key
            check_portable(PortableEvidence(chain_id=state.chain_id, key=key, evidence=evidence))
            found.setdefault(index, set()).add(type(evidence))
    return found


def branch(start: State, first: int, choices: Sequence[Sequence[int]], side: int) -> tuple[State, list[Attestation]]:
    """Return a branch on which validators vote in each epoch as they choose, and all that they have signed."""
    state = extend(start, first)
    signed: list[Attestation] = []
    for epoch, choice in enumerate(choices, start=1):
        state = extend(state, SLOTS * epoch + first)
        who = [index for index, where in enumerate(choice) if where in (side, BOTH)]
        cast = votes(state, SLOTS * epoch + 4, who)
        signed += cast
        state = extend(state, SLOTS * epoch + 5, Body(attestations=cast))
    return process_slots(state, SLOTS * (len(choices) + 1)), signed


def stake_of(state: State, who: Iterable[int]) -> int:
    return sum(state.members[index].deposit for index in who)


def is_fork(left: State, right: State) -> bool:
    """Tell whether both branches have made something final beyond their common beginning."""
    return left.finalized.epoch > 0 and right.finalized.epoch > 0


STAKES = st.lists(st.integers(1, 9), min_size=3, max_size=5).map(tuple)
CHOICES = st.lists(st.lists(st.sampled_from([NOWHERE, LEFT, RIGHT, BOTH, BOTH]), min_size=5, max_size=5), max_size=7)


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(STAKES, CHOICES)
@example((1, 1, 1), [[LEFT, BOTH, RIGHT, 0, 0]] * 3)  # exactly a third on both branches
@example((1, 1, 1), [[LEFT] * 5] * 3 + [[RIGHT] * 5] * 3)  # one branch after the other
@example((1, 1, 1), [[LEFT] * 5, [RIGHT] * 5] * 3)
def test_a_fork_convicts_a_third_of_the_stake(stakes: tuple[int, ...], choices: list[list[int]]) -> None:
    start = first_state(stakes)
    mine = [choice[: len(stakes)] for choice in choices]
    left, on_left = branch(start, 1, mine, LEFT)
    right, on_right = branch(start, 2, mine, RIGHT)
    if is_fork(left, right):
        assert 3 * stake_of(start, convicted(start, [*on_left, *on_right])) >= sum(stakes)


def fork(stakes: tuple[int, ...], choices: list[list[int]]) -> dict[int, set[type]]:
    """Return who is convicted of what by a fork, which these choices make."""
    start = first_state(stakes)
    left, on_left = branch(start, 1, choices, LEFT)
    right, on_right = branch(start, 2, choices, RIGHT)
    assert is_fork(left, right)
    return convicted(start, [*on_left, *on_right])


def test_a_third_that_votes_on_both_branches_makes_a_fork_and_is_convicted() -> None:
    assert fork((1, 1, 1), [[LEFT, BOTH, RIGHT]] * 3) == {1: {DoubleVote}}


def test_a_fork_without_any_double_vote_is_convicted_by_surround_votes() -> None:
    """Everybody makes one branch final, then goes back and makes the other one final."""
    found = fork((1, 1, 1), [[LEFT] * 3] * 3 + [[RIGHT] * 3] * 3)
    assert found == {index: {SurroundVote} for index in range(3)}


def test_less_than_a_third_makes_no_fork() -> None:
    start = first_state((100, 99, 100))
    choices = [[LEFT, BOTH, RIGHT]] * 6
    left, right = (branch(start, first, choices, side)[0] for first, side in ((1, LEFT), (2, RIGHT)))
    assert (left.finalized.epoch, right.finalized.epoch) == (0, 0)
