"""The kernels of a step: executions spread over steps and counted, by hand; compiled like plain, to the last bit."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from exporter.core.units import Joules, Seconds, Watts
from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.energy.battery import Batteries, Battery
from simulator.energy.bus import (
    ASKED,
    BUS_GENERATION,
    BUS_LOAD,
    BUS_SOLAR,
    QUANTITIES,
    SINKS,
    SOURCES,
    STORED,
    rows_of,
    settle_buses,
)
from simulator.run.backlog import FIRST_PLACES, FIRST_ROWS, Queue
from simulator.run.kernels import GRID_SHARE, LOAD, STANDING, book, complete, enter, lacking, load_buses
from simulator.run.totals import LATENCY_BOUNDS, Totals
from simulator.scheduling.interface import DROPPED
from simulator.scheduling.kernels.compiled import Backend, kernel
from tests.simulator.energy.test_bus import random_battery

STEP = Seconds(100.0)
TWO = np.array([[2.0, 3.0], [5.0, 7.0]])
"""Watts above idle of two nodes at two operating points."""


@dataclass(kw_only=True)
class Backlog:
    """The queues of nodes, each on a bus of its own, and what is counted of their tasks."""

    backend: Backend
    watts: FloatArray = field(default_factory=TWO.copy)
    index: int = 0

    def __post_init__(self) -> None:
        """Begin with nothing."""
        nodes = len(self.watts)
        self.queue = Queue(nodes)
        self.totals = Totals.zero(nodes=nodes, buses=nodes, sites=1, classes=nodes)
        self.buses = np.zeros((8, nodes))

    def enter(self, *executions: tuple[int, int, float, float], deadline: float = 1e9) -> None:
        """Place tasks, each with its node, level, start and finish; they arrived a second before their start."""
        node, level, start, finish = (np.array(column) for column in zip(*executions, strict=True))
        queue, sums = self.queue, self.totals.sums
        choice, times = np.array([node, level], np.int32), np.array([start, finish])
        count = len(executions)
        asked = (count, choice, times, STEP, self.index, len(queue), queue.numbers, queue.work)
        queue.grow(self.index, *kernel(lacking, self.backend)(*asked))
        queue.queued[0] = kernel(enter, self.backend)(
            0,
            count,
            start - 1.0,
            np.maximum(node, 0).astype(np.int32),
            finish - start,
            np.full(count, deadline),
            choice,
            times,
            self.watts,
            np.arange(len(self.watts), dtype=np.int32),
            STEP,
            len(queue),
            queue.numbers,
            queue.marks,
            queue.free_at,
            queue.last_level,
            queue.work,
            self.buses,
            sums.of_class,
            sums.placed,
        )

    def advance(self) -> FloatArray:
        """Complete a step, and return its joules and seconds (2, N)."""
        queue, sums = self.queue, self.totals.sums
        row = queue.work[:, self.index % queue.work.shape[1]]
        worked = row.copy()
        row[:] = 0.0
        self.index += 1
        queue.queued[0] = kernel(complete, self.backend)(
            self.index * STEP,
            len(queue),
            queue.numbers,
            queue.marks,
            np.array(LATENCY_BOUNDS),
            sums.of_class,
            sums.of_node,
            sums.placements,
            sums.latency,
            sums.histogram,
        )
        return worked

    def rows(self, steps: int) -> list[list[list[float]]]:
        """Advance by so many steps, and return their joules and seconds."""
        rows: list[list[list[float]]] = np.array([self.advance() for _ in range(steps)]).swapaxes(0, 1).tolist()
        return rows


@dataclass(kw_only=True)
class Balance:
    """B buses with the nodes of `bus` (N,), of which `sells` (B,) sell, and their totals."""

    backend: Backend
    batteries: Batteries
    bus: IntArray
    sells: BoolArray
    totals: Totals
    ring: FloatArray

    def __post_init__(self) -> None:
        """Begin with what the batteries hold."""
        count = len(self.sells)
        self.buses, self.nodes = np.zeros((8, count)), np.zeros((4, len(self.bus)))
        self.buses[STORED] = self.batteries.initial
        self.flows = np.zeros((count, len(SOURCES), len(SINKS)))
        self.summary = np.zeros((count, len(QUANTITIES)))

    def step(self, row: int, standing: FloatArray, power: FloatArray, grid: FloatArray, asked: FloatArray) -> None:
        """Settle a step; `power` (4, 1, B) and `grid` (2, B) are as the kernels take them."""
        sums = self.totals.sums
        self.nodes[STANDING] = standing
        self.buses[ASKED] = asked
        kernel(load_buses, self.backend)(
            row, self.ring, self.nodes, 0.25, self.bus, power, 0, STEP, self.buses, sums.by_node, sums.by_bus
        )
        kernel(settle_buses, self.backend)(
            self.buses, rows_of(self.batteries, STEP), self.sells, self.flows, self.summary
        )
        kernel(book, self.backend)(
            self.flows,
            self.summary,
            self.buses,
            self.nodes,
            self.bus,
            grid,
            sums.by_node,
            sums.by_bus,
            sums.flows,
        )


@pytest.fixture(params=Backend, ids=lambda backend: backend.value)
def backend(request: pytest.FixtureRequest) -> Backend:
    one: Backend = request.param
    return one


def test_an_execution_is_spread_over_the_steps_that_it_overlaps(backend: Backend) -> None:
    backlog = Backlog(backend=backend)
    backlog.enter((1, 1, 95.0, 215.0), (DROPPED, 0, np.nan, np.nan), (0, 0, 10.0, 20.0))
    assert backlog.queue.free_at.tolist() == [20.0, 215.0]
    assert backlog.queue.last_level.tolist() == [0, 1]
    joules, seconds = backlog.rows(4)
    assert seconds == [[10.0, 5.0], [0.0, 100.0], [0.0, 15.0], [0.0, 0.0]]
    assert joules == [[20.0, 35.0], [0.0, 700.0], [0.0, 105.0], [0.0, 0.0]]


def test_long_queues_and_many_tasks_find_room(backend: Backend) -> None:
    backlog = Backlog(backend=backend)
    backlog.rows(3)
    first = 300.0
    backlog.enter((0, 0, first, first + 50.0))
    count, lasts = 3 * FIRST_PLACES, 10.0 * FIRST_ROWS
    backlog.enter(*((1, 0, first + lasts * one, first + lasts * (one + 1)) for one in range(count)))
    assert len(backlog.queue) == count + 1
    joules, seconds = backlog.rows(round(count * lasts / STEP))
    assert np.array(seconds).sum(axis=0).tolist() == [50.0, count * lasts]
    assert np.array(joules).sum(axis=0).tolist() == [100.0, 5.0 * count * lasts]
    assert len(backlog.queue) == 0


def test_outcomes_are_counted(backend: Backend) -> None:
    backlog = Backlog(backend=backend)
    queue, counted = backlog.queue, backlog.totals
    backlog.enter((0, 1, 1.0, 2.5), (1, 0, 1.0, 4.0), (1, 0, 4.0, 40.0), (0, 1, 150.0, 160.0), deadline=4.0)
    backlog.enter((DROPPED, 0, np.nan, np.nan))
    assert [one.tolist() for one in (queue.ending(STEP).finish, queue.pending.finish)] == [
        [2.5, 4.0, 40.0],
        [2.5, 4.0, 40.0, 160.0],
    ]
    assert queue.overdue() == 2
    backlog.advance()
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
    backlog, spent, found = Backlog(backend=backend), np.zeros(2), np.zeros((2, 2))
    for step in range(60):
        start = step * STEP + np.sort(random.uniform(0.0, STEP, 40))
        finish = start + random.exponential(100.0, 40)
        node, level = random.integers(0, 2, 40), random.integers(0, 2, 40)
        backlog.enter(*zip(node.tolist(), level.tolist(), start.tolist(), finish.tolist(), strict=True))
        spent += np.bincount(node, weights=TWO[node, level] * (finish - start))
        found += backlog.advance()
    found += np.array(backlog.rows(50)).sum(axis=1)
    np.testing.assert_allclose(found[0], spent, rtol=1e-9)


def course(backend: Backend) -> list[bytes]:
    """Return all that steps of random work on shared buses lead to, as bytes."""
    random = np.random.default_rng(6)
    nodes, buses = 7, 4
    bus = np.array([0, 0, 1, 1, 1, 2, 2], np.int32)
    backlog = Backlog(backend=backend, watts=random.uniform(1.0, 9.0, (nodes, 2)))
    totals = Totals.zero(nodes=nodes, buses=buses, sites=1, classes=nodes)
    balance = Balance(
        backend=backend,
        batteries=Batteries.of([random_battery(random) for _ in range(buses)]),
        bus=bus,
        sells=random.random(buses) < 0.5,
        totals=totals,
        ring=backlog.queue.work,
    )
    for step in range(200):
        start = step * STEP + random.uniform(0.0, STEP, 5)
        finish = start + random.exponential(150.0, 5)
        drawn = (random.integers(-1, nodes, 5), random.integers(0, 2, 5), start, finish)
        backlog.enter(*zip(*(one.tolist() for one in drawn), strict=True), deadline=step * STEP + 120.0)
        standing = random.random(nodes) * 100.0 * (random.random(nodes) < 0.8)
        watts: FloatArray = random.exponential(20.0, buses) * (random.random(buses) < 0.8)
        power = np.array([watts, watts * random.random(buses), watts, np.zeros(buses)])[:, np.newaxis]
        asked = random.exponential(100.0, buses) * (random.random(buses) < 0.3)
        balance.ring = backlog.queue.work
        balance.step(step % balance.ring.shape[1], standing, power, random.random((2, buses)), asked)
        backlog.advance()
    used = balance.buses[[STORED, GRID_SHARE, BUS_LOAD, BUS_GENERATION, BUS_SOLAR]]
    arrays = (used, balance.nodes[LOAD], balance.flows, backlog.queue.free_at, backlog.queue.pending.finish)
    return [one.tobytes() for one in (*arrays, *totals.sums, *backlog.totals.sums)]


def test_compiled_and_interpreted_give_the_same_bits() -> None:
    assert course(Backend.COMPILED) == course(Backend.PLAIN)


def test_no_total_ever_falls() -> None:
    random = np.random.default_rng(5)
    totals = Totals.zero(nodes=100, buses=100, sites=1, classes=1)
    balance = Balance(
        backend=Backend.COMPILED,
        batteries=Batteries.of([LOSSY] * 100),
        bus=np.arange(100, dtype=np.int32),
        sells=random.random(100) < 0.5,
        totals=totals,
        ring=np.zeros((2, FIRST_ROWS, 100)),
    )
    grid = np.array([np.full(100, 1e-4), np.full(100, 1e-8)])
    for _ in range(300):
        before = totals.copy()
        # Half of the nodes generate nothing: their totals stay small, where rounding shows.
        watts = random.exponential(10.0, 100) * (random.random(100) < 0.7) * (np.arange(100) < 50)
        load, asked = random.exponential(3_000, 100), random.exponential(500, 100) * (random.random(100) < 0.2)
        power = np.array([watts, watts * random.random(100), watts, np.zeros(100)])[:, np.newaxis]
        balance.step(0, load, power, grid, asked)
        for name, total in totals.sums._asdict().items():
            assert (total >= getattr(before.sums, name)).all(), name
    assert totals.consumed == pytest.approx(totals.idle + totals.ledger)


LOSSY = Battery(
    capacity=Joules(20_000.0),
    charge_limit=Watts(11.0),
    discharge_limit=Watts(7.0),
    charge_efficiency=0.95,
    discharge_efficiency=0.93,
    minimum_ratio=0.1,
    initial_ratio=0.5,
)
