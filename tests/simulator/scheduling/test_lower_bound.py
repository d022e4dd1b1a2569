"""The bound: cases worked out by hand, and never above what a schedule found by trying all of them emits."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from exporter.core.units import Joules, Seconds, Watts
from simulator.arrays import FloatArray
from simulator.energy.balance import settle
from simulator.energy.battery import Batteries, Battery
from simulator.scheduling.interface import Cluster
from simulator.scheduling.lower_bound import BoundError, BoundProblem, least_emissions
from tests.simulator.scheduling.clusters import cluster

HOUR = Seconds(3600.0)
NODE = cluster([[[2.0]]], [[10.0]])
BATTERY = Battery(
    capacity=Joules(4000.0),
    charge_limit=Watts(1.0),
    discharge_limit=Watts(1.0),
    charge_efficiency=0.5,
    discharge_efficiency=0.5,
    minimum_ratio=0.0,
    initial_ratio=0.0,
)


def problem(
    generation: list[float],
    *,
    arrived: list[float],
    due: list[float],
    made: Cluster = NODE,
    battery: Battery | None = None,
) -> BoundProblem:
    """Return a problem of one node and one class; 20 J per second of work, and all that arrived is done."""
    batteries = Batteries.of([battery])
    return BoundProblem(
        seconds=HOUR,
        generation=np.array(generation, float)[:, None],
        other_load=np.full((len(generation), 1), 1000.0),
        grams_per_joule=np.full(len(generation), 1e-3),
        batteries=batteries,
        final_stored=batteries.initial,
        arrived=np.array(arrived, float)[:, None],
        due=np.array(due, float)[:, None],
        done=np.array(arrived[-1:], float),
        cluster=made,
    )


def test_work_waits_for_the_sun_where_it_may() -> None:
    # 100 s of work need 2000 J. The second hour has 2500 J to spare, the first has none: only its idle load is bought.
    assert least_emissions(problem([0.0, 3500.0], arrived=[100, 100], due=[0, 100])) == pytest.approx(1.0)


def test_work_that_was_due_cannot_wait() -> None:
    assert least_emissions(problem([0.0, 3500.0], arrived=[100, 100], due=[60, 100])) == pytest.approx(1.0 + 1.2)


def test_work_cannot_be_done_before_it_arrives() -> None:
    assert least_emissions(problem([3500.0, 0.0], arrived=[30, 100], due=[0, 0])) == pytest.approx(1.0 + 1.4)


def test_a_node_has_only_so_much_time() -> None:
    # 2000 s of work take 4000 s: 1800 s of work fit into the sunny hour, 200 s of work are done in the dark.
    got = least_emissions(problem([0.0, 1e6], arrived=[2000, 2000], due=[0, 0]))
    assert got == pytest.approx(1.0 + 200 * 20 * 1e-3)


def test_a_battery_carries_energy_over_at_a_loss() -> None:
    # 1600 J to spare become 400 J for the second hour's idle load of 1000 J.
    got = least_emissions(problem([2600.0, 0.0], arrived=[0, 0], due=[0, 0], battery=BATTERY))
    assert got == pytest.approx(0.6)


def test_a_battery_has_limits() -> None:
    weak = replace(BATTERY, charge_limit=Watts(0.1))  # 360 J in the hour, of which 90 J come back
    got = least_emissions(problem([2600.0, 0.0], arrived=[0, 0], due=[0, 0], battery=weak))
    assert got == pytest.approx(0.91)


def test_the_battery_is_left_as_the_run_left_it() -> None:
    asked = problem([2600.0, 0.0], arrived=[0, 0], due=[0, 0], battery=BATTERY)
    assert least_emissions(replace(asked, final_stored=np.array([500.0]))) == pytest.approx(1.0 - 0.3 * 0.5)


def test_work_goes_only_where_it_fits() -> None:
    two = cluster([[[2.0]], [[1.0]]], [[10.0], [1.0]], fits=[[True], [False]])
    batteries = Batteries.of([None, None])
    asked = replace(
        problem([0.0], arrived=[100], due=[100]),
        generation=np.zeros((1, 2)),
        other_load=np.zeros((1, 2)),
        batteries=batteries,
        final_stored=batteries.initial,
        cluster=two,
    )
    assert least_emissions(asked) == pytest.approx(2.0)


def test_figures_that_no_run_can_have_are_refused() -> None:
    with pytest.raises(BoundError, match="no least emissions"):
        least_emissions(problem([0.0], arrived=[4000], due=[0]))


def emitted(asked: BoundProblem, plan: FloatArray) -> float:
    """Return the grams of a plan (S, N) of work, with the simulator's rule for batteries."""
    stored, grams = asked.batteries.initial.copy(), 0.0
    per_work = (asked.cluster.service[:, 0, 0] * asked.cluster.extra_watts[:, 0])[None, :]
    for step, load in enumerate(asked.other_load + plan * per_work):
        flows = settle(
            asked.batteries, stored, asked.generation[step], load, sells=np.zeros(len(load), bool), seconds=HOUR
        )
        stored = flows.stored
        grams += float(flows.grid_import.sum()) * asked.grams_per_joule[step]
    return grams if np.all(stored >= asked.final_stored - 1e-6) else np.inf


@pytest.mark.parametrize("seed", range(20))
def test_no_schedule_beats_the_bound(seed: int) -> None:
    random = np.random.default_rng(seed)
    two = cluster([[[2.0]], [[1.0]]], [[4.0], [12.0]])
    batteries = Batteries.of([BATTERY, None])
    jobs = random.uniform(50.0, 400.0, 4)
    asked = BoundProblem(
        seconds=HOUR,
        generation=random.uniform(0.0, 6000.0, (3, 2)),
        other_load=np.full((3, 2), 1000.0),
        grams_per_joule=random.uniform(0.5e-3, 1e-3, 3),
        batteries=batteries,
        final_stored=batteries.initial,
        arrived=np.array([[jobs[:2].sum()], [jobs.sum()], [jobs.sum()]]),
        due=np.array([[0.0], [jobs[0]], [jobs.sum()]]),
        done=np.array([jobs.sum()]),
        cluster=two,
    )
    # Jobs 0 and 1 arrive in the first hour, the others in the second; job 0 is due by the end of the second.
    hours = ((0, 1), (0, 1, 2), (1, 2), (1, 2))
    best = np.inf
    for when in itertools.product(*hours):
        for where in itertools.product((0, 1), repeat=4):
            plan = np.zeros((3, 2))
            np.add.at(plan, (np.array(when), np.array(where)), jobs)
            best = min(best, emitted(asked, plan))
    assert least_emissions(asked) <= best * (1 + 1e-6)
