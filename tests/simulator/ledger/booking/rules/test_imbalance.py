"""Energy comes from somewhere and goes somewhere, to the millijoule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.cases import begin, broken_by, claim

STATE = begin()
FLOWS = ["charge", "export", "generation", "grid_import", "load"]


@given(st.sampled_from(FLOWS), st.integers(1, 1_000_000))
def test_invalid_imbalance(what: str, more: int) -> None:
    energies = {"generation": 0, "grid_import": 9_000_000, "load": 9_000_000, "export": 0, "charge": 0}
    energies[what] += more
    assert broken_by(STATE, claim(**energies)) is Rule.IMBALANCE


@pytest.mark.parametrize("curtailed", [1, 1_000])
def test_invalid_curtailment_of_what_was_not_generated(curtailed: int) -> None:
    """Energy from the grid that went nowhere would hide a load."""
    assert broken_by(STATE, claim(load=0, grid_import=curtailed, curtailed=curtailed)) is Rule.IMBALANCE
