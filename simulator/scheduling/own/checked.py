"""A policy of a user's own, whose placements are checked before they are used."""

import inspect
import itertools
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from exporter.core.config import ConfigError
from simulator.arrays import BoolArray, FloatArray
from simulator.scheduling.interface import DROPPED, Cluster, Placements, Policy, StepView
from simulator.scheduling.own.per_task import PerTask
from simulator.scheduling.own.users_code import asked
from simulator.scheduling.weights import TERMS
from simulator.workload.task import Tasks

TOLERANCE = 1e-6
"""Seconds by which a time may differ from the cluster's tables, after sums in another order."""

ShownT = TypeVar("ShownT", Tasks, Cluster, StepView)

_KINDS = {"node": "iu", "level": "iu", "start": "iuf", "finish": "iuf", "terms": "iuf"}
"""Kinds of numpy's types: signed and unsigned integers, and floating point. Truth values are no indices."""


class Checked:
    """A policy that passes on the placements of the policy inside, unless the cluster could not execute them."""

    def __init__(self, policy: Policy, name: str) -> None:
        self.name = name
        self._policy = policy
        self._cluster: Cluster | None = None
        self._shown: Cluster
        self._called = policy.choose if isinstance(policy, PerTask) else inspect.getattr_static(policy, "place", None)

    def place(self, tasks: Tasks, cluster: Cluster, view: StepView) -> Placements:
        """See `Policy.place`. Raises ConfigError, in one line, for errors of the policy and impossible placements."""
        if cluster is not self._cluster:
            self._cluster, self._shown = cluster, _read_only(cluster)
        with asked(self.name, self._called):
            placed: object = self._policy.place(_read_only(tasks), self._shown, _read_only(view))
        if not isinstance(placed, Placements):
            raise self._refusal(f"expected Placements, got {type(placed).__name__}")
        for mistake in itertools.chain(wrong_kinds(placed), mistakes(placed, tasks, cluster, view)):
            raise self._refusal(mistake)
        return placed

    def _refusal(self, mistake: str) -> ConfigError:
        return ConfigError([f"scheduler.policy: {self.name}: {mistake}"])


def _read_only(shown: ShownT) -> ShownT:
    """Return a value whose arrays are views that cannot be written: the run goes on with the same arrays."""
    shown_fields = ((field.name, getattr(shown, field.name)) for field in fields(shown))
    views: dict[str, Any] = {name: value.view() for name, value in shown_fields if isinstance(value, np.ndarray)}
    for view in views.values():
        view.flags.writeable = False
    return replace(shown, **views)


def wrong_kinds(placed: Placements) -> Iterator[str]:
    """Yield a message for each field that is not an array of numbers."""
    for name, kinds in _KINDS.items():
        found: object = getattr(placed, name)
        if not isinstance(found, np.ndarray) or found.dtype.kind not in kinds:
            told = f"an array of {found.dtype}" if isinstance(found, np.ndarray) else type(found).__name__
            yield f"expected {name} as an array of {'whole ' if 'f' not in kinds else ''}numbers, got {told}"


def mistakes(placed: Placements, tasks: Tasks, cluster: Cluster, view: StepView) -> Iterator[str]:
    """Yield the mistakes of placements; each check presumes that those before it passed."""
    count, (nodes, _, levels) = len(tasks), cluster.service.shape
    for name in ("node", "level", "start", "finish"):
        shape = np.shape(getattr(placed, name))
        if shape != (count,):
            yield f"expected {name} of {count} tasks, got the shape {shape}"
    if placed.terms.shape != (len(TERMS),) or not np.isfinite(placed.terms).all():
        yield f"expected terms of {len(TERMS)} finite numbers, got {placed.terms}"
    if not np.all((placed.node >= DROPPED) & (placed.node < nodes)):
        yield f"expected nodes from {DROPPED} to {nodes - 1}, got {placed.node.min()} to {placed.node.max()}"
    chosen = np.flatnonzero(placed.node != DROPPED)
    node, level, kind = placed.node[chosen], placed.level[chosen], tasks.task_class[chosen]
    if not np.all((level >= 0) & (level < levels)):
        yield f"expected operating points from 0 to {levels - 1}, got {level.min()} to {level.max()}"
    if not cluster.fits[node, kind].all():
        yield "expected nodes into whose memory the models fit"
    start, finish, release = placed.start[chosen], placed.finish[chosen], tasks.arrival[chosen]
    seconds = tasks.work[chosen] * cluster.service[node, kind, level]
    there = release + cluster.delay[node, kind]
    yield from _wrong_times(start >= there - TOLERANCE, "expected starts once the input has arrived", start)
    yield from _wrong_times(
        start <= release + cluster.longest_wait + TOLERANCE, "expected starts within the longest wait", start
    )
    yield from _wrong_times(
        np.abs(finish - start - seconds) <= TOLERANCE, "expected finishes as long after the start as it takes", finish
    )
    order = np.argsort(node, kind="stable")
    first = np.r_[True, np.diff(node[order]) != 0][: len(order)]
    awake = np.maximum(view.free_at[node[order]], release[order]) + view.wake[node[order]]
    idle = np.where(view.wake[node[order]] > 0.0, awake, view.free_at[node[order]])
    free = np.where(first, idle, np.r_[-np.inf, finish[order]][: len(order)])
    yield from _wrong_times(
        start[order] >= free - TOLERANCE, "expected one task at a time on a node, once it is awake", start[order]
    )


def _wrong_times(right: BoolArray, expected: str, seconds: FloatArray) -> Iterator[str]:
    """Yield a message unless all times are right; NaN is never right."""
    if not right.all():
        yield f"{expected}, got {seconds[np.argmin(right)]:g} s"
