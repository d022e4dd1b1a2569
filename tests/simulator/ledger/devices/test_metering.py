"""Laws of rounding to whole millijoules."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.ledger.devices.metering import FLOWS, PART_BITS, Carried, Energies, meter

joules = st.lists(st.floats(0, 1e9), min_size=len(FLOWS), max_size=len(FLOWS))


def is_balanced(one: Energies) -> bool:
    """Tell whether what came is what went."""
    came = one.generation + one.grid_import + one.discharge
    return came == one.load + one.export + one.charge + one.curtailed


@given(st.lists(joules, min_size=1, max_size=30))
def test_each_flow_is_claimed_to_less_than_a_millijoule(steps: list[list[float]]) -> None:
    """However many intervals: nothing drifts, which rounding each interval by itself would."""
    carried = Carried()
    claimed = dict.fromkeys(Energies.__slots__, 0)
    for step in steps:
        energies, carried = meter(step, carried)
        assert is_balanced(energies)
        for name in claimed:
            claimed[name] += getattr(energies, name)
    true = [sum(Fraction(one) * 1000 for one in flow) for flow in zip(*steps, strict=True)]
    fine = Fraction(1000 * len(steps), 2**PART_BITS)
    own_load, own_charge, export, curtailed, discharge, grid_load, grid_charge = (
        one - Fraction(part, 2**PART_BITS) for one, part in zip(true, carried.parts, strict=True)
    )
    by_field = {
        "generation": own_load + own_charge + export + curtailed,
        "load": own_load + discharge + grid_load,
        "grid_import": grid_load + grid_charge,
        "export": export,
        "charge": own_charge + grid_charge,
        "discharge": discharge,
        "curtailed": curtailed,
    }
    assert all(0 <= by_field[name] - claimed[name] < 4 * fine for name in claimed)
    assert all(0 <= part < 2**PART_BITS for part in carried.parts)


@given(st.lists(st.lists(st.floats(-1e-9, 1e3), min_size=7, max_size=7), min_size=1, max_size=10))
def test_a_hair_below_zero_is_claimed_as_zero(steps: list[list[float]]) -> None:
    carried = Carried()
    for step in steps:
        energies, carried = meter(step, carried)
        assert is_balanced(energies)
        assert min(getattr(energies, name) for name in Energies.__slots__) >= 0


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_invalid_flow(bad: float) -> None:
    with pytest.raises((ValueError, OverflowError)):
        meter([bad, 0, 0, 0, 0, 0, 0], Carried())
