"""The head is where most stake stands, by rules under which everybody with the same view finds the same one."""

import random
from itertools import permutations

import pytest

from simulator.ledger.consensus.fork_choice import View
from simulator.ledger.record.types import Attestation, Block, Body
from tests.simulator.ledger.consensus.chain import apply, extend, propose, root, votes
from tests.simulator.ledger.consensus.cluster import count_messages, first_state

STATE = first_state((100, 100, 100, 100))
ONE, OTHER = propose(STATE, 1), propose(STATE, 2)
NOW = 9


def for_block(block: Block, who: list[int], slot: int = 3) -> tuple[Attestation, ...]:
    return votes(apply(STATE, block), slot, who)


def view(blocks: list[Block], cast: tuple[Attestation, ...] = ()) -> View:
    seen = View(STATE, count_messages)
    for block in blocks:
        seen.add_block(block, NOW)
    for vote in cast:
        seen.add_vote(vote, NOW)
    return seen


def test_the_head_is_the_longest_chain_where_nobody_has_voted() -> None:
    child = propose(apply(STATE, ONE), 4)
    assert view([ONE, child]).get_head() == root(child)


def test_most_stake_decides() -> None:
    cast = for_block(ONE, [0]) + for_block(OTHER, [1, 2])
    assert view([ONE, OTHER], cast).get_head() == root(OTHER)
    cast = for_block(ONE, [0, 3]) + for_block(OTHER, [1])
    assert view([ONE, OTHER], cast).get_head() == root(ONE)


def test_stake_behind_a_descendant_counts() -> None:
    child = propose(apply(STATE, ONE), 4)
    cast = votes(apply(apply(STATE, ONE), child), 5, [0]) + for_block(ONE, [1]) + for_block(OTHER, [2])
    assert view([ONE, OTHER, child], cast).get_head() == root(child)


@pytest.mark.parametrize("cast", [(), for_block(ONE, [0]) + for_block(OTHER, [1])], ids=["no votes", "equal votes"])
def test_between_equals_the_larger_root_wins_whatever_came_first(cast: tuple[Attestation, ...]) -> None:
    expected = max(root(ONE), root(OTHER))
    for blocks in ([ONE, OTHER], [OTHER, ONE]):
        for order in (cast, cast[::-1]):
            assert view(blocks, order).get_head() == expected


def test_the_head_does_not_depend_on_the_order_in_which_letters_came() -> None:
    tree = [ONE, OTHER, propose(apply(STATE, ONE), 3), propose(apply(STATE, OTHER), 4)]
    cast = for_block(ONE, [0]) + for_block(OTHER, [1]) + votes(apply(apply(STATE, OTHER), tree[3]), 5, [2])
    found: set[bytes] = set()
    for blocks in permutations(tree):
        if blocks.index(ONE) < blocks.index(tree[2]) and blocks.index(OTHER) < blocks.index(tree[3]):
            shuffled = list(cast)
            random.Random(len(found)).shuffle(shuffled)  # noqa: S311 - chance, not secrets
            found.add(view(list(blocks), tuple(shuffled)).get_head())
    assert found == {root(tree[3])}


def test_the_last_vote_of_a_validator_counts_alone() -> None:
    """It may change its mind from epoch to epoch, and then stands behind one block only."""
    early = for_block(ONE, [0, 1])
    late = for_block(OTHER, [0, 1], slot=9)
    for cast in (early + late, late + early):
        assert view([ONE, OTHER], cast).get_head() == root(OTHER)


def test_the_votes_of_a_convicted_validator_count_nowhere() -> None:
    cast = for_block(ONE, [0, 1]) + for_block(OTHER, [0]) + for_block(OTHER, [2, 3])
    seen = view([ONE, OTHER], cast)
    assert set(seen.evidence) == {0}
    assert seen.get_head() == root(OTHER)


def test_a_vote_for_a_block_that_is_not_there_yet_waits_for_it() -> None:
    seen = view([OTHER], for_block(ONE, [0, 1]))
    assert seen.get_head() == root(OTHER)
    seen.add_block(ONE, NOW)
    assert seen.get_head() == root(ONE)


def test_votes_within_blocks_count_as_well() -> None:
    carrier = propose(apply(STATE, ONE), 5, Body(attestations=for_block(ONE, [0, 1, 2])))
    seen = view([ONE, OTHER, propose(apply(STATE, OTHER), 6), carrier], for_block(OTHER, [3]))
    assert seen.get_head() == root(carrier)


def test_a_chain_that_does_not_know_of_the_last_justification_is_not_followed() -> None:
    """Whoever has voted from the justified checkpoint on could not vote there without being convicted."""
    state = extend(STATE, 9)
    blocks = [propose(STATE, 9)]
    carrier = propose(state, 13, Body(attestations=votes(state, 12, range(4))))
    knows = propose(apply(state, carrier), 17)
    lags = propose(state, 18)
    seen = View(STATE, count_messages)
    for block in (*blocks, carrier, knows, lags):
        seen.add_block(block, 20)
    assert seen.justified.epoch == 1
    for vote in votes(apply(state, lags), 18, range(4)):
        seen.add_vote(vote, 20)
    assert seen.get_head() == root(knows)


@pytest.mark.parametrize("slot", range(11, 16))
def test_votes_that_will_justify_bind_before_the_epoch_ends(slot: int) -> None:
    """Whoever votes in the next epoch on the one has its source, and could not vote on the other any more."""
    begun = apply(STATE, ONE)
    justifying = propose(begun, 10, Body(attestations=votes(begun, 9, [0, 1, 2])))
    other = propose(begun, slot)
    for blocks in ([ONE, justifying, other], [ONE, other, justifying]):
        seen = View(STATE, count_messages)
        for block in blocks:
            seen.add_block(block, 16)
        assert seen.get_head() == root(justifying)
        assert seen.justified.epoch == 1
