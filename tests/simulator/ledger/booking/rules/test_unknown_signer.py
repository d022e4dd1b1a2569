"""Whoever a message names is on the chain."""

from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.cases import (
    DEVICES,
    OWNERS,
    begin,
    broken,
    broken_by,
    claim,
    registration,
    serve,
    signed,
)


def test_invalid_unknown_device() -> None:
    assert broken_by(begin(), claim(device=1)) is Rule.UNKNOWN_SIGNER


def test_invalid_unknown_project() -> None:
    state = begin()
    assert broken(state, signed(state, registration(state, 1, project=7), OWNERS[0])) is Rule.UNKNOWN_SIGNER


def test_invalid_unknown_validator() -> None:
    state = begin()
    opening = serve(1, 0).opening(0, validator=3)
    assert broken(state, signed(state, opening, DEVICES[0])) is Rule.UNKNOWN_SIGNER
