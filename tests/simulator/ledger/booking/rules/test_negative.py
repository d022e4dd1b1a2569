"""Nothing flows backwards under another name."""

import pytest

from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.cases import begin, broken_by, claim

NEGATIVE = [
    {"generation": -1, "load": 8_999_999},
    {"load": -9_000_000, "grid_import": -9_000_000},
    {"load": 0, "export": -9_000_000, "grid_import": -9_000_000},
    {"charge": -1, "load": 9_000_001},
    {"discharge": -1, "load": 8_999_999},
    {"generation": 1, "curtailed": -1, "load": 9_000_002},
    {"intensity": -400_000},
    {"tasks": (-1, 1)},
    {"tasks": (1, -1)},
]
"""Balanced claims with something below zero: emissions, say, that would become avoided ones."""


@pytest.mark.parametrize("changes", NEGATIVE, ids=str)
def test_invalid_negative(changes: dict[str, object]) -> None:
    assert broken_by(begin(), claim(**changes)) is Rule.NEGATIVE
