"""Policies whose way of placing is a function of the kernels, with a rule for it."""

from abc import ABC, abstractmethod

import numpy as np

from simulator.arrays import FloatArray
from simulator.scheduling.interface import Cluster, Placements, StepView
from simulator.scheduling.kernels.compiled import Backend, kernel
from simulator.scheduling.kernels.placement import Order, Rule
from simulator.scheduling.weights import TERMS
from simulator.workload.task import Tasks

SCORE, START, TURN, REQUESTS, PLAN, ONLY, OWN = "score", "start", "turn", "requests", "plan", "only", "own"
"""The ways of a policy to choose: by a score, by when a node can start the task, by turn, by what is requested of the
nodes, or by a plan; not at all, because a single node could take the task; or in a way that it need not tell."""


class Ruled(ABC):
    """A policy that a run may ask for its order and rule, instead of asking it to place the tasks of each step.

    `goes_by` is what its order looks at, one of the words above.
    """

    goes_by: str = OWN

    def __init__(self, name: str, backend: Backend) -> None:
        self.name = name
        self._backend = backend
        self._cluster: Cluster | None = None
        self._choice: tuple[Order, Rule]

    def choice(self, cluster: Cluster, grams_per_joule: FloatArray) -> tuple[Order, Rule]:  # noqa: ARG002 - some look
        """Return how tasks are placed while the grids have `grams_per_joule` (B,). The order depends on the cluster,
        and only what was chosen for the last one is remembered."""
        if cluster is not self._cluster:
            self._choice = self._choose(cluster)
            self._cluster = cluster
        return self._choice

    @abstractmethod
    def _choose(self, cluster: Cluster) -> tuple[Order, Rule]:
        """Return how tasks are placed on a cluster."""

    def place(self, tasks: Tasks, cluster: Cluster, view: StepView) -> Placements:
        """See `Policy.place`."""
        order, rule = self.choice(cluster, view.grams_per_joule)
        choice, times = np.empty((2, len(tasks)), np.int32), np.empty((2, len(tasks)))
        terms = np.zeros(len(TERMS))
        kernel(order, self._backend)(
            rule,
            rule.moved,
            tasks.arrival,
            tasks.task_class,
            tasks.work,
            view.free_at.copy(),
            view.wake.copy() if np.count_nonzero(view.wake) else None,
            np.maximum(view.green_joules, 0.0),
            choice,
            times,
            terms,
        )
        return Placements(node=choice[0], level=choice[1], start=times[0], finish=times[1], terms=terms)


def rule(cluster: Cluster) -> Rule:
    """Return the rule of a policy without a score."""
    service = np.ascontiguousarray(cluster.service)
    nothing, nowhere = np.zeros((0, 0)), np.zeros(0, np.int32)
    return Rule(
        service=service,
        joules=np.zeros((0, 0, 0)),
        energy=np.zeros((0, 0, 0)),
        fits=np.ascontiguousarray(cluster.fits),
        moved=cluster.delay[np.newaxis].copy() if cluster.delay.any() else None,
        intensity=np.zeros(0),
        bus=cluster.bus,
        carbon=np.zeros(0),
        urgency=np.zeros(0),
        weights=np.zeros(0),
        longest_wait=float(cluster.longest_wait),
        first_level=service.shape[2] - 1,
        nodes=nowhere,
        first=nowhere,
        scratch=nothing,
        share=nothing,
        cursor=nowhere,
        memory=np.zeros((0, 0, 0)),
    )
