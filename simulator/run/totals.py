"""The totals of a run, summed since its start."""

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from simulator.arrays import CountArray, FloatArray, IntArray
from simulator.energy.bus import SINKS, SOURCES
from simulator.grid.course import GridPoint
from simulator.hardware.dvfs import LEVELS
from simulator.scheduling.interface import Cluster
from simulator.scheduling.weights import TERMS

Figures = TypeVar("Figures", FloatArray, CountArray)

LATENCY_BOUNDS = (
    *(0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0),
    *(10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 21600.0, math.inf),
)
"""Upper bounds of the latency histogram in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums since the start. (N,) by node, (B,) by bus, (K,) by task class, in joules, grams, seconds and dollars.

    `generation`, `charged`, `exported` and `curtailed` are (B,), as are `charging_grams` and `charging_dollars` of what
    batteries took from the grid; `flows` (B, 4, 5) have it all by `SOURCES` and `SINKS`. A node has its share of its
    bus's sources by its load: `renewable` is generation consumed at once, `battery` energy from batteries, of which
    `stored_grid` came from the grid, `grid` energy bought to be consumed at once. `renewable`, `battery` and `grid` sum
    to `consumed`, of which `idle` is the nodes' energy without tasks, asleep or awake, and `ledger` the ledger's; of
    the idle energy `transitions` took nodes to sleep and back. `asleep_seconds`, `wakes` and `failed_wakes` (N,) count
    sleep. `avoided` are the emissions that the same consumption from the grid would have caused in addition.

    `life_cycle` (B,) are the emissions of making panels, turbines and batteries, zero where nobody asks for them; no
    other figure has them in it.

    `moved_bytes` and `moved_joules` (S, S) went from the first site to the second with the input of tasks; the network
    takes that energy from the grid beside what the nodes consume, with `moved_grams` and `moved_dollars` (1,).

    Tasks count at their completion: `class_tasks` (K, 3) completed, late ones of them, and dropped; `node_tasks` (N, 2)
    completed and late; `placements` (N, L); `latency` (K, 2) sum of seconds and of their squares; `histogram` (K, B) by
    `LATENCY_BOUNDS`, not cumulated. `terms` are sums over `placed` tasks (1,).
    """

    renewable: FloatArray
    battery: FloatArray
    stored_grid: FloatArray
    grid: FloatArray
    idle: FloatArray
    transitions: FloatArray
    ledger: FloatArray
    generation: FloatArray
    charged: FloatArray
    exported: FloatArray
    curtailed: FloatArray
    charging_grams: FloatArray
    charging_dollars: FloatArray
    flows: FloatArray
    emissions: FloatArray
    avoided: FloatArray
    electricity_dollars: FloatArray
    credit_dollars: FloatArray
    life_cycle: FloatArray
    busy_seconds: FloatArray
    asleep_seconds: FloatArray
    wakes: CountArray
    failed_wakes: CountArray
    moved_bytes: FloatArray
    moved_joules: FloatArray
    moved_grams: FloatArray
    moved_dollars: FloatArray
    class_offered: CountArray
    class_tasks: CountArray
    node_tasks: CountArray
    placements: CountArray
    latency: FloatArray
    histogram: CountArray
    placed: CountArray
    terms: FloatArray

    @classmethod
    def zero(cls, *, nodes: int, buses: int, sites: int, classes: int) -> "Totals":
        """Return totals of zero."""

        def counts(*shape: int) -> CountArray:
            return np.zeros(shape, dtype=np.int64)

        return cls(
            **{name: np.zeros(nodes) for name in _PER_NODE},
            **{name: np.zeros(buses) for name in _PER_BUS},
            flows=np.zeros((buses, len(SOURCES), len(SINKS))),
            moved_bytes=np.zeros((sites, sites)),
            moved_joules=np.zeros((sites, sites)),
            moved_grams=np.zeros(1),
            moved_dollars=np.zeros(1),
            wakes=counts(nodes),
            failed_wakes=counts(nodes),
            class_offered=counts(classes),
            class_tasks=counts(classes, 3),
            node_tasks=counts(nodes, 2),
            placements=counts(nodes, LEVELS),
            latency=np.zeros((classes, 2)),
            histogram=counts(classes, len(LATENCY_BOUNDS)),
            placed=counts(1),
            terms=np.zeros(len(TERMS)),
        )

    def copy(self) -> "Totals":
        """Return a copy that later steps leave alone."""
        return Totals(**{name: getattr(self, name).copy() for name in self.__dataclass_fields__})

    @property
    def consumed(self) -> FloatArray:
        """Return the consumed energy (N,) in joules."""
        return self.renewable + self.battery + self.grid

    @property
    def charged_from_grid(self) -> FloatArray:
        """Return the energy (B,) in joules that was bought to charge batteries, their losses included."""
        return self.flows[:, _GRID, _STORED] + self.flows[:, _GRID, _LOST]

    def add_moved(self, cluster: Cluster, node: IntArray, task_class: IntArray, grid: GridPoint) -> None:
        """Count the input of tasks (M,) of these classes that is sent to these nodes.

        Of the network's energy each half is bought at one end.
        """
        there, home = cluster.bus[node], cluster.home[task_class]
        sites = (cluster.site_of_bus[home], cluster.site_of_bus[there])
        joules = cluster.moved_joules[node, task_class]
        np.add.at(self.moved_bytes, sites, cluster.input_bytes[task_class] * (sites[0] != sites[1]))
        np.add.at(self.moved_joules, sites, joules)
        grams, dollars = grid.grams_per_joule, grid.dollars_per_joule
        self.moved_grams[:] += (joules * (grams[home] + grams[there]) / 2.0).sum()
        self.moved_dollars[:] += (joules * (dollars[home] + dollars[there]) / 2.0).sum()


def by_kind(figures: Figures, kinds: int) -> Figures:
    """Return figures (K, ...) by kind of task, the sums over the sites at which it arrives, from those by class."""
    summed: Figures = figures.reshape(-1, kinds, *figures.shape[1:]).sum(axis=0)
    return summed


_PER_NODE = (
    "renewable",
    "battery",
    "stored_grid",
    "grid",
    "idle",
    "transitions",
    "ledger",
    "emissions",
    "avoided",
    "electricity_dollars",
    "credit_dollars",
    "busy_seconds",
    "asleep_seconds",
)
_PER_BUS = ("life_cycle", "generation", "charged", "exported", "curtailed", "charging_grams", "charging_dollars")
_GRID, _STORED, _LOST = SOURCES.index("grid"), SINKS.index("battery"), SINKS.index("loss")
