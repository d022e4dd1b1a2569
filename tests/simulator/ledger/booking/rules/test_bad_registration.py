"""A device is registered once, for good, within what an edge site can have."""

import pytest
from msgspec.structs import replace

from simulator.ledger.booking.ownership import MAX_MILLIWATTS, MAX_STORAGE
from simulator.ledger.booking.state import get_genesis_state
from simulator.ledger.record.rules import Rule, RuleError
from tests.simulator.ledger.cases import CAPACITY, DEVICES, OWNERS, begin, broken, genesis, registration, signed


def test_invalid_second_registration() -> None:
    """A device cannot come back without its past, nor go to another project."""
    state = begin()
    again = replace(registration(state, 1), device=0)
    assert broken(state, signed(state, again, OWNERS[0])) is Rule.BAD_REGISTRATION


@pytest.mark.parametrize(
    "changes",
    [
        {"generation": MAX_MILLIWATTS + 1},
        {"grid": MAX_MILLIWATTS + 1},
        {"storage": MAX_STORAGE + 1},
        {"stored": CAPACITY.storage + 1},
    ],
)
def test_invalid_capacity(changes: dict[str, int]) -> None:
    state = begin(devices=0)
    message = signed(state, registration(state, 0, capacity=replace(CAPACITY, **changes)), OWNERS[0])
    assert broken(state, message) is Rule.BAD_REGISTRATION


def test_invalid_owner() -> None:
    """Only a project's owner adds a device to it."""
    state = begin(devices=0)
    assert broken(state, signed(state, registration(state, 0), OWNERS[1])) is Rule.BAD_SIGNATURE
    assert broken(state, signed(state, registration(state, 0), DEVICES[0])) is Rule.BAD_SIGNATURE


def test_invalid_sponsor() -> None:
    plain = genesis()
    projects = (replace(plain.projects[0], sponsor=len(plain.validators)),)
    with pytest.raises(RuleError) as caught:
        get_genesis_state(replace(plain, projects=projects))
    assert caught.value.rule is Rule.BAD_REGISTRATION
