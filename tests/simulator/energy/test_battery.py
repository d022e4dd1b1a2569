"""Batteries by hand, and against those of vessim over a year."""

from collections.abc import Callable

import numpy as np
import pytest
from vessim import SimpleBattery  # type: ignore[import-untyped]

from exporter.core.units import SECONDS_PER_HOUR, Joules, Seconds, Watts
from simulator.energy.battery import Batteries, Battery
from simulator.energy.bus import QUANTITIES
from simulator.scheduling.kernels.compiled import Backend
from tests.simulator.energy.settling import STEP, Buses

STEPS_PER_YEAR = 365 * 288
CAPACITY_WATT_HOURS = 250.0


def battery(
    *,
    efficiency: float = 0.9,
    initial: float = 0.5,
    charge_limit: float = 100.0,
    discharge_limit: float = 50.0,
) -> Battery:
    return Battery(
        capacity=Joules(CAPACITY_WATT_HOURS * SECONDS_PER_HOUR),
        charge_limit=Watts(charge_limit),
        discharge_limit=Watts(discharge_limit),
        charge_efficiency=efficiency,
        discharge_efficiency=efficiency,
        minimum_ratio=0.1,
        initial_ratio=initial,
    )


def test_the_node_without_a_battery_has_one_that_holds_nothing() -> None:
    batteries = Batteries.of([battery(), None])
    assert batteries.initial.tolist() == [0.5 * 250 * 3600, 0.0]
    assert batteries.minimum == pytest.approx([0.1 * 250 * 3600, 0.0])
    assert batteries.capacity.tolist() == [250 * 3600.0, 0.0]


def test_no_nodes_have_no_batteries() -> None:
    assert Batteries.of([]).initial.shape == (0,)


@pytest.mark.parametrize(
    ("stored_watt_hours", "charge", "discharge"),
    [
        (125.0, 100 * 300.0, 50 * 300.0),  # power is the limit
        (249.0, 3600 / 0.9, 50 * 300.0),  # 1 Wh of room, more at the terminals
        (26.0, 100 * 300.0, 3600 * 0.9),  # 1 Wh above the minimum, less at the terminals
    ],
)
def test_limits_at_the_terminals(stored_watt_hours: float, charge: float, discharge: float) -> None:
    none, plenty = np.zeros(1), np.full(1, 1e6)
    for wind, load, quantity, most in ((plenty, none, "charge", charge), (none, plenty, "discharge", discharge)):
        buses = Buses.of(battery(), backend=Backend.PLAIN)
        buses.stored[0] = stored_watt_hours * SECONDS_PER_HOUR
        told = buses.step(none, wind, load, none)[1][0]
        assert told[QUANTITIES.index(quantity)] == pytest.approx(most)


@pytest.mark.slow
def test_a_round_trip_loses_what_both_ways_lose() -> None:
    buses = Buses.of(battery(efficiency=0.9, initial=0.1))
    buses.seconds = Seconds(1000.0)
    none, plenty = np.zeros(1), np.full(1, 20_000.0)
    full = buses.step(plenty, none, none, none)[1][0]
    empty = buses.step(none, none, plenty, none)[1][0]
    assert full[QUANTITIES.index("charge")] == pytest.approx(20_000.0)
    assert empty[QUANTITIES.index("discharge")] == pytest.approx(20_000.0 * 0.81)
    assert buses.stored == pytest.approx(buses.batteries.minimum)


def calm(random: np.random.Generator) -> np.ndarray:
    """Draw power that seldom meets a bound."""
    return random.normal(0.0, 40.0, STEPS_PER_YEAR)


def rough(random: np.random.Generator) -> np.ndarray:
    """Draw power that often meets all bounds: hours of surplus and of deficit."""
    return np.repeat(random.normal(0.0, 150.0, STEPS_PER_YEAR // 12), 12)


@pytest.mark.slow
@pytest.mark.parametrize("draw", [calm, rough])
def test_a_year_agrees_with_vessim(draw: Callable[[np.random.Generator], np.ndarray]) -> None:
    power = draw(np.random.default_rng(7))
    c_rate = 0.4
    limit = c_rate * CAPACITY_WATT_HOURS
    theirs = SimpleBattery("b", CAPACITY_WATT_HOURS, initial_soc=0.5, min_soc=0.1, c_rate=c_rate)
    levels = []
    for watts in power.tolist():
        lowest, highest = theirs.feasible_range(STEP)
        theirs.set_power(min(max(watts, lowest), highest), STEP)
        theirs.step(STEP)
        levels.append(theirs.charge_level)
    ours = year_of(battery(efficiency=1.0, charge_limit=limit, discharge_limit=limit), power)
    assert np.abs(ours - levels).max() <= 1e-6
    assert np.ptp(ours) > 0.5 * CAPACITY_WATT_HOURS


@pytest.mark.slow
@pytest.mark.parametrize("draw", [calm, rough])
def test_with_losses_a_year_agrees_with_vessim_behind_its_terminals(
    draw: Callable[[np.random.Generator], np.ndarray],
) -> None:
    power = draw(np.random.default_rng(8))
    efficiency = 0.95
    theirs = SimpleBattery("b", CAPACITY_WATT_HOURS, initial_soc=0.5, min_soc=0.1)
    levels = []
    for watts in power.tolist():
        inside = watts * efficiency if watts > 0 else watts / efficiency
        lowest, highest = theirs.feasible_range(STEP)
        theirs.set_power(min(max(inside, lowest), highest), STEP)
        theirs.step(STEP)
        levels.append(theirs.charge_level)
    ours = year_of(battery(efficiency=efficiency, charge_limit=1e6, discharge_limit=1e6), power)
    assert np.abs(ours - levels).max() <= 1e-6
    assert np.ptp(ours) > 0.5 * CAPACITY_WATT_HOURS


def year_of(one: Battery, power: np.ndarray) -> np.ndarray:
    """Return the battery's content after each step, in watt hours, where all of `power` is surplus or deficit."""
    buses, levels, none = Buses.of(one), [], np.zeros(1)
    for energy in (power * STEP)[:, None]:
        buses.step(np.maximum(energy, 0.0), none, np.maximum(-energy, 0.0), none)
        levels.append(buses.stored[0])
    return np.array(levels) / SECONDS_PER_HOUR
