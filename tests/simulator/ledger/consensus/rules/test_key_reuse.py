"""A key belongs to one validator: otherwise evidence against one would be evidence against two."""

import pytest
from msgspec.structs import replace

from simulator.ledger.consensus.state import get_genesis_state
from simulator.ledger.record.rules import RuleError
from tests.simulator.ledger.consensus.cluster import COUNT_OF_NOTHING, genesis


def test_invalid_genesis_with_a_key_twice() -> None:
    good = genesis((100, 100, 100))
    one, two, three = good.validators
    with pytest.raises(RuleError, match="key_reuse"):
        get_genesis_state(replace(good, validators=(one, two, replace(three, key=one.key))), COUNT_OF_NOTHING)
