"""A claim speaks for a device only with the device's signature over every field."""

import pytest
from msgspec.structs import replace

from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.cases import DEVICES, OWNERS, STRANGER, begin, broken, claim, signed

CHANGED = [
    {"intensity": 399_999},
    {"tasks": (0, 0), "records": 1},
    {"models": bytes(32)},
    {"records_root": bytes(32)},
    {"intensity_source": bytes(32)},
    {"load": 8_999_999, "grid_import": 8_999_999},
]


@pytest.mark.parametrize("key", [STRANGER, OWNERS[0], DEVICES[1]])
def test_invalid_signature_of_somebody_else(key: SecretKey) -> None:
    state = begin(devices=2)
    assert broken(state, signed(state, claim(), key)) is Rule.BAD_SIGNATURE


@pytest.mark.parametrize("changes", CHANGED)
def test_invalid_change_after_signing(changes: dict[str, object]) -> None:
    state = begin()
    message = signed(state, claim(), DEVICES[0])
    assert broken(state, replace(message, message=claim(**changes))) is Rule.BAD_SIGNATURE
