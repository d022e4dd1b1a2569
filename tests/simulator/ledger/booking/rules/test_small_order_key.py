"""Nobody registers a key whose signatures bind to nothing."""

import pytest
from msgspec.structs import replace

from simulator.ledger.booking.state import get_genesis_state
from simulator.ledger.record.rules import Rule, RuleError
from tests.simulator.ledger.cases import OWNERS, begin, broken, genesis, registration, signed
from tests.simulator.ledger.record.test_keys import SMALL_ORDER


@pytest.mark.parametrize("key", SMALL_ORDER, ids=bytes.hex)
def test_invalid_small_order_device(key: bytes) -> None:
    """With such a key the possession could be signed without a secret."""
    state = begin(devices=0)
    forged = replace(registration(state, 0), key=key, possession=key + bytes(32))
    assert broken(state, signed(state, forged, OWNERS[0])) is Rule.SMALL_ORDER_KEY


@pytest.mark.parametrize("key", SMALL_ORDER, ids=bytes.hex)
def test_invalid_small_order_validator(key: bytes) -> None:
    plain = genesis()
    first, *others = plain.validators
    with pytest.raises(RuleError) as caught:
        get_genesis_state(replace(plain, validators=(replace(first, key=key), *others)))
    assert caught.value.rule is Rule.SMALL_ORDER_KEY
