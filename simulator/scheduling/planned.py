"""The policy that places tasks as a planner wants it."""

from dataclasses import dataclass

import numpy as np

from simulator.arrays import FloatArray, IntArray
from simulator.scheduling.interface import Cluster
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.kernels.placement import DELAY, MOVED_ENERGY, Order, Rule
from simulator.scheduling.kernels.planned import place_as_planned
from simulator.scheduling.ruled import PLAN, Ruled, rule
from simulator.scheduling.score import Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """The orders of a planner to who places tasks, as `place_as_planned` takes them.

    `tier` and `grams` (N, K): how little a node is meant for a class, and grams of being awake for a task. `joules`
    (N, K, L) per second of reference work. `node` and `level` (R,) of the tasks that are released next for a node, in
    the order of their release, and -1 among them for those of which it is free.
    """

    tier: FloatArray
    grams: FloatArray
    joules: FloatArray
    node: IntArray
    level: IntArray


class AsPlanned(Ruled):
    """Placement by the orders of a planner; without any, where a task emits least and ends in time.

    `last` tells of the last placement; its entries are with the kernel.
    """

    goes_by = PLAN

    def __init__(self, name: str, *, levels: Levels, backend: Backend) -> None:
        super().__init__(name, backend)
        self._levels = levels
        self.orders: Orders | None = None
        self.last = np.array([0, -1, -1, -1, 0], np.int32)

    def choice(self, cluster: Cluster, grams_per_joule: FloatArray) -> tuple[Order, Rule]:
        """See `Ruled.choice`. Of tasks that were released for a node none has been placed yet."""
        order, rule = super().choice(cluster, grams_per_joule)
        moved = rule.moved
        if moved is not None:
            ends = grams_per_joule[cluster.bus][:, np.newaxis] + grams_per_joule[cluster.home]
            grams = cluster.moved_joules * ends / 2.0
            moved = np.array([moved[DELAY], moved[MOVED_ENERGY], grams, grams])
        rule = rule._replace(intensity=np.ascontiguousarray(grams_per_joule), moved=moved)
        orders = self.orders
        if orders is not None:
            memory = np.array([orders.tier, rule.memory[1]])
            rule = rule._replace(
                memory=memory, share=orders.grams, joules=orders.joules, nodes=orders.node, first=orders.level
            )
        self.last[0] = 0
        return order, rule

    def _choose(self, cluster: Cluster) -> tuple[Order, Rule]:
        nodes, classes, levels = cluster.service.shape
        moves = bool(cluster.delay.any() or cluster.moved_joules.any())
        rank = np.argsort(np.argsort(np.array(cluster.names), kind="stable"), kind="stable").astype(np.float64)
        return place_as_planned, rule(cluster)._replace(
            joules=cluster.service * cluster.extra_watts[:, np.newaxis, :],
            moved=np.array([cluster.delay, cluster.moved_joules]) if moves else None,
            urgency=cluster.deadline.copy(),
            share=np.zeros((nodes, classes)),
            memory=np.array([np.zeros((nodes, classes)), np.repeat(rank[:, np.newaxis], classes, axis=1)]),
            first_level=0 if self._levels is Levels.ALL else levels - 1,
            cursor=self.last,
        )
