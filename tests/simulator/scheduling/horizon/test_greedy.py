"""Plans that can be found by hand."""

from dataclasses import replace

import numpy as np
import pytest

from simulator.arrays import FloatArray
from simulator.scheduling.horizon.arrivals import LearntArrivals
from simulator.scheduling.horizon.greedy import Greedy, efficient_levels, lots_of
from simulator.scheduling.horizon.problem import Plan, Prospect, expected_grams
from simulator.scheduling.kernels.compiled import Backend
from tests.simulator.scheduling.horizon.test_problem import SECONDS, prospect, store

PROMPT = np.array([True, False])


def planned(asked: Prospect) -> Plan:
    return Greedy(backend=Backend.PLAIN).plan(asked, PROMPT, efficient_levels(asked))


def waiting(asked: Prospect, seconds: float) -> Prospect:
    """Return a prospect with so much work that has come and is due with the last hour."""
    arrived, due = asked.arrived.copy(), asked.due.copy()
    arrived[:, 1] = seconds
    due[-1, 1] = seconds
    return replace(asked, arrived=arrived, due=due)


@pytest.mark.parametrize(("grams", "hour"), [([2.0, 1.0, 3.0], 1), ([1.0, 1.0, 1.0], 0), ([3.0, 3.0, 1.0], 2)])
def test_work_that_may_wait_goes_to_the_cleanest_hour_and_otherwise_to_the_first(grams: list[float], hour: int) -> None:
    by_bus = np.repeat(np.array(grams)[:, np.newaxis], 2, axis=1)
    plan = planned(waiting(prospect(by_bus, np.zeros((3, 2))), 600.0))
    assert plan.work[:, :, 1].sum(axis=(1, 2)) == pytest.approx([600.0 if one == hour else 0.0 for one in range(3)])


def test_the_sun_of_a_later_hour_is_worth_waiting_for() -> None:
    sunny = np.zeros((3, 2))
    sunny[2, 1] = 10.0 * SECONDS
    asked = waiting(prospect(np.ones((3, 2)), sunny), 600.0)
    plan = planned(asked)
    assert plan.work[2, 1, 1].sum() == pytest.approx(600.0)
    at_once = replace(plan, work=plan.work[[2, 1, 0]], batch=plan.batch[[2, 1, 0]])
    assert expected_grams(asked, plan) < expected_grams(asked, at_once)


def test_more_work_than_an_hour_has_room_for_spreads_and_what_is_due_is_done() -> None:
    grams: FloatArray = np.repeat(np.array([3.0, 2.0, 1.0])[:, np.newaxis], 2, axis=1)
    asked = waiting(prospect(grams, np.zeros((3, 2))), 2.5 * SECONDS)
    # One of the two nodes is in front.
    asked = replace(asked, prompt=np.tile([10.0, 0.0], (3, 1)))
    plan = planned(asked)
    done = plan.work[:, :, 1].sum(axis=(1, 2))
    assert done == pytest.approx(np.array([0.5, 1.0, 1.0]) * SECONDS)
    assert ((plan.front > 0.0) & (plan.batch > 0.0)).sum() == 0


@pytest.mark.parametrize(("later", "charges"), [(1.0, False), (1.2, False), (3.0, True)])
def test_a_battery_charges_where_that_is_worth_its_losses(later: float, charges: bool) -> None:
    grams = np.array([[1.0, 1.0], [1.0, later]])
    asked = prospect(grams, np.zeros((2, 2)), store(0.8))
    # What the second node takes asleep in an hour is what eight parts of the battery hold.
    small = replace(asked.batteries, capacity=np.array([0.0, 0.5 * SECONDS]))
    plan = planned(replace(asked, batteries=small))
    assert (plan.charge[0, 1] > 0.0) == charges
    assert plan.charge[:, 0].sum() == plan.charge[1].sum() == 0.0


def test_lots_are_what_has_arrived_by_when_it_is_due() -> None:
    asked = prospect(np.ones((3, 2)), np.zeros((3, 2)))
    asked = replace(
        asked,
        arrived=np.array([[0.0, 30.0], [0.0, 50.0], [0.0, 50.0]]),
        due=np.array([[0.0, 10.0], [0.0, 10.0], [0.0, 40.0]]),
    )
    lots, amounts = lots_of(asked, PROMPT)
    assert lots.T.tolist() == [[1, 0, 0], [1, 0, 2], [1, 1, 2]]
    assert amounts.tolist() == [10.0, 20.0, 10.0]


def test_arrivals_are_expected_as_on_the_days_seen_and_before_as_in_the_last_hour() -> None:
    learnt = LearntArrivals(1)
    seen = [learnt.seen]
    for hour in range(25):
        learnt.add(np.array([float(hour)]))
        learnt.close(hour)
        seen.append(learnt.seen)
    assert seen == [False, *[True] * 25]
    assert learnt.expected(25, 3)[:, 0].tolist() == [1.0, 2.0, 3.0]
    assert learnt.expected(24, 1)[0, 0] == (0.0 + 24.0) / 2
    fresh = LearntArrivals(1)
    fresh.add(np.array([5.0]))
    fresh.close(0)
    assert fresh.expected(1, 2)[:, 0].tolist() == [5.0, 5.0]
