"""The policy that places each task where its weighted score is least."""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.scheduling.interface import Cluster, Placements, StepView
from simulator.scheduling.kernels.compiled import Backend, kernel
from simulator.scheduling.kernels.placement import place_by_score, place_by_score_in_groups
from simulator.scheduling.outputs import empty_placements
from simulator.scheduling.weights import Weights
from simulator.workload.task import Tasks


class Levels(Enum):
    """The operating points that a policy may use."""

    ALL = "all"
    FASTEST = "fastest"


class Search(Enum):
    """Ways to find the least score; the choices are the same."""

    SCAN = "scan"
    PRUNED = "pruned"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTables:
    """The tables of a cluster that the score needs; shapes as in `simulator.scheduling.kernels.placement`."""

    service: FloatArray
    joules: FloatArray
    energy: FloatArray
    fits: BoolArray
    delay: FloatArray
    moved_energy: FloatArray
    urgency: FloatArray

    def only(self, nodes: IntArray) -> "ScoreTables":
        """Return the rows of some nodes."""
        names = ("service", "joules", "energy", "fits", "delay", "moved_energy")
        return replace(self, **{name: getattr(self, name)[nodes] for name in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Nodes with equal rows. `lowest` (G,) is one of each; the others are as `place_by_score_in_groups` takes them."""

    lowest: IntArray
    order: IntArray
    first: IntArray


def score_tables(cluster: Cluster) -> ScoreTables:
    """Return the tables of a cluster, with terms normalised; see `Weights`."""
    joules = cluster.service * cluster.extra_watts[:, np.newaxis, :]
    fitting = np.where(cluster.fits[:, :, np.newaxis], joules, 0.0)
    worst = fitting.max(axis=(0, 2))[np.newaxis, :, np.newaxis]
    moved = cluster.moved_joules / cluster.work
    return ScoreTables(
        service=np.ascontiguousarray(cluster.service),
        joules=joules,
        energy=np.divide(fitting, worst, out=np.zeros_like(joules), where=worst > 0),
        fits=np.ascontiguousarray(cluster.fits),
        delay=np.ascontiguousarray(cluster.delay),
        moved_energy=np.divide(moved, worst[:, :, 0], out=np.zeros_like(moved), where=worst[:, :, 0] > 0),
        urgency=cluster.priority / cluster.deadline,
    )


def groups_of(tables: ScoreTables, site: IntArray) -> Groups:
    """Group the nodes that the score can tell apart only by their queue, their sleep and their bus.

    Where moving a task takes energy, its carbon depends on the grid of the node's site, of `site` (N,).
    """
    members: dict[bytes, list[int]] = {}
    moved = np.where(tables.moved_energy.any(axis=1), site, -1)
    rows = (tables.service, tables.joules, tables.fits, tables.delay, tables.moved_energy, moved)
    for node in range(len(tables.fits)):
        key = b"".join(table[node].tobytes() for table in rows)
        members.setdefault(key, []).append(node)
    groups = list(members.values())
    return Groups(
        lowest=np.array([group[0] for group in groups], np.int32),
        order=np.array([node for group in groups for node in group], np.int32),
        first=np.cumsum([0, *(len(group) for group in groups)], dtype=np.int32),
    )


class Scored:
    """Placement by the weighted score. Only the tables of the last cluster are remembered."""

    def __init__(
        self, name: str, weights: Weights, *, levels: Levels, backend: Backend, search: Search | None = None
    ) -> None:
        """Choose the search; None takes the faster for the cluster: pruned, unless most nodes differ."""
        self.name = name
        self.weights = weights.normalised()
        self._array = np.array(self.weights.values())
        self._levels = levels
        self._search = search
        self._scan = kernel(place_by_score, backend)
        self._pruned = kernel(place_by_score_in_groups, backend)
        self._cluster: Cluster | None = None
        self._tables: ScoreTables
        self._groups: Groups | None = None
        self._bus: IntArray
        self._row_bus: IntArray
        self._grams: FloatArray | None = None
        self._intensity: FloatArray
        self._moved_carbon: FloatArray
        self._first_level = 0

    def place(self, tasks: Tasks, cluster: Cluster, view: StepView) -> Placements:
        """See `Policy.place`."""
        if cluster is not self._cluster:
            self._prepare(cluster)
        tables = self._tables
        intensity, moved_carbon = self._carbon(cluster, view.grams_per_joule)
        asked = (
            tasks.arrival,
            tasks.task_class,
            tasks.work,
            tables.service,
            tables.joules,
            tables.energy,
            tables.fits,
            tables.delay,
            tables.moved_energy,
            moved_carbon,
            intensity,
            self._bus,
            tables.urgency,
            self._array,
            cluster.longest_wait,
            self._first_level,
        )
        placed = empty_placements(len(tasks))
        node, level, start, finish, terms = placed.node, placed.level, placed.start, placed.finish, placed.terms
        green = np.maximum(view.green_joules, 0.0)
        if self._groups is None:
            self._scan(*asked, view.free_at.copy(), view.wake.copy(), green, node, level, start, finish, terms)
            return placed
        order, first = self._groups.order, self._groups.first
        scratch = np.empty((3, len(first) - 1))
        free_at, wake = view.free_at[order], view.wake[order]
        self._pruned(*asked, order, first, scratch, free_at, wake, green, node, level, start, finish, terms)
        return placed

    def _carbon(self, cluster: Cluster, grams_per_joule: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the intensity (B,) of each bus's grid over the highest, and the carbon term (N, K) of moving a task.

        One grid for all gives 1 everywhere; so does a grid without emissions, in which no choice is better. Of the
        network's emissions each half is that of the grid at one end.
        """
        known = self._grams
        if known is grams_per_joule or (known is not None and np.array_equal(known, grams_per_joule)):
            self._grams = grams_per_joule
            return self._intensity, self._moved_carbon
        worst = grams_per_joule.max()
        self._grams = grams_per_joule
        self._intensity = grams_per_joule / worst if worst > 0.0 else np.ones_like(grams_per_joule)
        ends = self._intensity[self._row_bus][:, np.newaxis] + self._intensity[cluster.home]
        self._moved_carbon = self._tables.moved_energy * ends / 2.0
        return self._intensity, self._moved_carbon

    def _prepare(self, cluster: Cluster) -> None:
        tables = score_tables(cluster)
        groups = groups_of(tables, cluster.site_of_bus[cluster.bus])
        few = WORTH_GROUPING * len(groups.lowest) <= len(cluster.names)
        pruned = few if self._search is None else self._search is Search.PRUNED
        self._cluster = cluster
        self._groups = groups if pruned else None
        self._tables = tables.only(groups.lowest) if pruned else tables
        self._bus = cluster.bus[groups.order] if pruned else cluster.bus
        # Nodes of a group to which moving a task takes anything are at one site, and so on one grid.
        self._row_bus = cluster.bus[groups.lowest] if pruned else cluster.bus
        self._grams = None
        self._first_level = 0 if self._levels is Levels.ALL else cluster.extra_watts.shape[1] - 1


WORTH_GROUPING = 4
"""Nodes per group from which pruning is faster than the scan; measured by bench/placement_bench.py."""
