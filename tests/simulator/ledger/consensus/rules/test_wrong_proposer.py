"""A slot has one proposer, whom stake and chance have elected."""

import pytest

from simulator.ledger.consensus.state import get_block_proposer
from simulator.ledger.consensus.transition import process_slots
from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.consensus.chain import propose, refused_by, replaced_header, signed
from tests.simulator.ledger.consensus.cluster import first_state

STATE = first_state((100, 100, 100, 100))
ELECTED = get_block_proposer(process_slots(STATE, 1))


@pytest.mark.parametrize("proposer", sorted({0, 1, 2, 3, 4, 2**63 - 1} - {ELECTED}))
def test_invalid_block_of_whoever_is_not_elected(proposer: int) -> None:
    block = propose(STATE, 1)
    forged = signed(block, replaced_header(block, proposer=proposer), STATE, min(proposer, 4))
    assert refused_by(STATE, forged) is Rule.WRONG_PROPOSER
