"""The linear programme of a plan: optima worked out by hand, and never above what a plan emits."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.units import Joules, Watts
from simulator.arrays import FloatArray
from simulator.energy.battery import Battery
from simulator.scheduling.horizon.efficient import efficient
from simulator.scheduling.horizon.fronts import awake_shares, demand_of
from simulator.scheduling.horizon.greedy import Greedy, efficient_levels
from simulator.scheduling.horizon.linear import Linear, LinearPlan, least_plan
from simulator.scheduling.horizon.problem import PROMPT_SHARE, Prospect, expected_grams
from simulator.scheduling.kernels.compiled import Backend
from tests.simulator.scheduling.clusters import cluster
from tests.simulator.scheduling.horizon.prospects import (
    NODE,
    ROUNDING,
    SECONDS,
    kept,
    prospect,
    random_plan,
    sleeper,
)

BATTERY = Battery(
    capacity=Joules(1e5),
    charge_limit=Watts(100.0),
    discharge_limit=Watts(100.0),
    charge_efficiency=0.8,
    discharge_efficiency=1.0,
    minimum_ratio=0.0,
    initial_ratio=0.0,
)
IDLE = SECONDS * 1.0
"""Joules of an hour at the idle power of `NODE`."""


def least(asked: Prospect) -> LinearPlan:
    """Return the solution of fewest grams where every node is quick enough for what fits on it."""
    return least_plan(asked, asked.cluster.fits)


def waiting(*arrived: float) -> FloatArray:
    """Return the cumulative work (H, 2) of a class that may wait, beside none of the other."""
    return np.column_stack((np.zeros(len(arrived)), arrived))


def test_work_that_cannot_wait_costs_what_it_takes_where_it_is() -> None:
    asked = prospect(NODE, np.array([[1.0], [3.0]]), prompt=np.array([[60.0, 0.0], [90.0, 0.0]]))
    found = least(asked)
    assert found.grams == pytest.approx(IDLE * 4.0 + 60.0 * 2.0 + 90.0 * 2.0 * 3.0)
    assert found.grams == pytest.approx(expected_grams(asked, found.plan))
    assert found.undone == pytest.approx(0.0, abs=1e-3)


def test_work_that_may_wait_goes_to_the_cleanest_hour_before_it_is_due() -> None:
    asked = prospect(
        NODE,
        np.array([[3.0], [2.0], [1.0]]),
        arrived=waiting(100.0, 100.0, 100.0),
        due=waiting(0.0, 100.0, 100.0),
    )
    assert least(asked).grams == pytest.approx(IDLE * 6.0 + 100.0 * 2.0 * 2.0)


def test_a_battery_is_filled_in_a_clean_hour_for_a_dirty_one() -> None:
    asked = prospect(NODE, np.array([[1.0], [3.0]]), battery=BATTERY)
    found = least(asked)
    assert found.grams == pytest.approx(IDLE + IDLE / 0.8)
    assert expected_grams(asked, found.plan) == pytest.approx(found.grams)


def test_a_battery_is_held_back_for_a_dirty_hour() -> None:
    full = replace(BATTERY, initial_ratio=IDLE / BATTERY.capacity)
    asked = prospect(NODE, np.array([[1.0], [3.0]]), battery=full)
    found = least(asked)
    assert found.grams == pytest.approx(IDLE)
    assert expected_grams(asked, found.plan) == pytest.approx(found.grams, rel=1e-3)


@pytest.mark.parametrize(("joules", "grams"), [(0.0, 200.0), (1.0, 400.0), (1.9, 580.0), (2.1, 600.0)])
def test_work_moves_where_that_is_worth_the_energy_of_the_network(joules: float, grams: float) -> None:
    # 100 s of work at 2 W: at home 200 J of 3 g, at the other site 200 J of 1 g and the network at 2 g on average.
    two = cluster([[[1.0], [1.0]]] * 2, [[2.0]] * 2)
    two = replace(
        two,
        idle_watts=np.zeros(2),
        site_of_bus=np.array([0, 1], np.int32),
        moved_joules=np.array([[0.0, 0.0], [joules, joules]]),
    )
    asked = prospect(two, np.array([[3.0, 1.0]]), arrived=waiting(100.0), due=waiting(100.0))
    assert least(asked).grams == pytest.approx(grams)


@pytest.mark.parametrize(("cycle", "hour"), [(0.0, 3), (1500.0, 1)])
def test_transitions_make_one_time_awake_better_than_two(cycle: float, hour: int) -> None:
    # An hour of work is due at once. Another may be done right after it, or later on a cleaner grid.
    grams = np.array([[1.0], [1.0], [5.0], [0.9]])
    asked = prospect(
        NODE,
        grams,
        standing=sleeper(cycle),
        arrived=waiting(SECONDS, *[2 * SECONDS] * 3),
        due=waiting(*[SECONDS] * 3, 2 * SECONDS),
    )
    found = least(asked)
    busy = 3.0 * SECONDS
    assert found.grams == pytest.approx(busy + cycle + busy * grams[hour, 0] + (cycle * 0.9 if hour == 3 else 0.0))
    assert found.plan.batch[:, 0].round(6).tolist() == [1.0, float(hour == 1), 0.0, float(hour == 3)]
    assert expected_grams(asked, found.plan) == pytest.approx(found.grams)


def test_each_prompt_class_has_a_node_in_front_all_the_time() -> None:
    # The second node alone does what little there is, but only the first takes the other class.
    two = replace(
        cluster([[[1.0], [1.0]]] * 2, [[2.0]] * 2, fits=[[True, True], [True, False]]), bus=np.zeros(2, np.int32)
    )
    for kind, watts in ((0, 1.0), (1, 3.0)):
        prompt = np.zeros((1, 2))
        prompt[0, kind] = 1.0
        asked = prospect(
            replace(two, idle_watts=np.array([3.0, 1.0])),
            np.array([[1.0]]),
            standing=sleeper(0.0, nodes=2),
            prompt=prompt,
        )
        assert least(asked).grams == pytest.approx(watts * SECONDS + 2.0)


def test_a_node_that_naps_is_awake_for_what_its_tasks_keep_it_awake() -> None:
    # Ten tasks of a second in an hour, and intervals of 300 s, at whose end the node sleeps: 1 - (1 - exp(-u)) / u of
    # the time it is awake, with u = 10 / 12.
    napping = replace(sleeper(0.0), tail_seconds=150.0, nap_seconds=np.array([10.0]))
    asked = prospect(NODE, np.array([[1.0]]), standing=napping, prompt=np.array([[10.0, 0.0]]))
    found = least(asked)
    assert found.grams == pytest.approx(0.3215 * IDLE + 10.0 * 2.0, rel=1e-3)
    shares, _ = awake_shares(asked, demand_of(asked, np.array([True, False])), np.array([True]))
    assert found.plan.front == pytest.approx(shares)


def test_prompt_work_leaves_room_for_bursts() -> None:
    two = replace(cluster([[[1.0], [1.0]]] * 2, [[2.0]] * 2), bus=np.zeros(2, np.int32))
    asked = prospect(two, np.array([[1.0]]), standing=sleeper(0.0, nodes=2), prompt=np.array([[1500.0, 0.0]]))
    assert least(asked).grams == pytest.approx(1500.0 / PROMPT_SHARE + 2.0 * 1500.0)


def test_what_no_plan_can_do_is_left_undone() -> None:
    found = least(prospect(NODE, np.array([[1.0]]), arrived=waiting(5000.0), due=waiting(4000.0)))
    assert found.undone == pytest.approx(400.0)
    assert found.grams == pytest.approx(IDLE + 2.0 * SECONDS)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_no_plan_that_keeps_the_rules_emits_less(seed: int) -> None:
    asked, plan = random_plan(seed)
    assert kept(asked, plan)
    found = least(asked)
    grams = expected_grams(asked, plan)
    assert found.undone == pytest.approx(0.0, abs=1e-3)
    assert found.grams <= grams * (1.0 + ROUNDING) + 1e-9


@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 10_000))
def test_a_plan_to_execute_keeps_nodes_in_front_awake_for_whole_hours(seed: int) -> None:
    asked, _ = random_plan(seed)
    plan = Linear().plan(asked, np.array([True, False, False]), np.zeros((4, 3), np.int32))
    assert (plan.front + plan.batch)[plan.front > ROUNDING] == pytest.approx(1.0)
    assert expected_grams(asked, plan) >= least(asked).grams * (1.0 - ROUNDING) - 1e-9 or not kept(asked, plan)
    busy = np.einsum("hnkl,nkl->hn", plan.work, asked.cluster.service)
    assert (busy <= (PROMPT_SHARE * plan.front + plan.batch) * asked.seconds[:, np.newaxis] + 1e-2).all()


@pytest.mark.parametrize("nap_seconds", [np.inf, 10.0])
def test_no_greedy_plan_emits_less(nap_seconds: float) -> None:
    greedy, prompt, counted = Greedy(backend=Backend.PLAIN), np.array([True, False, False]), 0
    for seed in range(20):
        asked, _ = random_plan(seed)
        standing = replace(asked.standing, tail_seconds=150.0, nap_seconds=np.full(4, nap_seconds))
        asked = replace(asked, standing=standing)
        plan = greedy.plan(asked, prompt, efficient_levels(asked))
        if kept(asked, plan):
            counted += 1
            serves = demand_of(asked, prompt).serves
            assert least_plan(asked, serves).grams <= expected_grams(asked, plan) * (1.0 + ROUNDING) + 1e-9
    assert counted > 5


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_the_points_left_out_are_never_better_at_any_price_of_time_and_energy(seed: int) -> None:
    random = np.random.default_rng(seed)
    service, watts = random.uniform(0.1, 4.0, (3, 2, 6)).round(1), random.uniform(1.0, 20.0, (3, 6)).round(1)
    useful = efficient(service, watts)
    price = np.concatenate(([0.0], random.exponential(5.0, 20)))[:, np.newaxis, np.newaxis, np.newaxis]
    cost = service * (watts[:, np.newaxis, :] + price)
    assert np.where(useful, cost, np.inf).min(axis=3) == pytest.approx(cost.min(axis=3))
