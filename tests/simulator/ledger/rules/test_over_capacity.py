"""A device claims no more than it can do: capacity x time, to the millijoule."""

import pytest

from simulator.ledger.rules import Rule
from tests.simulator.ledger.cases import CAPACITY, apply, begin, broken_by, claim

SECONDS = 300

FULL = {
    "generation": {"generation": CAPACITY.generation * SECONDS, "export": CAPACITY.generation * SECONDS},
    "load": {"load": CAPACITY.load * SECONDS, "grid_import": CAPACITY.load * SECONDS},
    "grid_import": {"grid_import": CAPACITY.grid * SECONDS, "export": CAPACITY.grid * SECONDS},
    "charge": {"charge": CAPACITY.charge * SECONDS, "grid_import": CAPACITY.charge * SECONDS},
}
"""Claims at the capacity, by what is at it."""

COUNTERPART = {"generation": "export", "load": "grid_import", "grid_import": "load", "charge": "grid_import"}


@pytest.mark.parametrize("what", FULL)
def test_the_capacity_itself_is_within_it(what: str) -> None:
    assert apply(begin(), claim(**{"load": 0, "grid_import": 0, **FULL[what]})).state.meters[0].sequence == 1


@pytest.mark.parametrize("what", FULL)
def test_invalid_over_capacity(what: str) -> None:
    """A millijoule more is too much, though the balance is exact."""
    energies = {"load": 0, "grid_import": 0, **FULL[what]}
    energies[what] += 1
    energies[COUNTERPART[what]] += 1
    assert broken_by(begin(), claim(**energies)) is Rule.OVER_CAPACITY


def test_invalid_capacity_of_a_shorter_interval() -> None:
    full = CAPACITY.load * SECONDS
    assert broken_by(begin(), claim(end=299, load=full, grid_import=full)) is Rule.OVER_CAPACITY


def test_invalid_more_in_the_battery_than_it_holds() -> None:
    """200 Wh of content at 90% efficiency are reached after 222.2 Wh of charge, 27 intervals at 100 W."""
    state = begin()
    full = CAPACITY.charge * SECONDS
    charging = [claim(number, load=0, grid_import=full, charge=full) for number in range(1, 28)]
    for one in charging[:26]:
        state = apply(state, one, slot=10_000).state
    assert broken_by(state, charging[26], slot=10_000) is Rule.OVER_CAPACITY
