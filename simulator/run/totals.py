"""The totals of a run, summed since its start."""

import math
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from simulator.arrays import CountArray, FloatArray
from simulator.energy.bus import SINKS, SOURCES
from simulator.hardware.device import LEVELS
from simulator.scheduling.weights import TERMS

Figures = TypeVar("Figures", FloatArray, CountArray)

LATENCY_BOUNDS = (
    *(0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0),
    *(10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 21600.0, math.inf),
)
"""Upper bounds of the latency histogram in seconds."""


NODE_SUMS = (
    *("renewable", "battery", "stored_grid", "grid", "idle", "transitions", "ledger"),
    *("emissions", "avoided", "electricity_dollars", "busy_seconds", "asleep_seconds"),
)
"""The totals by node, in the order of their rows."""

RENEWABLE, BATTERY, STORED_GRID, GRID, IDLE, TRANSITIONS, LEDGER = range(7)
EMISSIONS, AVOIDED, ELECTRICITY_DOLLARS, BUSY_SECONDS, ASLEEP_SECONDS = range(7, 12)

BUS_SUMS = ("life_cycle", "generation", "charged", "exported", "curtailed", "charging_grams", "charging_dollars")
"""The totals by bus, in the order of their rows."""

LIFE_CYCLE, GENERATION, CHARGED, EXPORTED, CURTAILED, CHARGING_GRAMS, CHARGING_DOLLARS = range(7)


class Sums(NamedTuple):
    """The totals as the kernels know them: few arrays, because each takes the compiler time; see `Totals`.

    `by_node` (12, N) and `by_bus` (7, B) have their rows in the order of `NODE_SUMS` and `BUS_SUMS`. `moved` (3, S, S)
    are bytes, joules and tasks, `moving` (2,) grams and dollars. `of_node` (4, N): tasks that are completed, late ones
    of them, wakes and failed wakes. `of_class` (4, K): tasks that are completed, late ones of them, dropped, offered.
    """

    by_node: FloatArray
    by_bus: FloatArray
    flows: FloatArray
    moved: FloatArray
    moving: FloatArray
    of_node: CountArray
    of_class: CountArray
    placements: CountArray
    latency: FloatArray
    histogram: CountArray
    placed: CountArray
    terms: FloatArray


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
    `moved_tasks` (S, S) are the tasks that arrived at the first site and were placed at the second, the same one
    included; zero where there is one site, at which all `placed` are.

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
    life_cycle: FloatArray
    busy_seconds: FloatArray
    asleep_seconds: FloatArray
    wakes: CountArray
    failed_wakes: CountArray
    moved_bytes: FloatArray
    moved_joules: FloatArray
    moved_tasks: FloatArray
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

    sums: Sums

    @classmethod
    def zero(cls, *, nodes: int, buses: int, sites: int, classes: int) -> "Totals":
        """Return totals of zero."""

        def counts(*shape: int) -> CountArray:
            return np.zeros(shape, dtype=np.int64)

        return cls.of(
            Sums(
                by_node=np.zeros((len(NODE_SUMS), nodes)),
                by_bus=np.zeros((len(BUS_SUMS), buses)),
                flows=np.zeros((buses, len(SOURCES), len(SINKS))),
                moved=np.zeros((3, sites, sites)),
                moving=np.zeros(2),
                of_node=counts(4, nodes),
                of_class=counts(4, classes),
                placements=counts(nodes, LEVELS),
                latency=np.zeros((classes, 2)),
                histogram=counts(classes, len(LATENCY_BOUNDS)),
                placed=counts(1),
                terms=np.zeros(len(TERMS)),
            )
        )

    @classmethod
    def of(cls, sums: Sums) -> "Totals":
        """Return the totals by their names; they are views of the sums."""
        return cls(
            **dict(zip(NODE_SUMS, sums.by_node, strict=True)),
            **dict(zip(BUS_SUMS, sums.by_bus, strict=True)),
            flows=sums.flows,
            moved_bytes=sums.moved[0],
            moved_joules=sums.moved[1],
            moved_tasks=sums.moved[2],
            moved_grams=sums.moving[:1],
            moved_dollars=sums.moving[1:],
            node_tasks=sums.of_node[:2].T,
            wakes=sums.of_node[2],
            failed_wakes=sums.of_node[3],
            class_tasks=sums.of_class[:3].T,
            class_offered=sums.of_class[3],
            placements=sums.placements,
            latency=sums.latency,
            histogram=sums.histogram,
            placed=sums.placed,
            terms=sums.terms,
            sums=sums,
        )

    def copy(self) -> "Totals":
        """Return a copy that later steps leave alone."""
        return Totals.of(Sums._make(one.copy() for one in self.sums))

    @property
    def consumed(self) -> FloatArray:
        """Return the consumed energy (N,) in joules."""
        return self.renewable + self.battery + self.grid

    @property
    def charged_from_grid(self) -> FloatArray:
        """Return the energy (B,) in joules that was bought to charge batteries, their losses included."""
        return self.flows[:, _GRID, _STORED] + self.flows[:, _GRID, _LOST]


def by_kind(figures: Figures, kinds: int) -> Figures:
    """Return figures (K, ...) by kind of task, the sums over the sites at which it arrives, from those by class."""
    summed: Figures = figures.reshape(-1, kinds, *figures.shape[1:]).sum(axis=0)
    return summed


_GRID, _STORED, _LOST = SOURCES.index("grid"), SINKS.index("battery"), SINKS.index("loss")
