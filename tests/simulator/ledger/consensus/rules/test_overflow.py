"""All stakes together fit into a record's integer."""

import pytest

from simulator.ledger.record.rules import RuleError
from tests.simulator.ledger.consensus.chain import extend, grow
from tests.simulator.ledger.consensus.cluster import first_state


def test_valid_stake_up_to_the_largest_integer() -> None:
    state = grow(first_state((2**62, 2**62 - 1)), 3, range(2))
    assert state.finalized.epoch == 1
    assert extend(state, 25).slot == 25


def test_invalid_stake_beyond_it() -> None:
    with pytest.raises(RuleError, match="overflow"):
        first_state((2**62, 2**62))
