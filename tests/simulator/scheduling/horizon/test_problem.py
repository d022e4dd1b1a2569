"""The grams of a plan, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from exporter.core.units import Joules, Watts
from simulator.arrays import FloatArray
from simulator.energy.battery import Batteries, Battery
from simulator.scheduling.horizon.problem import Plan, Prospect, Standing, expected_grams
from tests.simulator.scheduling.clusters import cluster

SECONDS = 3600.0


def prospect(grams: FloatArray, generation: FloatArray, battery: Battery | None = None) -> Prospect:
    """Return hours (H, 2) on two nodes of 1 W idle and 2 W at work, of which the second sleeps at 0.5 W, and a task
    class of each kind, which take 1 s for each second of reference work."""
    hours = len(grams)
    two = cluster([[[1.0], [1.0]]] * 2, [[1.0]] * 2)
    return Prospect(
        cluster=two,
        batteries=Batteries.of([None, battery]),
        standing=Standing(
            able=np.array([False, True]),
            asleep_watts=np.array([1.0, 0.5]),
            cycle_joules=np.array([0.0, 100.0]),
            awake=np.ones(2, np.bool_),
        ),
        seconds=np.full(hours, SECONDS),
        generation=generation,
        grams_per_joule=grams,
        stored=np.array([0.0, 0.0 if battery is None else battery.initial_ratio * battery.capacity]),
        prompt=np.zeros((hours, 2)),
        arrived=np.zeros((hours, 2)),
        due=np.zeros((hours, 2)),
    )


def store(efficiency: float) -> Battery:
    """Return an empty battery that keeps this much of what it takes, and gives all that it kept."""
    return Battery(
        capacity=Joules(1e6),
        charge_limit=Watts(1e3),
        discharge_limit=Watts(1e3),
        charge_efficiency=efficiency,
        discharge_efficiency=1.0,
        minimum_ratio=0.0,
        initial_ratio=0.0,
    )


def plan(hours: int) -> Plan:
    """Return the plan in which nothing is done, and the second node sleeps from the first hour on."""
    return Plan(
        front=np.tile([1.0, 0.0], (hours, 1)),
        batch=np.zeros((hours, 2)),
        work=np.zeros((hours, 2, 2, 1)),
        charge=np.zeros((hours, 2)),
    )


def test_each_joule_that_is_bought_counts_at_the_grid_of_its_bus_and_hour() -> None:
    asked = prospect(np.array([[1.0, 2.0], [3.0, 4.0]]), np.zeros((2, 2)))
    idle = SECONDS * (1.0 * 1.0 + 0.5 * 2.0 + 1.0 * 3.0 + 0.5 * 4.0)
    assert expected_grams(asked, plan(2)) == pytest.approx(idle)
    busy = plan(2)
    busy.work[1, 1, 1, 0], busy.batch[1, 1] = 600.0, 0.25
    more = 4.0 * (600.0 * 1.0 + 0.25 * SECONDS * 0.5 + 100.0)
    assert expected_grams(asked, busy) == pytest.approx(idle + more)


def test_supply_comes_before_the_grid_and_a_battery_carries_it_over() -> None:
    battery = store(0.5)
    sunny = np.array([[0.0, 5400.0], [0.0, 0.0]])
    grams = np.ones((2, 2))
    without = expected_grams(prospect(grams, sunny), plan(2))
    assert without == pytest.approx(2 * SECONDS + 0.5 * SECONDS)
    carried = expected_grams(prospect(grams, sunny, battery), plan(2))
    # 3600 J are left over, of which half arrive.
    assert without - carried == pytest.approx(1800.0)


def test_to_charge_in_a_clean_hour_for_a_dirty_one_is_worth_what_the_losses_leave() -> None:
    battery = store(0.8)
    asked = prospect(np.array([[1.0, 1.0], [1.0, 3.0]]), np.zeros((2, 2)), battery)
    charging = replace(plan(2), charge=np.array([[0.0, 1000.0], [0.0, 0.0]]))
    assert expected_grams(asked, plan(2)) - expected_grams(asked, charging) == pytest.approx(800.0 * 3.0 - 1000.0)
