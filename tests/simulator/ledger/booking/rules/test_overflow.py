"""Integers stay within 63 bits, where every language counts alike."""

import pytest

from simulator.ledger.booking.claims import MAX_ALLOWANCE
from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import MAX_INTEGER
from tests.simulator.ledger.cases import CONFIG, apply, begin, broken_by, claim


@pytest.mark.parametrize("what", ["generation", "load", "grid_import", "export", "charge", "discharge", "intensity"])
def test_invalid_overflow(what: str) -> None:
    """A wrapped sum could balance: 2^64 is 0 to a machine of 64 bits."""
    assert broken_by(begin(), claim(**{what: MAX_INTEGER + 1})) is Rule.OVERFLOW
    assert broken_by(begin(), claim(**{what: 2**64 - 1})) is Rule.OVERFLOW


def test_invalid_tasks_that_earn_too_much() -> None:
    most = MAX_ALLOWANCE // CONFIG.benchmarks[0]
    assert broken_by(begin(), claim(tasks=(most + 1, 0), records=most + 1)) is Rule.OVERFLOW
    assert apply(begin(), claim(tasks=(most, 0), records=most)).state.pending


def test_invalid_tasks_beyond_counting() -> None:
    assert broken_by(begin(), claim(tasks=(MAX_INTEGER, 0), records=MAX_INTEGER)) is Rule.OVERFLOW
