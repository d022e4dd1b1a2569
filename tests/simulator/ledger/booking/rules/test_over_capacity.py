"""A device claims no more than it can do: capacity x time, to the millijoule."""

import pytest
from msgspec.structs import replace

from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.cases import CAPACITY, apply, begin, broken_by, claim

SECONDS = 300

FULL = {
    "generation": {"generation": CAPACITY.generation * SECONDS, "export": CAPACITY.generation * SECONDS},
    "load": {"load": CAPACITY.load * SECONDS, "grid_import": CAPACITY.load * SECONDS},
    "grid_import": {"grid_import": CAPACITY.grid * SECONDS, "export": CAPACITY.grid * SECONDS},
    "charge": {"charge": CAPACITY.charge * SECONDS, "grid_import": CAPACITY.charge * SECONDS},
}
"""Claims at the capacity, by what is at it."""

COUNTERPART = {
    "generation": "export",
    "load": "grid_import",
    "grid_import": "load",
    "export": "grid_import",
    "charge": "grid_import",
}


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


def test_invalid_export_over_capacity() -> None:
    """The line carries 400 W, in either direction: panels and battery together may give more."""
    state = begin(capacity=replace(CAPACITY, generation=500 * 1_000))
    full = CAPACITY.grid * SECONDS
    assert apply(state, claim(generation=full, load=0, grid_import=0, export=full)).state.meters[0].sequence == 1
    too_much = claim(generation=full + 1, load=0, grid_import=0, export=full + 1)
    assert broken_by(state, too_much) is Rule.OVER_CAPACITY


def test_invalid_discharge_over_capacity() -> None:
    """A full battery gives 100 W, and not a millijoule more."""
    full = CAPACITY.discharge * SECONDS
    state = begin(capacity=replace(CAPACITY, stored=CAPACITY.storage))
    giving = {"load": full - 1, "grid_import": 0}
    assert apply(state, claim(**giving, discharge=full, export=1)).state.meters[0].total_out == full
    assert broken_by(state, claim(**giving, discharge=full + 1, export=2)) is Rule.OVER_CAPACITY


def test_invalid_more_in_the_battery_than_it_holds() -> None:
    """200 Wh of content at 90% efficiency are reached after 222.2 Wh of charge, 27 intervals at 100 W."""
    state = begin()
    full = CAPACITY.charge * SECONDS
    charging = [claim(number, load=0, grid_import=full, charge=full) for number in range(1, 28)]
    for one in charging[:26]:
        state = apply(state, one, slot=10_000).state
    assert broken_by(state, charging[26], slot=10_000) is Rule.OVER_CAPACITY
