"""The greedy planner: nodes in front first, then lots of work that may wait, one after the other, then the batteries.

All choices are made at the prices of the moment: the grams that a joule more would cost on a bus in an hour, by way of
what it takes from the battery in later hours, with all that has been planned so far. Lots of work come in the order in
which they are due, and a part at a time, so that green energy is spent once. Batteries charge from the grid last, in
hours in which that saves grams with all of this.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR
from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.scheduling.horizon.fronts import awake_shares, both_ends, choose_fronts, demand_of, shares_of
from simulator.scheduling.horizon.problem import Plan, Prospect, moved_joules
from simulator.scheduling.kernels.compiled import Backend, kernel
from simulator.scheduling.kernels.planned import STORED, TAIL, allocate, choose_charges, follow, price

QUANTUM_SECONDS = SECONDS_PER_HOUR / 4
"""Time of a node at work whose energy is planned at one price: a choice, far less than a battery of hours holds."""

CHARGE_GAIN = 0.1
"""Share of the grams of charging from the grid that it has to save beyond them: forecasts err. A choice."""

CHARGE_PARTS = 8
"""Parts in which a battery's charge from the grid is planned, each where it saves most. A choice."""


class Greedy:
    """The greedy planner of one run; it remembers nothing from plan to plan."""

    def __init__(self, *, backend: Backend) -> None:
        self._follow = kernel(follow, backend)
        self._price = kernel(price, backend)
        self._allocate = kernel(allocate, backend)
        self._charge = kernel(choose_charges, backend)

    def plan(self, prospect: Prospect, prompt: BoolArray, levels: IntArray) -> Plan:
        """Return a plan. `prompt` (K,) are the classes that may not wait, and `levels` (N, K) the operating points for
        work that may."""
        books = _Books.of(prospect)
        front = choose_fronts(prospect, prompt, self._front_prices(books, prospect))
        demand = demand_of(prospect, prompt)
        share, cycles = np.zeros(front.shape), np.zeros(front.shape)
        for chosen in np.unique(front, axis=0):
            hours = (front == chosen).all(axis=1)
            share[hours], cycles[hours] = (found[hours] for found in awake_shares(prospect, demand, chosen))
        work = np.zeros((*front.shape, *prospect.cluster.service.shape[1:]))
        work[..., -1] = self._serve(books, prospect, front, prompt)
        awake = share * np.where(prospect.standing.able, _waking_watts(prospect), 0.0) * prospect.seconds[:, np.newaxis]
        books.add(prospect.cluster.bus, awake + cycles)
        done = self._spread(books, prospect, front, prompt, levels)
        nodes, classes = levels.shape
        work[:, np.arange(nodes)[:, np.newaxis], np.arange(classes), levels] += done
        busy = (done * _at(prospect.cluster.service, levels)).sum(axis=2) / prospect.seconds[:, np.newaxis]
        chargeable = prospect.batteries.capacity * prospect.batteries.charge_limit > 0.0
        for bus in np.flatnonzero(chargeable).tolist():
            self._charge(bus, CHARGE_PARTS, CHARGE_GAIN, *books.tables(), books.course)
        return Plan(
            front=share * np.maximum(0.0, 1.0 - busy),
            batch=np.minimum(busy, 1.0),
            work=work,
            charge=books.asked,
        )

    def _front_prices(self, books: "_Books", prospect: Prospect) -> FloatArray:
        """Return the prices (H, B) of one more node awake in all hours: in their course those of the last joules, in
        their mean those of all."""
        watts = np.maximum(_mean_by_bus(prospect, _waking_watts(prospect)), 1.0)
        alone = books.load.copy()
        prices = np.zeros_like(alone)
        for bus, more in enumerate(watts):
            self._follow(bus, *books.tables(), books.course)
            before = books.course[TAIL, 0, bus]
            books.load[:, bus] += more * prospect.seconds
            self._follow(bus, *books.tables(), books.course)
            whole = books.course[TAIL, 0, bus] - before
            self._price(bus, -more * SECONDS_PER_HOUR, *books.tables(), books.course, prices)
            parts = float((prices[:, bus] * more * prospect.seconds).sum())
            if parts > 0.0:
                prices[:, bus] *= whole / parts
        books.load[:] = alone
        return prices

    def _serve(self, books: "_Books", prospect: Prospect, front: BoolArray, prompt: BoolArray) -> FloatArray:
        """Add the tasks of nodes in front to the load, and return the tasks' work (H, N, K)."""
        cluster = prospect.cluster
        work = shares_of(demand_of(prospect, prompt), front) * (prospect.prompt * prompt)[:, np.newaxis, :]
        tasks = (work * (cluster.service[:, :, -1] * cluster.extra_watts[:, -1:])).sum(axis=2)
        books.add(cluster.bus, tasks)
        return work

    def _spread(
        self, books: "_Books", prospect: Prospect, front: BoolArray, prompt: BoolArray, levels: IntArray
    ) -> FloatArray:
        """Return the work (H, N, K) that may wait, where it emits least, and add it to the load."""
        cluster, seconds = prospect.cluster, prospect.seconds
        waking = _waking_watts(prospect)
        service = _at(cluster.service, levels)
        watts = waking[:, np.newaxis] + np.take_along_axis(cluster.extra_watts, levels, axis=1)
        behind = cluster.fits & ~front[:, :, np.newaxis]
        # Where a class fits on no node behind, it has to go in front.
        open_to = np.where(behind.any(axis=1, keepdims=True), behind, cluster.fits) & ~prompt
        lots, amounts = lots_of(prospect, prompt)
        hours, nodes, classes = open_to.shape
        done, prices = np.zeros((hours, nodes, classes)), np.zeros_like(books.load)
        quantum = np.maximum(_mean_by_bus(prospect, watts.max(axis=1, initial=0.0)) * QUANTUM_SECONDS, 1.0)
        for bus in range(len(quantum)):
            self._follow(bus, *books.tables(), books.course)
            self._price(bus, quantum[bus], *books.tables(), books.course, prices)
        self._allocate(
            lots,
            amounts,
            np.ascontiguousarray(open_to),
            service,
            np.ascontiguousarray(watts),
            np.ascontiguousarray(moved_joules(cluster) * both_ends(prospect)),
            prospect.standing.cycle_joules + waking * prospect.standing.tail_seconds,
            np.arange(nodes, dtype=np.int32),
            cluster.bus,
            np.repeat(seconds[:, np.newaxis], nodes, axis=1),
            front.copy(),
            quantum,
            *books.tables(),
            books.course,
            prices,
            done,
        )
        return done


@dataclass(frozen=True, slots=True, kw_only=True)
class _Books:
    """The energy of the buses as it is planned so far: `load` and `asked` (H, B) in joules, and `course`, see `follow`.

    `batteries` (6, B) are as `bought` takes them.
    """

    load: FloatArray
    generation: FloatArray
    grams_per_joule: FloatArray
    asked: FloatArray
    seconds: FloatArray
    batteries: FloatArray
    course: FloatArray

    @classmethod
    def of(cls, prospect: Prospect) -> "_Books":
        """Return the books of a plan in which everyone sleeps who can."""
        standing, batteries = prospect.standing, prospect.batteries
        hours, buses = prospect.generation.shape
        course = np.zeros((2, hours + 1, buses))
        course[STORED, 0] = prospect.stored
        limits = (batteries.charge_limit, batteries.discharge_limit)
        rows = (batteries.capacity, batteries.minimum, *limits)
        books = cls(
            load=np.zeros((hours, buses)),
            generation=np.ascontiguousarray(prospect.generation),
            grams_per_joule=np.ascontiguousarray(prospect.grams_per_joule),
            asked=np.zeros((hours, buses)),
            seconds=np.ascontiguousarray(prospect.seconds),
            batteries=np.array([*rows, batteries.charge_efficiency, batteries.discharge_efficiency]),
            course=course,
        )
        least = np.where(standing.able, standing.asleep_watts, prospect.cluster.idle_watts)
        books.add(prospect.cluster.bus, least * prospect.seconds[:, np.newaxis])
        return books

    def add(self, bus: IntArray, joules: FloatArray) -> None:
        """Add the joules (H, N) of nodes on these buses (N,) to the load."""
        for one, column in zip(bus, joules.T, strict=True):
            self.load[:, one] += column

    def tables(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return what the kernels want to know of buses, in their order."""
        return (self.load, self.generation, self.grams_per_joule, self.asked, self.seconds, self.batteries)


def lots_of(prospect: Prospect, prompt: BoolArray) -> tuple[IntArray, FloatArray]:
    """Return the work that may wait as lots in the order in which they are due: class, first and last hour (3, G) of
    each, and its amount (G,). Within a class what comes first is due first."""
    lots, amounts = [], []
    for kind in np.flatnonzero(~prompt):
        arrived, due = prospect.arrived[:, kind], prospect.due[:, kind]
        edges = np.unique(np.concatenate(([0.0], arrived, due)))
        for low, high in itertools.pairwise(edges):
            middle = (low + high) / 2.0
            if middle >= due[-1]:
                break
            begin, end = int((arrived >= middle).argmax()), int((due >= middle).argmax())
            lots.append((int(kind), min(begin, end), end))
            amounts.append(high - low)
    order = sorted(range(len(lots)), key=lambda one: (lots[one][2], lots[one][1], lots[one][0]))
    found = np.array([lots[one] for one in order], np.int32).reshape(-1, 3).T
    return np.ascontiguousarray(found), np.array([amounts[one] for one in order])


def efficient_levels(prospect: Prospect) -> IntArray:
    """Return the operating points (N, K) with the least joules for a second of work on a node awake for it alone."""
    watts = prospect.cluster.extra_watts + _waking_watts(prospect)[:, np.newaxis]
    joules = prospect.cluster.service * watts[:, np.newaxis, :]
    # Of several the fastest.
    found: IntArray = (joules.shape[2] - 1 - joules[:, :, ::-1].argmin(axis=2)).astype(np.int32)
    return found


def _at(table: FloatArray, levels: IntArray) -> FloatArray:
    """Return the entries (N, K) of a table (N, K, L) at some levels."""
    return np.ascontiguousarray(np.take_along_axis(table, levels[:, :, np.newaxis], axis=2)[:, :, 0])


def _waking_watts(prospect: Prospect) -> FloatArray:
    """Return the power (N,) of being awake above that of sleep; 0 where a node cannot sleep."""
    standing = prospect.standing
    return np.where(standing.able, prospect.cluster.idle_watts - standing.asleep_watts, 0.0)


def _mean_by_bus(prospect: Prospect, watts: FloatArray) -> FloatArray:
    """Return the means (B,) of a figure of nodes (N,) over those of each bus, 0 where there are none."""
    bus, buses = prospect.cluster.bus, prospect.generation.shape[1]
    count = np.bincount(bus, minlength=buses)
    sums = np.zeros(buses)
    for one, value in zip(bus, watts, strict=True):
        sums[one] += value
    found: FloatArray = np.divide(sums, count, out=np.zeros(buses), where=count > 0)
    return found
