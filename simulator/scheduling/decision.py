"""The last decision of a policy: the node of a task, the best other node, and what spoke for the first.

Worked out once a task is placed, for people: no kernel knows of it.
"""

from dataclasses import dataclass

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import FloatArray, IntArray
from simulator.scheduling.interface import Cluster, Policy, StepView
from simulator.scheduling.kernels.planned import (
    BY_DEADLINE,
    BY_GRID,
    BY_NETWORK,
    BY_PLAN,
    LAST_CHOSEN,
    LAST_SECOND,
    LAST_TERM,
)
from simulator.scheduling.planned import AsPlanned
from simulator.scheduling.ruled import ONLY, OWN, PLAN, REQUESTS, SCORE, START, TURN, Ruled
from simulator.scheduling.score import Scored, score_tables
from simulator.scheduling.weights import TERMS
from simulator.workload.task import Tasks

EQUAL = 1e-12
"""Difference of two weighted terms below which they count as equal: rounding, in sums of numbers of about 1."""

TIE = "tie"
"""In place of a term: another node scores as well, and comes later in the list."""

NETWORK, DEADLINE = "network", "deadline"
"""In place of a term, of a policy that follows a plan: less has to be sent to the node, or the task ends there in
time."""

BY_PLANNER = {BY_PLAN: PLAN, BY_GRID: "carbon", BY_NETWORK: NETWORK, BY_DEADLINE: DEADLINE}
"""The words of the planner's kernel."""

REASONS = (*TERMS, TIE, ONLY, START, TURN, REQUESTS, PLAN, NETWORK, DEADLINE, OWN)
"""All that a decision may rest on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The placement of one task: its class (of K), the node and operating point, and why.

    `term` is that of the score which speaks most for the chosen node against the `second`, the best other one that
    could have taken the task; TIE, ONLY or, of a policy without a score, what that goes by. There is no `second` for a
    policy that compares no nodes. `scores` (2, 5) are the weighted terms of both nodes, NaN of none; None without a
    score.
    """

    released: Seconds
    task_class: int
    chosen: int
    level: int
    second: int | None
    term: str
    scores: FloatArray | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One task, and what was seen as it was placed: (N,) by node, (B,) by bus."""

    released: float
    task_class: int
    work: float
    free_at: FloatArray
    wake: FloatArray
    green: FloatArray
    grams_per_joule: FloatArray


def last_decision(
    policy: Policy, cluster: Cluster, view: StepView, tasks: Tasks, node: IntArray, level: IntArray, finish: FloatArray
) -> Decision | None:
    """Return the decision on the last placed of the `tasks` (M,) of a step; None where each was dropped.

    The view is that before the step; of each task there are its node, its operating point and its end.
    """
    placed = np.flatnonzero(node >= 0)
    if not len(placed):
        return None
    last, before = int(placed[-1]), placed[:-1]
    chosen, at = int(node[last]), int(level[last])
    second, term, scores = None, goes_by(policy), None
    if isinstance(policy, Scored) and policy.goes_by == SCORE:
        case = _case(cluster, view, tasks, last, _Taken(before, node[before], level[before], finish[before]))
        second, term, scores = _weighed(policy, cluster, case, chosen, at)
    elif isinstance(policy, AsPlanned) and policy.last[LAST_CHOSEN] == chosen:
        second, term = _planned(policy)
    return Decision(
        released=Seconds(float(tasks.arrival[last])),
        task_class=int(tasks.task_class[last]),
        chosen=chosen,
        level=at,
        second=second,
        term=term,
        scores=scores,
    )


def goes_by(policy: Policy) -> str:
    """Return what a policy without a score goes by."""
    return policy.goes_by if isinstance(policy, Ruled) else OWN


def _planned(policy: AsPlanned) -> tuple[int | None, str]:
    """Return the second node and the term of the last placement of a planner's policy."""
    second, term = int(policy.last[LAST_SECOND]), BY_PLANNER[int(policy.last[LAST_TERM])]
    if second < 0:
        return None, term if term == PLAN else ONLY
    return second, term


@dataclass(frozen=True, slots=True)
class _Taken:
    """The tasks of the step that were placed before, by their indices."""

    index: np.typing.NDArray[np.intp]
    node: IntArray
    level: IntArray
    finish: FloatArray


def _case(cluster: Cluster, view: StepView, tasks: Tasks, last: int, taken: _Taken) -> _Case:
    """Return what was seen as the last task was placed: without what those before it had taken."""
    free_at, wake, spent = view.free_at.copy(), view.wake.copy(), np.zeros_like(view.green_joules)
    np.maximum.at(free_at, taken.node, taken.finish)
    wake[taken.node] = 0.0
    seconds = tasks.work[taken.index] * cluster.service[taken.node, tasks.task_class[taken.index], taken.level]
    np.add.at(spent, cluster.bus[taken.node], seconds * cluster.extra_watts[taken.node, taken.level])
    return _Case(
        released=float(tasks.arrival[last]),
        task_class=int(tasks.task_class[last]),
        work=float(tasks.work[last]),
        free_at=free_at,
        wake=wake,
        green=np.maximum(view.green_joules - spent, 0.0),
        grams_per_joule=view.grams_per_joule,
    )


def _weighed(
    policy: Scored, cluster: Cluster, case: _Case, chosen: int, level: int
) -> tuple[int | None, str, FloatArray]:
    """Return the best other node, the term that speaks most for the chosen one, and the terms of both."""
    terms = _terms(policy, cluster, case)
    own = terms[:, chosen, level]
    scores = np.where(_open(policy, cluster, case), terms.sum(axis=0), np.inf)
    scores[chosen] = np.inf
    node, its_level = (int(one) for one in np.unravel_index(np.argmin(scores), scores.shape))
    if not np.isfinite(scores[node, its_level]):
        return None, ONLY, np.array([own, np.full_like(own, np.nan)])
    other = terms[:, node, its_level]
    gain = other - own
    term = TERMS[int(np.argmax(gain))] if np.abs(gain).max() > EQUAL else TIE
    return node, term, np.array([own, other])


def _waits(cluster: Cluster, case: _Case) -> FloatArray:
    """Return the seconds (N,) from the release to the start on each node."""
    queue: FloatArray = np.maximum(case.free_at - case.released, 0.0) + case.wake
    return np.maximum(queue, cluster.delay[:, case.task_class])


def _open(policy: Scored, cluster: Cluster, case: _Case) -> np.typing.NDArray[np.bool_]:
    """Return the nodes and operating points (N, L) at which the task could have been placed."""
    levels = cluster.extra_watts.shape[1]
    idle = (case.free_at <= case.released) & (case.wake == 0.0)
    slower = idle[:, np.newaxis] & (np.arange(levels) >= policy.first_level(levels))
    fits = cluster.fits[:, case.task_class] & (_waits(cluster, case) <= cluster.longest_wait)
    opened: np.typing.NDArray[np.bool_] = fits[:, np.newaxis] & (slower | (np.arange(levels) == levels - 1))
    return opened


def _terms(policy: Scored, cluster: Cluster, case: _Case) -> FloatArray:
    """Return the weighted terms (5, N, L) of the score of each choice; the formula is with `Weights`."""
    tables, k = score_tables(cluster), case.task_class
    waits, shape = _waits(cluster, case)[:, np.newaxis], tables.energy[:, k].shape
    need = case.work * tables.joules[:, k]
    green = case.green[cluster.bus][:, np.newaxis]
    share = np.where(green >= need, 0.0, 1.0 - green / np.where(need > 0.0, need, 1.0))
    worst = float(case.grams_per_joule.max())
    intensity = case.grams_per_joule / worst if worst > 0.0 else np.ones_like(case.grams_per_joule)
    here, moved = intensity[cluster.bus][:, np.newaxis], tables.moved_energy[:, k, np.newaxis]
    ends = (here + intensity[cluster.home[k]]) / 2.0
    terms = (
        tables.urgency[k] * (waits + case.work * tables.service[:, k]),
        tables.energy[:, k] + moved,
        share,
        share * tables.energy[:, k] * here + moved * ends,
        np.broadcast_to(waits / cluster.longest_wait, shape),
    )
    weighted: FloatArray = np.array(policy.weights.values())[:, np.newaxis, np.newaxis] * np.array(terms)
    return weighted
