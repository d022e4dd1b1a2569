"""A battery gives no more than it took, and what came from the grid stays the grid's."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.ledger.booking.state import State
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Claim
from tests.simulator.ledger.cases import CAPACITY, WATT_HOUR, apply, begin, broken_by, claim

GRID, OWN = 0, 1


def certified(state: State) -> int:
    """Return the certified energy of the first device, in millijoules, issued or not."""
    return state.totals[0].issued * WATT_HOUR + state.meters[0].remainder


def charging(sequence: int, energy: int, source: int) -> Claim:
    """Return a claim that charges from the grid or from own generation."""
    given = {"grid_import": energy} if source == GRID else {"generation": energy, "grid_import": 0}
    return claim(sequence, load=0, charge=energy, **given)


def discharging(sequence: int, energy: int) -> Claim:
    """Return a claim that serves the load from the battery."""
    return claim(sequence, load=energy, grid_import=0, discharge=energy)


def test_invalid_discharge_of_an_empty_battery() -> None:
    assert broken_by(begin(), discharging(1, 1)) is Rule.STORAGE_LAUNDERING


def test_invalid_discharge_without_losses() -> None:
    """Of 10,000,000 mJ, nine tenths come out again, and not a millijoule more."""
    state = apply(begin(), charging(1, 10_000_000, OWN)).state
    assert broken_by(state, discharging(2, 9_000_001)) is Rule.STORAGE_LAUNDERING
    assert certified(apply(state, discharging(2, 9_000_000)).state) == 9_000_000


def test_the_initial_charge_comes_out_but_is_not_certified() -> None:
    state = begin(capacity=replace(CAPACITY, stored=5_000_000))
    assert certified(apply(state, discharging(1, 5_000_000)).state) == 0
    assert broken_by(state, discharging(1, 5_000_001)) is Rule.STORAGE_LAUNDERING


def test_the_initial_charge_does_not_pass_for_own_generation() -> None:
    """Of 5 MJ that were there and 10 MJ of own charge, 14 MJ come out: at most 9 of them can be the device's own."""
    state = begin(capacity=replace(CAPACITY, stored=5_000_000))
    state = apply(state, charging(1, 10_000_000, OWN), discharging(2, 14_000_000)).state
    assert certified(state) == 9_000_000


def test_energy_of_the_grid_is_not_laundered() -> None:
    """Charged at night from the grid and given by day, it is still the grid's."""
    state = apply(begin(), charging(1, 10_000_000, GRID), discharging(2, 9_000_000)).state
    assert certified(state) == 0


def test_mixed_charge_is_certified_in_proportion() -> None:
    """A quarter of the charge was own generation, so a quarter of the output is, whenever it comes."""
    state = apply(begin(), charging(1, 15_000_000, GRID), charging(2, 5_000_000, OWN), slot=1_000).state
    state = apply(state, discharging(3, 8_000_000), slot=1_000).state
    assert certified(state) == 2_000_000
    state = apply(state, discharging(4, 10_000_000), slot=1_000).state
    assert certified(state) == 4_500_000


def test_a_declared_efficiency_above_the_measured_one_certifies_nothing_more() -> None:
    """Input and output in total tell the losses: 10 MJ went in, 6 MJ came out, and no more is certified."""
    state = begin(capacity=replace(CAPACITY, efficiency_ppm=1_000_000))
    state = apply(state, charging(1, 10_000_000, OWN), discharging(2, 6_000_000)).state
    assert certified(state) == 6_000_000


flows = st.lists(st.tuples(st.sampled_from([GRID, OWN, None]), st.integers(1, 30_000_000)), min_size=1, max_size=20)


@given(flows, st.integers(500_000, 1_000_000), st.integers(0, 50_000_000))
def test_what_is_certified_out_is_certified_in_less_losses(
    moves: list[tuple[int | None, int]], ppm: int, stored: int
) -> None:
    """Whatever order, both inferences hold, exactly: in x efficiency >= out, and out in proportion to in."""
    state = begin(capacity=replace(CAPACITY, efficiency_ppm=ppm, stored=stored))
    sequence = 1
    for source, energy in moves:
        one = discharging(sequence, energy) if source is None else charging(sequence, energy, source)
        before = state.meters[0]
        try:
            state = apply(state, one, slot=10_000).state
        except RuleError as error:
            assert error.rule in {Rule.STORAGE_LAUNDERING, Rule.OVER_CAPACITY}
        else:
            sequence += 1
        meter = state.meters[0]
        assert (meter.total_out - stored) * 1_000_000 <= (meter.total_in - stored) * ppm
        assert meter.certified_out * 1_000_000 <= meter.certified_in * ppm
        if meter.certified_out > before.certified_out:
            assert meter.certified_out * meter.total_in <= meter.certified_in * meter.total_out
        assert certified(state) == meter.certified_out
