"""A key belongs to one role, so a signature says who signed, and a device cannot stand twice."""

import pytest
from msgspec.structs import replace

from simulator.ledger.booking.state import State, get_genesis_state
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import KeyPossession, Registration
from tests.simulator.ledger.cases import (
    DEVICES,
    OWNERS,
    STRANGER,
    VALIDATORS,
    begin,
    broken,
    genesis,
    registration,
    signed,
)


def registered(state: State, device: int, key: SecretKey, shown_by: SecretKey) -> Registration:
    """Return the registration of a device with a key, whose possession is shown by some key."""
    shown = KeyPossession(device=device, project=0, key=key.public)
    plain = registration(state, 1)
    return replace(plain, device=device, key=key.public, possession=shown_by.sign(state.chain_id, shown))


@pytest.mark.parametrize("key", [DEVICES[0], OWNERS[0], OWNERS[1], VALIDATORS[0]])
def test_invalid_key_of_another_role(key: SecretKey) -> None:
    state = begin()
    assert broken(state, signed(state, registered(state, 1, key, key), OWNERS[0])) is Rule.KEY_REUSE


def test_invalid_key_of_others() -> None:
    """Nobody registers a key without its secret, and so takes its owner's place."""
    state = begin()
    assert broken(state, signed(state, registered(state, 1, STRANGER, OWNERS[0]), OWNERS[0])) is Rule.BAD_SIGNATURE


def test_invalid_key_that_stands_twice_in_the_genesis() -> None:
    plain = genesis()
    projects = (replace(plain.projects[0], owner=VALIDATORS[1].public), plain.projects[1])
    with pytest.raises(RuleError) as caught:
        get_genesis_state(replace(plain, projects=projects))
    assert caught.value.rule is Rule.KEY_REUSE
