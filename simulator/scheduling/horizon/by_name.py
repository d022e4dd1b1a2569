"""A planner to which the order of nodes, sites and classes means nothing: it sees nodes by name, the rest by theirs.

Equal choices are decided, and sums rounded, by that order: a cluster whose nodes or sites come in another order is
planned alike, to the bit.
"""

from dataclasses import fields, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from exporter.core.units import Seconds
from simulator.arrays import FloatArray, IntArray
from simulator.energy.battery import Batteries
from simulator.scheduling.horizon.held import Released
from simulator.scheduling.horizon.planner import Acts, HourView, Planner, Setting, Solver
from simulator.scheduling.interface import Cluster
from simulator.scheduling.planned import Orders
from simulator.scheduling.sleeping import SleepTable
from simulator.workload.task import Tasks

Index = NDArray[np.intp]
TableT = TypeVar("TableT", Batteries, SleepTable)


class PlannerByName:
    """The planner of one run, which sees all that it is told in the order of names, and answers in that of the run."""

    def __init__(self, setting: Setting, solver: Solver, *, hold: bool = True, any_level: bool = True) -> None:
        """Take what `Planner` does."""
        cluster = setting.cluster
        self._nodes = np.argsort(np.array(cluster.names), kind="stable")
        self._rank = np.argsort(self._nodes, kind="stable")
        self._buses, self._classes = _buses_of(cluster, self._rank), _classes_of(cluster, self._rank)
        self._bus_rank, self._class_rank = np.argsort(self._buses), np.argsort(self._classes)
        inner = Setting(
            cluster=self._sorted(cluster),
            batteries=_rows(setting.batteries, self._buses),
            deferrable=setting.deferrable[self._classes],
            sleep=None if setting.sleep is None else _rows(setting.sleep, self._nodes),
            step=setting.step,
            foreseen=setting.foreseen[self._buses],
        )
        self._planner = Planner(inner, solver, hold=hold, any_level=any_level)

    @property
    def planner(self) -> Planner:
        """Return the planner that sees names in order."""
        return self._planner

    def rehearse(self) -> None:
        """See `Planner.rehearse`."""
        self._planner.rehearse()

    def begin(self, view: HourView) -> Acts:
        """See `Planner.begin`."""
        acts = self._planner.begin(
            HourView(
                start=view.start,
                free_at=view.free_at[self._nodes],
                down=view.down[self._nodes],
                stored=view.stored[self._buses],
                generation=np.ascontiguousarray(view.generation[:, self._buses]),
                grams_per_joule=np.ascontiguousarray(view.grams_per_joule[:, self._buses]),
            )
        )
        return Acts(rouse=acts.rouse[self._rank], timeout=acts.timeout[self._rank], charge=acts.charge[self._bus_rank])

    def release(self, tasks: Tasks, end: Seconds) -> Released:
        """See `Planner.release`."""
        kinds = self._class_rank[tasks.task_class].astype(np.int32)
        return self._of_run(self._planner.release(replace(tasks, task_class=kinds), end))

    def held(self) -> Released:
        """See `Planner.held`."""
        return self._of_run(self._planner.held())

    def shares(self) -> tuple[FloatArray, FloatArray] | None:
        """Return the shares (N,) of the present hour for which nodes are in front, and those for tasks that may wait;
        None before the first plan."""
        plan = self._planner.plan
        return None if plan is None else (plan.front[0][self._rank], plan.batch[0][self._rank])

    def orders(self, released: Released) -> Orders | None:
        """See `Planner.orders`; the tasks that were `released` are in the order of the run."""
        orders = self._planner.orders(released)
        if orders is None:
            return None
        rank, kinds = self._rank[:, np.newaxis], self._class_rank
        return replace(
            orders,
            tier=np.ascontiguousarray(orders.tier[rank, kinds]),
            grams=np.ascontiguousarray(orders.grams[rank, kinds]),
            joules=np.ascontiguousarray(orders.joules[rank, kinds]),
        )

    def _of_run(self, found: Released) -> Released:
        """Return tasks of the planner as those of the run."""
        kinds = self._classes[found.tasks.task_class].astype(np.int32)
        return replace(found, tasks=replace(found.tasks, task_class=kinds), node=self._given(found.node))

    def _given(self, node: IntArray) -> IntArray:
        """Return nodes of the planner as those of the run; -1 stays."""
        return np.where(node < 0, -1, self._nodes[node]).astype(np.int32)

    def _sorted(self, cluster: Cluster) -> Cluster:
        """Return the cluster in the order of names."""
        nodes, buses, classes = self._nodes, self._buses, self._classes
        both = np.ix_(nodes, classes)
        by_node_and_class = {
            name: np.ascontiguousarray(getattr(cluster, name)[both])
            for name in ("service", "fits", "memory_share", "delay", "moved_joules")
        }
        by_class = {name: getattr(cluster, name)[classes] for name in ("input_bytes", "work", "deadline", "priority")}
        return Cluster(
            names=tuple(cluster.names[one] for one in nodes),
            extra_watts=np.ascontiguousarray(cluster.extra_watts[nodes]),
            idle_watts=cluster.idle_watts[nodes],
            bus=self._bus_rank[cluster.bus[nodes]].astype(np.int32),
            site_of_bus=cluster.site_of_bus[buses],
            home=self._bus_rank[cluster.home[classes]].astype(np.int32),
            longest_wait=cluster.longest_wait,
            **by_node_and_class,
            **by_class,
        )


def _buses_of(cluster: Cluster, rank: Index) -> Index:
    """Return the buses in the order of the first of their nodes' names; those without nodes come last."""
    first = np.full(len(cluster.site_of_bus), len(rank))
    np.minimum.at(first, cluster.bus, rank)
    return np.argsort(first, kind="stable")


def _classes_of(cluster: Cluster, rank: Index) -> Index:
    """Return the classes in the order of the first of the nodes' names at their home, and then their own."""
    site = cluster.site_of_bus[cluster.bus]
    first = np.full(int(cluster.site_of_bus.max()) + 1, len(rank))
    np.minimum.at(first, site, rank)
    return np.argsort(first[cluster.site_of_bus[cluster.home]], kind="stable")


def _rows(table: TableT, index: Index) -> TableT:
    """Return a table whose fields are arrays, in another order."""
    return replace(table, **{one.name: getattr(table, one.name)[index] for one in fields(table)})
