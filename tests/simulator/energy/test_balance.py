"""Laws of the energy balance."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import SECONDS_PER_HOUR, Joules, Seconds, Watts
from simulator.arrays import BoolArray, FloatArray
from simulator.energy.balance import Flows, settle
from simulator.energy.battery import Batteries, Battery

NODES = 100
STEPS = 1000
STEP = Seconds(300.0)
TOLERANCE = 1e-9 * SECONDS_PER_HOUR
"""1e-9 Wh, in joules."""


def random_battery(random: np.random.Generator) -> Battery | None:
    """Draw any battery that can be configured, some at the bounds, or None."""
    if random.random() < 0.1:
        return None
    minimum, initial = sorted(random.choice([0.0, 1.0, *random.random(3)], 2))
    return Battery(
        capacity=Joules(10.0 ** random.uniform(0, 7)),
        charge_limit=Watts(10.0 ** random.uniform(-1, 4)),
        discharge_limit=Watts(10.0 ** random.uniform(-1, 4)),
        charge_efficiency=random.choice([1.0, random.uniform(0.5, 1.0)]),
        discharge_efficiency=random.choice([1.0, random.uniform(0.5, 1.0)]),
        minimum_ratio=float(minimum),
        initial_ratio=float(initial),
    )


def random_energy(random: np.random.Generator) -> FloatArray:
    """Draw the joules of a step, sometimes zero."""
    return np.asarray(10.0 ** random.uniform(-3, 6, NODES) * (random.random(NODES) > 0.2))


def imbalance(flows: Flows) -> FloatArray:
    """Return the energy that came in less the energy that went out, in joules."""
    came = flows.generation + flows.grid_import + flows.discharge
    return came - (flows.load + flows.charge + flows.export + flows.curtailment)


def assert_lawful(batteries: Batteries, stored: FloatArray, flows: Flows, sells: BoolArray) -> None:
    """Assert every law that a step has to keep."""
    assert np.abs(imbalance(flows)).max() <= TOLERANCE
    gained = flows.charge * batteries.charge_efficiency - flows.discharge / batteries.discharge_efficiency
    assert np.abs(flows.stored - stored - gained).max() <= TOLERANCE
    assert (flows.stored >= batteries.minimum).all()
    assert (flows.stored <= batteries.capacity).all()
    amounts = (flows.grid_import, flows.discharge, flows.charge, flows.export, flows.curtailment)
    assert min(amount.min() for amount in amounts) >= 0.0
    assert (flows.charge <= batteries.charge_limit * STEP).all()
    assert (flows.discharge <= batteries.discharge_limit * STEP).all()
    assert not flows.curtailment[sells].any()
    assert not flows.export[~sells].any()


def test_energy_balances_over_a_hundred_thousand_random_steps() -> None:
    random = np.random.default_rng(1)
    batteries = Batteries.of([random_battery(random) for _ in range(NODES)])
    sells = random.random(NODES) < 0.5
    stored = batteries.initial
    met = np.zeros(5)
    for _ in range(STEPS):
        flows = settle(batteries, stored, random_energy(random), random_energy(random), sells=sells, seconds=STEP)
        assert_lawful(batteries, stored, flows, sells)
        met += [
            np.count_nonzero(each)
            for each in (flows.grid_import, flows.discharge, flows.charge, flows.export, flows.curtailment)
        ]
        stored = flows.stored
    assert (met > 1000).all()


def test_the_grid_neither_charges_nor_is_fed_from_batteries() -> None:
    random = np.random.default_rng(2)
    batteries = Batteries.of([random_battery(random) for _ in range(NODES)])
    stored = batteries.initial
    for _ in range(100):
        generation, load = random_energy(random), random_energy(random)
        flows = settle(batteries, stored, generation, load, sells=np.ones(NODES, dtype=bool), seconds=STEP)
        short = generation < load
        assert not (flows.charge[short].any() or flows.export[short].any())
        assert not (flows.discharge[~short].any() or flows.grid_import[~short].any())
        stored = flows.stored


def test_the_grid_gives_only_what_the_battery_cannot() -> None:
    random = np.random.default_rng(3)
    batteries = Batteries.of([random_battery(random) for _ in range(NODES)])
    stored = batteries.initial
    for _ in range(100):
        most_in, most_out = batteries.chargeable(stored, STEP), batteries.dischargeable(stored, STEP)
        flows = settle(
            batteries, stored, random_energy(random), random_energy(random), sells=np.zeros(NODES, bool), seconds=STEP
        )
        bought, wasted = flows.grid_import > 0, flows.curtailment > 0
        assert (flows.discharge[bought] == most_out[bought]).all()
        assert (flows.charge[wasted] == most_in[wasted]).all()
        stored = flows.stored


@given(
    generation=st.floats(0, 1e7),
    load=st.floats(0, 1e7),
    capacity=st.floats(0, 1e8),
    efficiency=st.floats(0.01, 1),
    ratios=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    sells=st.booleans(),
)
def test_one_step_keeps_the_laws(
    generation: float,
    load: float,
    capacity: float,
    efficiency: float,
    ratios: tuple[float, float],
    sells: bool,
) -> None:
    minimum, initial = sorted(ratios)
    batteries = Batteries.of(
        [
            Battery(
                capacity=Joules(capacity),
                charge_limit=Watts(1000.0),
                discharge_limit=Watts(1000.0),
                charge_efficiency=efficiency,
                discharge_efficiency=efficiency,
                minimum_ratio=minimum,
                initial_ratio=initial,
            )
        ]
    )
    sold = np.array([sells])
    flows = settle(batteries, batteries.initial, np.array([generation]), np.array([load]), sells=sold, seconds=STEP)
    assert_lawful(batteries, batteries.initial, flows, sold)
