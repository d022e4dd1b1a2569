"""The policy that places each task where its weighted score is least."""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.scheduling.interface import Cluster
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.kernels.placement import (
    DELAY,
    MOVED_ENERGY,
    Order,
    Rule,
    place_by_score,
    place_by_score_in_groups,
    place_least_loaded_by_score,
)
from simulator.scheduling.ruled import SCORE, START, Ruled, rule
from simulator.scheduling.weights import Weights


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


class Scored(Ruled):
    """Placement by the weighted score. Only the rule of the last cluster and its grids is remembered."""

    goes_by = SCORE

    def __init__(
        self, name: str, weights: Weights, *, levels: Levels, backend: Backend, search: Search | None = None
    ) -> None:
        """Choose the search; None takes the faster for the cluster: pruned, unless most nodes differ."""
        super().__init__(name, backend)
        self.weights = weights.normalised()
        self._levels = levels
        self._search = search
        self._row_bus: IntArray
        self._grams: FloatArray | None = None

    def first_level(self, levels: int) -> int:
        """Return the first of the operating points that are open to a task which starts at once."""
        return 0 if self._levels is Levels.ALL else levels - 1

    def choice(self, cluster: Cluster, grams_per_joule: FloatArray) -> tuple[Order, Rule]:
        """See `Ruled.choice`. Only the rule of the last grids is remembered."""
        known = self._grams if cluster is self._cluster else None
        order, rule = super().choice(cluster, grams_per_joule)
        # As bytes: numpy's comparison takes many times as long, and each step asks.
        if known is None or known.tobytes() != grams_per_joule.tobytes():
            self._choice = order, self._weighed(rule, cluster, grams_per_joule)
        self._grams = grams_per_joule
        return self._choice

    def _weighed(self, rule: Rule, cluster: Cluster, grams_per_joule: FloatArray) -> Rule:
        """Return the rule with the intensity (B,) of each bus's grid over the highest, and the carbon of moving a task.

        One grid for all gives 1 everywhere; so does a grid without emissions, in which no choice is better. Of the
        network's emissions each half is that of the grid at one end.
        """
        worst = grams_per_joule.max()
        intensity = grams_per_joule / worst if worst > 0.0 else np.ones_like(grams_per_joule)
        weights, moved = self.weights, rule.moved
        if moved is not None:
            ends = intensity[self._row_bus][:, np.newaxis] + intensity[cluster.home]
            delay, energy = moved[[DELAY, MOVED_ENERGY]]
            carbon = energy * ends / 2.0
            moved = np.array([delay, energy, carbon, weights.energy * energy + weights.carbon * carbon])
        return rule._replace(intensity=intensity, moved=moved, carbon=weights.carbon * intensity[rule.bus])

    def _choose(self, cluster: Cluster) -> tuple[Order, Rule]:
        tables = score_tables(cluster)
        groups = groups_of(tables, cluster.site_of_bus[cluster.bus])
        few = WORTH_GROUPING * len(groups.lowest) <= len(cluster.names)
        pruned = few if self._search is None else self._search is Search.PRUNED
        rows = tables.only(groups.lowest) if pruned else tables
        moved = np.array([rows.delay, rows.moved_energy, *np.zeros((2, *rows.delay.shape))])
        # Nodes of a group to which moving a task takes anything are at one site, and so on one grid.
        self._row_bus = cluster.bus[groups.lowest] if pruned else cluster.bus
        return place_by_score_in_groups if pruned else place_by_score, rule(cluster)._replace(
            service=rows.service,
            joules=rows.joules,
            energy=rows.energy,
            fits=rows.fits,
            moved=moved if moved.any() else None,
            bus=cluster.bus[groups.order] if pruned else cluster.bus,
            urgency=rows.urgency,
            weights=np.array(self.weights.values()),
            first_level=self.first_level(cluster.extra_watts.shape[1]),
            nodes=groups.order,
            first=groups.first,
            scratch=np.empty((4, len(groups.order))),
        )


class LeastLoaded(Scored):
    """Placement on the node that can start first, and there at the operating point of least weighted score."""

    goes_by = START

    def __init__(self, name: str, weights: Weights, *, levels: Levels, backend: Backend) -> None:
        """Look at every node: which one starts first is not a matter of the score."""
        super().__init__(name, weights, levels=levels, backend=backend, search=Search.SCAN)

    def _choose(self, cluster: Cluster) -> tuple[Order, Rule]:
        _, scanned = super()._choose(cluster)
        return place_least_loaded_by_score, scanned


WORTH_GROUPING = 4
"""Nodes per group from which pruning is faster than the scan; measured by bench/placement_bench.py."""
