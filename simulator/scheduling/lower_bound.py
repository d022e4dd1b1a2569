"""The least emissions with which a run's work could have been done as punctually: a linear programme in hindsight.

Variables, for each coarse step s, node n, class k and operating point l: reference work x[s, n, k, l], done by fluid
parts of tasks; energy imported, charged, discharged and left over; what batteries hold at the step's end; the work
y[s, k] done since the start. Least sum of grams_per_joule[s] x import[s, n], subject to

    capacity    sum over k, l of service[n, k, l] x[s, n, k, l] <= seconds
    balance     generation + import + discharge = other load + sum of extra_watts x service x x + charge + left over
    batteries   stored[s] = stored[s - 1] + charge x efficiency - discharge / efficiency, within their bounds and
                limits, and at the end no less than the run left
    tasks       y[s, k] = y[s - 1, k] + sum over n, l of x[s, n, k, l], due[s, k] <= y[s, k] <= arrived[s, k], and at
                the end y = done

Why it is a lower bound: the run is itself a solution. Let x be the share of each task that it executed within each
coarse step, import and the others its own flows, summed over the step. A node executes one task at a time, so capacity
holds. The balance and the batteries' equation are linear and hold in each fine step, so also for the sums, and limits
on sums are implied by limits on parts. A task is not executed before it arrives, so y <= arrived; what the run had
completed by the end of a step it had done by then, so y >= due, which counts that work only if it was due by then. With
`grams_per_joule` the least within each coarse step, the objective at this solution is at most the run's emissions, and
the minimum is at most that. The programme may do what no scheduler could: split tasks, look ahead, charge batteries
from the grid, execute a task before it arrives within the same coarse step. So the bound need not be attainable.

HiGHS (Huangfu and Hall 2018) solves it to a relative accuracy of about 1e-6.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exporter.core.units import Grams, Seconds
from simulator.arrays import FloatArray
from simulator.energy.battery import Batteries
from simulator.scheduling.interface import Cluster

if TYPE_CHECKING:
    from scipy.sparse import coo_array  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundProblem:
    """The inputs and the work of a run of S coarse steps.

    `generation` and `other_load` (S, N) in joules; the other load is all but the tasks' energy above idle.
    `grams_per_joule` (S,) is the least within each step. `final_stored` (N,) in joules is what the batteries held at
    the end. Cumulative reference work in seconds: `arrived` (S, K) by the end of each step, `due` (S, K) of the tasks
    that by then were due and completed, and `done` (K,) of all that was executed, started tasks in part.
    """

    seconds: Seconds
    generation: FloatArray
    other_load: FloatArray
    grams_per_joule: FloatArray
    batteries: Batteries
    final_stored: FloatArray
    arrived: FloatArray
    due: FloatArray
    done: FloatArray
    cluster: Cluster


class BoundError(Exception):
    """A problem without a solution: its figures cannot be those of a run."""


def least_emissions(problem: BoundProblem) -> Grams:
    """Return the minimum of the programme. Raises BoundError where HiGHS finds none."""
    from scipy.optimize import linprog  # type: ignore[import-untyped] # noqa: PLC0415 - slower than the CLI may start

    joules = max(float(problem.generation.max()), float(problem.other_load.max()), 1.0)
    steps, nodes = problem.generation.shape
    capacity, balance = _per_step(problem, joules)
    equal_to = (
        (problem.other_load - problem.generation).ravel() / joules,
        np.concatenate((problem.batteries.initial / joules, np.zeros((steps - 1) * nodes))),
        np.zeros(problem.due.size),
    )
    bounds = _bounds(problem, joules)
    cost = np.zeros(len(bounds))
    imported = steps * problem.cluster.service.size
    cost[imported : imported + steps * nodes] = np.repeat(problem.grams_per_joule, nodes) * joules
    solved = linprog(
        cost,
        A_ub=capacity,
        b_ub=np.ones(steps * nodes),
        A_eq=balance,
        b_eq=np.concatenate(equal_to),
        bounds=bounds,
        method="highs",
    )
    if solved.status != 0:
        raise BoundError(f"no least emissions: {solved.message}")
    return Grams(max(0.0, float(solved.fun)))


def _per_step(problem: BoundProblem, joules: float) -> tuple["coo_array", "coo_array"]:
    """Return the matrices of the inequalities (capacity) and the equalities (balance, batteries, tasks).

    Columns: x, import, charge, discharge, left over, stored, y. Work is in units of the step's length and energy in
    units of `joules`, so that all figures are near 1.
    """
    from scipy import sparse  # type: ignore[import-untyped] # noqa: PLC0415 - as above

    steps, nodes = problem.generation.shape
    service, batteries = problem.cluster.service, problem.batteries
    classes, levels = service.shape[1:]
    work_joules = service * problem.cluster.extra_watts[:, None, :] * (problem.seconds / joules)
    each_step, since = sparse.eye_array(steps), sparse.eye_array(steps) - sparse.eye_array(steps, k=-1)
    each_node = sparse.eye_array(steps * nodes)

    def by_node(values: FloatArray) -> "coo_array":
        return sparse.kron(each_step, sparse.block_diag([row.reshape(1, -1) for row in values]))

    def at_node(values: FloatArray) -> "coo_array":
        return sparse.kron(each_step, sparse.diags_array(values))

    by_class = sparse.kron(np.ones((1, nodes)), sparse.kron(sparse.eye_array(classes), np.ones((1, levels))))
    balance = [-by_node(work_joules), each_node, -each_node, each_node, -each_node, None, None]
    charge, discharge = at_node(-batteries.charge_efficiency), at_node(1.0 / batteries.discharge_efficiency)
    storage = [None, None, charge, discharge, None, sparse.kron(since, sparse.eye_array(nodes)), None]
    tasks = [-sparse.kron(each_step, by_class), *[None] * 5, sparse.kron(since, sparse.eye_array(classes))]
    rest = steps * (5 * nodes + classes)
    capacity = sparse.hstack([by_node(service), sparse.coo_array((steps * nodes, rest))])
    return capacity, sparse.block_array([balance, storage, tasks])


def _bounds(problem: BoundProblem, joules: float) -> FloatArray:
    """Return the least and greatest value (V, 2) of each variable, in the order of the columns."""
    steps, nodes = problem.generation.shape
    batteries, seconds = problem.batteries, problem.seconds
    open_to = np.where(problem.cluster.fits[:, :, None] & np.ones_like(problem.cluster.service, bool), np.inf, 0.0)
    least_stored = np.tile(batteries.minimum, (steps, 1))
    least_stored[-1] = np.minimum(problem.final_stored, batteries.capacity)
    least_done, most_done = problem.due.copy(), np.maximum(problem.arrived, problem.due)
    least_done[-1] = most_done[-1] = problem.done
    free = np.full(steps * nodes, np.inf)
    highest = (
        np.tile(open_to.ravel(), steps),
        free,
        np.tile(batteries.charge_limit * seconds / joules, steps),
        np.tile(batteries.discharge_limit * seconds / joules, steps),
        free,
        np.tile(batteries.capacity / joules, steps),
        most_done.ravel() / seconds,
    )
    unbounded = np.zeros(steps * (problem.cluster.service.size + 4 * nodes))
    lowest = (unbounded, least_stored.ravel() / joules, least_done.ravel() / seconds)
    return np.column_stack((np.concatenate(lowest), np.concatenate(highest)))
