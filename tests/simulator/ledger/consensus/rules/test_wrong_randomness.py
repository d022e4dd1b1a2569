"""A proposer has one reveal for a slot: whatever else it writes there is refused, so that it cannot choose."""

import pytest

from simulator.ledger.consensus.state import get_block_proposer
from simulator.ledger.consensus.transition import process_slots
from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.consensus.chain import altered, extend, propose, refused_by
from tests.simulator.ledger.consensus.cluster import first_state, identity

STATE = first_state((100, 100, 100, 100))


def reveals(slot: int) -> list[bytes]:
    state = process_slots(STATE, slot)
    proposer = get_block_proposer(state)
    others = [identity(index).reveals.reveal(slot) for index in range(4) if index != proposer]
    own = [identity(proposer).reveals.reveal(other) for other in (0, slot - 1, slot + 1)]
    return [*others, *own, bytes(32)]


@pytest.mark.parametrize("reveal", reveals(9))
def test_invalid_reveal(reveal: bytes) -> None:
    assert refused_by(STATE, altered(propose(STATE, 9), STATE, randomness_reveal=reveal)) is Rule.WRONG_RANDOMNESS


def test_invalid_reveal_of_an_earlier_block() -> None:
    state = extend(STATE, 1)
    used = next(one for one in state.members if one.revealed == 1).reveal
    again = next(slot for slot in range(2, 99) if propose(state, slot).signed_header.header.proposer == proposer())
    assert refused_by(state, altered(propose(state, again), state, randomness_reveal=used)) is Rule.WRONG_RANDOMNESS


def proposer() -> int:
    return propose(STATE, 1).signed_header.header.proposer
