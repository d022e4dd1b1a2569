"""The bound: cases worked out by hand, laws, and never above what a schedule found by trying all of them emits."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.units import Joules, Seconds, Watts
from simulator.arrays import FloatArray
from simulator.energy.battery import Batteries, Battery
from simulator.energy.bus import QUANTITIES, SINKS, SOURCES, STORED, rows_of, settle_buses
from simulator.scheduling.interface import Cluster
from simulator.scheduling.kernels.compiled import Backend, kernel
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


def on_buses(made: Cluster, bus: list[int], home: list[int] | None = None) -> Cluster:
    """Return the cluster with its nodes on these buses, and its classes from there."""
    return replace(
        made,
        bus=np.array(bus, np.int32),
        home=np.zeros(len(made.home), np.int32) if home is None else np.array(home, np.int32),
        site_of_bus=np.zeros(max(bus) + 1, np.int32),
    )


def problem(
    generation: list[float],
    *,
    arrived: list[float],
    due: list[float],
    made: Cluster = NODE,
    battery: Battery | None = None,
) -> BoundProblem:
    """Return a problem of one bus and one class; 20 J per second of work on `NODE`, and all that arrived is done."""
    batteries = Batteries.of([battery])
    return BoundProblem(
        seconds=HOUR,
        generation=np.array(generation, float)[:, None],
        other_load=np.full((len(generation), 1), 1000.0),
        waking_watts=np.zeros(len(made.names)),
        grams_per_joule=np.full((len(generation), 1), 1e-3),
        batteries=batteries,
        final_stored=batteries.initial,
        arrived=np.array(arrived, float)[:, None],
        due=np.array(due, float)[:, None],
        done=np.array(arrived[-1:], float),
        moved_joules=np.zeros(made.fits.shape),
        moved_before=np.zeros(made.fits.shape),
        cluster=on_buses(made, [0] * len(made.names)),
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
    assert least_emissions(problem([0.0], arrived=[100], due=[100], made=two)) == pytest.approx(1.0 + 2.0)


def test_a_bus_serves_all_its_nodes_and_no_others() -> None:
    two = cluster([[[2.0]], [[1.0]]], [[10.0], [40.0]], fits=[[False], [True]])
    shared = problem([6000.0], arrived=[100], due=[100], made=two)
    assert least_emissions(shared) == pytest.approx(0.0)
    split = replace(
        shared,
        cluster=on_buses(two, [0, 1]),
        generation=np.array([[6000.0, 0.0]]),
        other_load=np.array([[1000.0, 0.0]]),
        grams_per_joule=np.full((1, 2), 1e-3),
        batteries=Batteries.of([None, None]),
        final_stored=np.zeros(2),
    )
    assert least_emissions(split) == pytest.approx(4.0)


def test_work_goes_where_the_grid_is_clean() -> None:
    two = cluster([[[2.0]], [[2.0]]], [[10.0], [10.0]])
    assert least_emissions(apart(two, grams=(1e-3, 1e-4))) == pytest.approx(0.2)


def test_a_battery_charges_from_a_clean_grid() -> None:
    # 4000 J bought for 0.4 g become 1000 J, in place of 1 g.
    asked = replace(
        problem([0.0, 0.0], arrived=[0, 0], due=[0, 0], battery=replace(BATTERY, charge_limit=Watts(10.0))),
        grams_per_joule=np.array([[1e-4], [1e-3]]),
    )
    assert least_emissions(asked) == pytest.approx(0.1 + 0.4)


def test_a_node_that_can_sleep_hurries() -> None:
    # Slowly, a second of work takes 4 s at 2 W; fast, 1 s at 10 W. Ten watts for being awake turn the choice.
    made = cluster([[[4.0, 1.0]]], [[2.0, 10.0]])
    asked = problem([0.0], arrived=[100], due=[100], made=made)
    assert least_emissions(asked) == pytest.approx(1.0 + 0.8)
    assert least_emissions(replace(asked, waking_watts=np.array([10.0]))) == pytest.approx(1.0 + 2.0)


def apart(made: Cluster, *, grams: tuple[float, float], joules: float = 0.0) -> BoundProblem:
    """Return a problem of two nodes without sun, each on its own bus; 100 s of work in two hours, from bus 0."""
    zeros = np.zeros((2, 2))
    return BoundProblem(
        seconds=HOUR,
        generation=zeros,
        other_load=zeros,
        waking_watts=np.zeros(2),
        grams_per_joule=np.tile(grams, (2, 1)),
        batteries=Batteries.of([None, None]),
        final_stored=np.zeros(2),
        arrived=np.full((2, 1), 100.0),
        due=np.array([[0.0], [100.0]]),
        done=np.array([100.0]),
        moved_joules=np.array([[0.0], [joules]]),
        moved_before=np.zeros((2, 1)),
        cluster=on_buses(made, [0, 1]),
    )


@pytest.mark.parametrize(("joules", "grams"), [(0.0, 0.2), (10.0, 0.2 + 0.55), (32.0, 0.2 + 1.76), (33.0, 2.0)])
def test_work_moves_where_that_is_worth_its_energy(joules: float, grams: float) -> None:
    two = cluster([[[2.0]], [[2.0]]], [[10.0], [10.0]])
    assert least_emissions(apart(two, grams=(1e-3, 1e-4), joules=joules)) == pytest.approx(grams)


@pytest.mark.parametrize(("clean", "grams"), [(0, 0.1), (1, 0.5)])
def test_a_move_is_bought_no_later_than_the_work_is_done(clean: int, grams: float) -> None:
    two = cluster([[[2.0]], [[2.0]]], [[0.0], [0.0]], fits=[[False], [True]])
    intensity = np.full((2, 2), 1e-3)
    intensity[clean] = 2e-4
    # 100 s of work, at 5 J each, are due by the end of the first hour or, with the clean hour first, by the second.
    due = np.full((2, 1), 100.0)
    due[0] *= clean
    asked = replace(apart(two, grams=(1e-3, 1e-3), joules=5.0), grams_per_joule=intensity, due=due)
    assert least_emissions(asked) == pytest.approx(grams)


def test_what_was_moved_before_the_run_costs_it_nothing() -> None:
    two = cluster([[[2.0]], [[2.0]]], [[0.0], [0.0]], fits=[[False], [True]])
    asked = replace(apart(two, grams=(1e-3, 1e-3), joules=5.0), moved_before=np.array([[0.0], [40.0]]))
    assert least_emissions(asked) == pytest.approx(0.3)


def test_figures_that_no_run_can_have_are_refused() -> None:
    with pytest.raises(BoundError, match="no least emissions"):
        least_emissions(problem([0.0], arrived=[4000], due=[0]))


CHARGES = Joules(2000.0)
"""Energy that a schedule may ask to charge from the grid in an hour, in joules."""


def emitted(asked: BoundProblem, plans: FloatArray, charging: FloatArray) -> FloatArray:
    """Return the grams (P,) of plans (P, S, N, K) of work and wishes (P, S, B) to charge, by the simulator's rules.

    A node is awake in the hours in which it works. A plan that leaves the batteries emptier than the run did has
    infinite emissions.
    """
    count, buses, batteries = len(plans), len(asked.final_stored), asked.batteries
    watts = asked.cluster.extra_watts[:, 0]
    executed = plans * (asked.cluster.service[:, :, 0] * watts[:, None])
    awake = (plans.sum(axis=3) > 0.0) * asked.waking_watts * asked.seconds
    load = np.tile(asked.other_load, (count, 1, 1))
    for node, bus in enumerate(asked.cluster.bus):
        load[:, :, bus] += executed[:, :, node].sum(axis=2) + awake[:, :, node]

    def each(values: FloatArray) -> FloatArray:
        return np.tile(values, count)

    settled, sells = np.zeros((5, count * buses)), np.zeros(count * buses, bool)
    settled[STORED] = each(batteries.initial)
    limits = np.tile(rows_of(batteries, asked.seconds), count)
    flows, summary = np.zeros((count * buses, len(SOURCES), len(SINKS))), np.zeros((count * buses, len(QUANTITIES)))
    ends = (
        asked.grams_per_joule[:, asked.cluster.bus][:, :, None],
        asked.grams_per_joule[:, asked.cluster.home][:, None, :],
    )
    grams = (plans * asked.moved_joules * (ends[0] + ends[1]) / 2.0).sum(axis=(1, 2, 3))
    for step, (generation, intensity) in enumerate(zip(asked.generation, asked.grams_per_joule, strict=True)):
        settled[1:] = charging[:, step].ravel(), load[:, step].ravel(), each(generation), np.zeros(count * buses)
        kernel(settle_buses, Backend.COMPILED)(settled, limits, sells, flows, summary)
        grams += summary[:, QUANTITIES.index("grid_import")].reshape(count, buses) @ intensity
    kept = (settled[STORED].reshape(count, buses) >= asked.final_stored - 1e-6).all(axis=1)
    return np.where(kept, grams, np.inf)


def random_problem(seed: int) -> BoundProblem:
    """Draw three hours of three nodes, of which two share a bus with a battery and one may sleep. Four jobs, two of
    each class: the first comes up on the shared bus, the second on the other."""
    random = np.random.default_rng(seed)
    made = cluster([[[2.0]] * 2, [[1.0]] * 2, [[1.5]] * 2], random.uniform(2.0, 12.0, (3, 1)).tolist())
    batteries = Batteries.of([replace(BATTERY, charge_efficiency=0.9, discharge_efficiency=0.9), None])
    work = jobs(seed)
    return BoundProblem(
        seconds=HOUR,
        generation=random.uniform(0.0, 6000.0, (3, 2)) * (random.random((3, 2)) < 0.7),
        other_load=np.full((3, 2), 1000.0),
        waking_watts=np.array([0.0, random.uniform(0.0, 2.0), 0.0]),
        grams_per_joule=random.uniform(0.1e-3, 1e-3, (3, 2)),
        batteries=batteries,
        final_stored=batteries.initial,
        # The first of each class arrives in the first hour, and is due by the end of the second.
        arrived=np.array([work[:, 0], work.sum(axis=1), work.sum(axis=1)]),
        due=np.array([[0.0, 0.0], work[:, 0], work.sum(axis=1)]),
        done=work.sum(axis=1),
        moved_joules=random.uniform(0.0, 6.0) * np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]),
        moved_before=np.zeros((3, 2)),
        cluster=on_buses(made, [0, 0, 1], home=[0, 1]),
    )


def jobs(seed: int) -> FloatArray:
    """Draw the work of four jobs, by class, in seconds."""
    return np.random.default_rng((seed, 1)).uniform(50.0, 400.0, (2, 2))


@pytest.mark.parametrize("seed", range(20))
def test_no_schedule_beats_the_bound(seed: int) -> None:
    asked, work = random_problem(seed), jobs(seed)
    # Job 0 of a class may be done in the first two hours, job 1 in the last two.
    choices = list(
        itertools.product(itertools.product((0, 1), (1, 2), (0, 1), (1, 2)), itertools.product(range(3), repeat=4))
    )
    plans = np.zeros((len(choices), 3, 3, 2))
    for plan, (hours, nodes) in zip(plans, choices, strict=True):
        np.add.at(plan, (np.array(hours), np.array(nodes), np.array([0, 0, 1, 1])), work.ravel())
    best = np.inf
    for wish in itertools.product((0.0, CHARGES), repeat=3):
        charging = np.zeros((len(plans), 3, 2))
        charging[:, :, 0] = wish
        best = min(best, emitted(asked, plans, charging).min())
    assert least_emissions(asked) <= best * (1 + 1e-6)
    assert np.isfinite(best)


ROUNDING = 1e-6
"""Relative accuracy of HiGHS."""


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(1.0, 10.0), more=st.floats(0.0, 5000.0), later=st.floats(0.0, 1.0))
def test_more_battery_panels_slack_sleep_or_cheaper_moves_never_raise_the_bound(
    seed: int, factor: float, more: float, later: float
) -> None:
    asked = random_problem(seed)
    batteries = asked.batteries
    easier = (
        replace(asked, batteries=replace(batteries, capacity=batteries.capacity * factor)),
        replace(asked, batteries=replace(batteries, charge_limit=batteries.charge_limit * factor)),
        replace(asked, batteries=replace(batteries, discharge_limit=batteries.discharge_limit * factor)),
        replace(asked, generation=asked.generation + more * np.array([1.0, 0.0])),
        replace(asked, generation=asked.generation * factor),
        replace(asked, due=asked.due * np.array([later, later, 1.0])[:, None]),
        replace(asked, waking_watts=asked.waking_watts / factor),
        replace(asked, moved_joules=asked.moved_joules / factor),
        replace(asked, moved_joules=np.zeros((3, 2))),
    )
    bound = least_emissions(asked)
    for change in easier:
        assert least_emissions(change) <= bound * (1.0 + ROUNDING) + 1e-9


@pytest.mark.parametrize("seed", range(10))
def test_without_supply_and_storage_one_site_is_as_good_as_several(seed: int) -> None:
    asked = random_problem(seed)
    steps = len(asked.generation)
    grams = asked.grams_per_joule[:, :1]
    several = replace(
        asked,
        generation=np.zeros((steps, 2)),
        grams_per_joule=np.tile(grams, (1, 2)),
        batteries=Batteries.of([None, None]),
        final_stored=np.zeros(2),
        moved_joules=np.zeros((3, 2)),
    )
    one = replace(
        several,
        cluster=on_buses(several.cluster, [0, 0, 0]),
        generation=np.zeros((steps, 1)),
        other_load=several.other_load.sum(axis=1, keepdims=True),
        grams_per_joule=grams,
        batteries=Batteries.of([None]),
        final_stored=np.zeros(1),
    )
    assert least_emissions(one) == pytest.approx(least_emissions(several), rel=ROUNDING)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_buses_nodes_and_classes_changes_nothing(seed: int) -> None:
    asked = random_problem(seed)
    made, batteries = asked.cluster, asked.batteries
    turned = replace(
        asked,
        generation=asked.generation[:, ::-1],
        other_load=asked.other_load[:, ::-1],
        waking_watts=asked.waking_watts[::-1],
        grams_per_joule=asked.grams_per_joule[:, ::-1],
        batteries=Batteries(**{name: getattr(batteries, name)[::-1] for name in batteries.__dataclass_fields__}),
        final_stored=asked.final_stored[::-1],
        arrived=asked.arrived[:, ::-1],
        due=asked.due[:, ::-1],
        done=asked.done[::-1],
        moved_joules=asked.moved_joules[::-1, ::-1],
        cluster=replace(
            made,
            service=made.service[::-1, ::-1],
            extra_watts=made.extra_watts[::-1],
            fits=made.fits[::-1, ::-1],
            bus=1 - made.bus[::-1],
            home=1 - made.home[::-1],
        ),
    )
    assert least_emissions(turned) == pytest.approx(least_emissions(asked), rel=ROUNDING)


@pytest.mark.parametrize("seed", range(10))
def test_a_shared_bus_never_raises_the_bound(seed: int) -> None:
    shared = random_problem(seed)
    grams = shared.grams_per_joule[:, [0, 0, 1]]
    parts = np.array([0.25, 0.75])
    apart_from_each_other = replace(
        shared,
        cluster=on_buses(shared.cluster, [0, 1, 2]),
        generation=np.column_stack((shared.generation[:, :1] * parts, shared.generation[:, 1])),
        other_load=np.column_stack((shared.other_load[:, :1] * parts, shared.other_load[:, 1])),
        grams_per_joule=grams,
        batteries=Batteries.of([None, BATTERY, None]),
        final_stored=np.zeros(3),
        moved_joules=np.zeros((3, 2)),
    )
    together = replace(shared, batteries=Batteries.of([BATTERY, None]), moved_joules=np.zeros((3, 2)))
    assert least_emissions(together) <= least_emissions(apart_from_each_other) * (1.0 + ROUNDING) + 1e-9
