"""Proposers that leave out what they dislike, or everything: a delay until an honest one's turn, and no more."""

import hashlib
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from simulator.ledger.consensus.election import Lottery
from simulator.ledger.consensus.network import Conditions, Network
from simulator.ledger.consensus.peer import Peer
from simulator.ledger.consensus.state import State
from simulator.ledger.record.types import Block, Body, SignedMessage
from tests.simulator.ledger.consensus.cluster import COUNT_OF_NOTHING, count_messages, first_state, identity
from tests.simulator.ledger.consensus.messages import retirement
from tests.simulator.ledger.consensus.nodes import final_epochs, fork

STAKES = (100, 100, 100, 100, 100, 200)
VICTIM, CENSOR = 4, 5
STATE = first_state(STAKES)
MESSAGE = retirement(STATE, 1)


def choose_messages(state: State) -> Sequence[SignedMessage]:
    """Return the message until it is counted, from the second epoch on."""
    return (MESSAGE,) if state.application == COUNT_OF_NOTHING and state.slot > 8 else ()


class Censor(Peer):
    """Validator that leaves out all messages, and all votes of one validator."""

    def select_body(self, state: State) -> Body:
        body = super().select_body(state)
        kept = tuple(vote for vote in body.attestations if vote.data.validator != VICTIM)
        return replace(body, attestations=kept, messages=())


class Idler(Peer):
    """Validator that proposes nothing but empty blocks."""

    def select_body(self, state: State) -> Body:  # noqa: ARG002 - the honest one's
        return Body()


def run(kind: type[Peer], seed: int) -> list[Peer]:
    actors = [
        (kind if index == CENSOR else Peer)(identity(index), STATE, count_messages, choose_messages)
        for index in range(len(STAKES))
    ]
    net = Network(actors, Conditions(seed=seed))
    net.run(80)
    assert not fork(actors)
    return actors


def chain_of(actor: Peer) -> list[Block]:
    return sorted(actor.archive.values(), key=lambda block: block.signed_header.header.slot)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", [Censor, Idler])
def test_the_first_honest_proposer_includes_what_others_left_out(kind: type[Peer], seed: int) -> None:
    actors = run(kind, seed)
    late = [block for block in chain_of(actors[0]) if block.signed_header.header.slot > 8]
    holder = next(block for block in late if block.body.messages)
    before = late[: late.index(holder)]
    assert {block.signed_header.header.proposer for block in before} <= {CENSOR}
    assert holder.signed_header.header.proposer != CENSOR


@pytest.mark.parametrize("kind", [Censor, Idler])
def test_all_votes_count_and_finality_goes_on(kind: type[Peer]) -> None:
    actors = run(kind, 1)
    assert min(final_epochs(actors)) == 8
    voters = [vote.data.validator for block in chain_of(actors[0]) for vote in block.body.attestations]
    assert min(voters.count(index) for index in range(len(STAKES))) >= 8


@pytest.mark.parametrize("share", [10, 30, 60])
def test_the_delay_is_bounded_by_the_stake_that_censors(share: int) -> None:
    """It lasts longer than d slots with a chance of share^d: with a third, one in 59,000 waits for more than 10."""
    lottery, slots = Lottery((share, 100 - share)), 40_000
    seed = hashlib.sha256(b"censorship").digest()
    turns = [lottery.get_proposer(seed, slot) for slot in range(slots)]
    for delay in range(1, 5):
        waits = sum(not any(turns[slot : slot + delay]) for slot in range(slots - delay)) / slots
        chance = (share / 100) ** delay
        assert abs(waits - chance) < 8 * (chance / slots) ** 0.5
