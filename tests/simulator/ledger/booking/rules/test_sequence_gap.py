"""Claims of a device are numbered without a gap, so none is left out, and none counts twice."""

import pytest

from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import MAX_INTEGER, Instrument, Lots, Transfer
from tests.simulator.ledger.cases import OWNERS, STRANGER, apply, begin, broken, broken_by, claim, signed


@pytest.mark.parametrize("sequence", [0, 2, 3, MAX_INTEGER])
def test_invalid_first_sequence(sequence: int) -> None:
    assert broken_by(begin(), claim(1, sequence=sequence)) is Rule.SEQUENCE_GAP


def test_invalid_replay() -> None:
    """The same claim again would count its tasks again."""
    state = apply(begin(), claim(1)).state
    assert broken_by(state, claim(1)) is Rule.SEQUENCE_GAP


def test_invalid_sequence_left_out() -> None:
    state = apply(begin(), claim(1)).state
    assert broken_by(state, claim(2, sequence=3)) is Rule.SEQUENCE_GAP


@pytest.mark.parametrize("sequence", [0, 2])
def test_invalid_sequence_of_a_holder(sequence: int) -> None:
    """A transfer is not repeated by somebody who saw it."""
    state = apply(begin(), claim(1, generation=9_000_000, grid_import=0)).state
    lots = Lots(instrument=Instrument.CERTIFICATE, series=0, first=0, end=1)
    order = Transfer(holder=OWNERS[0].public, sequence=sequence, lots=lots, to=STRANGER.public)
    assert broken(state, signed(state, order, OWNERS[0])) is Rule.SEQUENCE_GAP
