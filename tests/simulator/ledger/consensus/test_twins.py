"""Validators that act twice, once on each side of a cut, as if they were two: how much of the stake it takes to make
two histories final, and what they lose by it."""

from collections.abc import Sequence
from itertools import combinations

import pytest

from simulator.ledger.consensus.fork_choice import View
from simulator.ledger.consensus.network import Conditions, Network, Partition
from simulator.ledger.consensus.peer import Peer
from simulator.ledger.consensus.slashing import find_vote_offence
from simulator.ledger.record.codec import digest
from tests.simulator.ledger.consensus.cluster import count_messages, first_state, identity
from tests.simulator.ledger.consensus.nodes import fork

CUT = 16
HEALED = 96


def twins(
    stakes: Sequence[int], left: Sequence[int], right: Sequence[int], seed: int = 1
) -> tuple[list[Peer], Network]:
    """Return validators of which those on both sides are there twice, and the network that is cut between them."""
    state = first_state(stakes)
    actors = [Peer(identity(index), state, count_messages) for index in (*left, *right)]
    groups = (frozenset(range(len(left))), frozenset(range(len(left), len(actors))))
    return actors, Network(actors, Conditions(seed=seed, partitions=[Partition(begin=1, end=HEALED, groups=groups)]))


def convicted_stake(actors: Sequence[Peer], stakes: Sequence[int]) -> int:
    """Return the stake of all whom the blocks that anybody has seen convict."""
    votes = {digest(vote): vote for one in actors for block in one.archive.values() for vote in block.body.attestations}
    found = {one.data.validator for one, other in combinations(votes.values(), 2) if find_vote_offence(one, other)}
    return sum(stakes[index] for index in found)


@pytest.mark.parametrize(
    ("stakes", "left", "right"),
    [
        ((100, 100, 100), (0, 1), (1, 2)),  # exactly a third acts twice
        ((100, 100, 100, 100), (0, 1, 2), (1, 2, 3)),
        ((100, 100, 100, 100, 300), (0, 1, 4), (2, 3, 4)),
    ],
)
def test_a_third_of_the_stake_can_make_two_histories_final_and_convicts_itself(
    stakes: tuple[int, ...], left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    actors, net = twins(stakes, left, right)
    net.run(HEALED - 1)
    assert fork(actors)
    assert 3 * convicted_stake(actors, stakes) >= sum(stakes)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("stakes", "left", "right"),
    [
        ((101, 99, 101), (0, 1), (1, 2)),
        ((100, 100, 100, 100), (0, 1, 2), (2, 3)),
        ((100, 100, 100, 100, 100, 100, 200), (0, 1, 2, 6), (3, 4, 5, 6)),
    ],
)
def test_less_than_a_third_makes_no_fork_and_is_slashed_once_the_cut_heals(
    stakes: tuple[int, ...], left: tuple[int, ...], right: tuple[int, ...], seed: int
) -> None:
    actors, net = twins(stakes, left, right, seed)
    for slot in range(4, HEALED + 60, 4):
        net.run(slot)
        assert not fork(actors)
    guilty = set(left) & set(right)
    for one in actors:
        if one.identity.index not in guilty:
            state = one.view.blocks[one.view.get_head()].state
            assert {index for index, member in enumerate(state.members) if member.slashed} == guilty
            assert state.burnt == sum(stakes[index] for index in guilty)
            assert one.view.finalized.epoch > HEALED // 8 - 1


def test_evidence_is_noticed_by_whoever_sees_both_sides() -> None:
    actors, net = twins((100, 100, 100), (0, 1), (1, 2))
    net.run(HEALED - 1)
    watcher = View(first_state((100, 100, 100)), count_messages)
    for one in actors:
        for block in one.archive.values():
            for vote in block.body.attestations:
                watcher.add_vote(vote, HEALED)
    assert set(watcher.evidence) == {1}
