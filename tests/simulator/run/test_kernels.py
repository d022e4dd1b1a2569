"""The kernels of a step: executions spread over steps and counted, by hand; compiled like plain, to the last bit."""

import numpy as np
import pytest

from exporter.core.units import Seconds
from simulator.arrays import FloatArray
from simulator.energy.battery import Batteries
from simulator.grid.course import GridPoint
from simulator.run.backlog import FIRST_PLACES, FIRST_ROWS, Queue
from simulator.run.deferred import Released
from simulator.run.settlement import Settlement
from simulator.run.totals import LATENCY_BOUNDS, Totals
from simulator.scheduling.interface import DROPPED, Placements
from simulator.scheduling.kernels.compiled import Backend
from simulator.workload.task import Tasks
from tests.simulator.energy.test_bus import random_battery
from tests.simulator.scheduling.clusters import cluster

STEP = Seconds(100.0)
TWO = cluster(np.ones((2, 2, 2)).tolist(), [[2.0, 3.0], [5.0, 7.0]])


def totals(nodes: int = 2, classes: int = 2) -> Totals:
    return Totals.zero(nodes=nodes, buses=nodes, sites=1, classes=classes)


def enter(queue: Queue, counted: Totals, *executions: tuple[int, int, float, float], deadline: float = 1e9) -> None:
    """Place tasks, each with its node, level, start and finish; they arrived a second before their start."""
    node, level, start, finish = (np.array(column) for column in zip(*executions, strict=True))
    kind = np.maximum(node, 0).astype(np.int32)
    arrival = start - 1.0
    tasks = Tasks(arrival=arrival, task_class=kind, work=finish - start, deadline=np.full(len(node), deadline))
    placed = Placements(
        node=node.astype(np.int32), level=level.astype(np.int32), start=start, finish=finish, terms=np.zeros(5)
    )
    queue.enter(Released(tasks=tasks, arrival=arrival), placed, counted)


def rows(queue: Queue, steps: int, counted: Totals) -> tuple[list[list[float]], list[list[float]]]:
    """Advance by so many steps, and return their joules and seconds."""
    joules, seconds = [], []
    for _ in range(steps):
        joules.append(queue.joules[queue.row].tolist())
        seconds.append(queue.seconds[queue.row].tolist())
        queue.joules[queue.row] = queue.seconds[queue.row] = 0.0
        queue.advance(counted)
    return joules, seconds


@pytest.fixture(params=Backend, ids=lambda backend: backend.value)
def backend(request: pytest.FixtureRequest) -> Backend:
    one: Backend = request.param
    return one


def test_an_execution_is_spread_over_the_steps_that_it_overlaps(backend: Backend) -> None:
    queue, counted = Queue(TWO, STEP, backend), totals()
    enter(queue, counted, (1, 1, 95.0, 215.0), (DROPPED, 0, np.nan, np.nan), (0, 0, 10.0, 20.0))
    assert queue.free_at.tolist() == [20.0, 215.0]
    assert queue.last_level.tolist() == [0, 1]
    joules, seconds = rows(queue, 4, counted)
    assert seconds == [[10.0, 5.0], [0.0, 100.0], [0.0, 15.0], [0.0, 0.0]]
    assert joules == [[20.0, 35.0], [0.0, 700.0], [0.0, 105.0], [0.0, 0.0]]


def test_long_queues_and_many_tasks_find_room(backend: Backend) -> None:
    queue, counted = Queue(TWO, STEP, backend), totals()
    rows(queue, 3, counted)
    first = 300.0
    enter(queue, counted, (0, 0, first, first + 50.0))
    count, lasts = 3 * FIRST_PLACES, 10.0 * FIRST_ROWS
    enter(queue, counted, *((1, 0, first + lasts * one, first + lasts * (one + 1)) for one in range(count)))
    assert len(queue) == count + 1
    joules, seconds = rows(queue, round(count * lasts / STEP), counted)
    assert np.array(seconds).sum(axis=0).tolist() == [50.0, count * lasts]
    assert np.array(joules).sum(axis=0).tolist() == [100.0, 5.0 * count * lasts]
    assert len(queue) == 0


def test_outcomes_are_counted(backend: Backend) -> None:
    queue, counted = Queue(TWO, STEP, backend), totals()
    enter(queue, counted, (0, 1, 1.0, 2.5), (1, 0, 1.0, 4.0), (1, 0, 4.0, 40.0), (0, 1, 150.0, 160.0), deadline=4.0)
    enter(queue, counted, (DROPPED, 0, np.nan, np.nan))
    assert [one.tolist() for one in (queue.ending().finish, queue.pending.finish)] == [
        [2.5, 4.0, 40.0],
        [2.5, 4.0, 40.0, 160.0],
    ]
    assert queue.overdue() == 2
    queue.advance(counted)
    assert queue.pending.finish.tolist() == [160.0]
    # A task that ends at its deadline is in time.
    assert counted.class_tasks.tolist() == [[1, 0, 1], [2, 1, 0]]
    assert counted.node_tasks.tolist() == [[1, 0], [2, 1]]
    assert counted.placements[:, :2].tolist() == [[0, 1], [2, 0]]
    assert counted.latency.tolist() == [[2.5, 6.25], [4.0 + 37.0, 16.0 + 37.0**2]]
    assert counted.placed.tolist() == [4]
    assert counted.histogram.sum(axis=1).tolist() == [1, 2]
    # The latencies are 2.5, 4 and 37 s.
    assert [counted.histogram[:, LATENCY_BOUNDS.index(bound)].sum() for bound in (3.0, 5.0, 60.0)] == [1, 1, 1]


def test_no_energy_is_lost_between_steps(backend: Backend) -> None:
    random = np.random.default_rng(1)
    queue, counted, spent = Queue(TWO, STEP, backend), totals(), np.zeros(2)
    found = np.zeros((2, 2))
    for step in range(60):
        start = step * STEP + np.sort(random.uniform(0.0, STEP, 40))
        finish = start + random.exponential(100.0, 40)
        node, level = random.integers(0, 2, 40), random.integers(0, 2, 40)
        enter(queue, counted, *zip(node.tolist(), level.tolist(), start.tolist(), finish.tolist(), strict=True))
        spent += np.bincount(node, weights=TWO.extra_watts[node, level] * (finish - start))
        found += np.array(rows(queue, 1, counted))[:, 0]
    found += np.array(rows(queue, 50, counted)).sum(axis=1)
    np.testing.assert_allclose(found[0], spent, rtol=1e-9)


def course(backend: Backend) -> list[bytes]:
    """Return all that steps of random work on shared buses lead to, as bytes."""
    random = np.random.default_rng(6)
    nodes, buses, classes = 7, 4, 3
    bus = np.array([0, 0, 1, 1, 1, 2, 2], np.int32)
    many = cluster(np.ones((nodes, classes, 2)).tolist(), random.uniform(1.0, 9.0, (nodes, 2)).tolist())
    counted = Totals.zero(nodes=nodes, buses=buses, sites=1, classes=nodes)
    queue = Queue(many, STEP, backend)
    batteries = Batteries.of([random_battery(random) for _ in range(buses)])
    settlement = Settlement(batteries, random.random(buses) < 0.5, bus, STEP, backend)
    for step in range(200):
        start = step * STEP + random.uniform(0.0, STEP, 5)
        finish = start + random.exponential(150.0, 5)
        drawn = (random.integers(-1, nodes, 5), random.integers(0, 2, 5), start, finish)
        enter(queue, counted, *zip(*(one.tolist() for one in drawn), strict=True), deadline=step * STEP + 120.0)
        grid = GridPoint(grams_per_joule=random.random(buses), dollars_per_joule=random.random(buses))
        standing = random.random(nodes) * 100.0 * (random.random(nodes) < 0.8)
        watts: FloatArray = random.exponential(20.0, buses) * (random.random(buses) < 0.8)
        asked = random.exponential(100.0, buses) * (random.random(buses) < 0.3)
        settlement.load_nodes(queue, standing, 0.25, (watts, watts * random.random(buses)), counted)
        settlement.balance(grid, 80.0, counted, asked)
        queue.advance(counted)
    arrays = (settlement.stored, settlement.grid_share, settlement.flows, queue.free_at, queue.pending.finish)
    return [one.tobytes() for one in (*arrays, *(getattr(counted, name) for name in Totals.__dataclass_fields__))]


def test_compiled_and_interpreted_give_the_same_bits() -> None:
    assert course(Backend.COMPILED) == course(Backend.PLAIN)
