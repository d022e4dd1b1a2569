"""The least emissions with which a run's work could have been done as punctually: a linear programme in hindsight.

Variables, for each coarse step s, bus b, node n, class k and operating point l: reference work x[s, n, k, l], done by
fluid parts of tasks; energy imported, charged, discharged and left over on the bus, and what its battery holds at the
step's end; the work y[s, k] done since the start. Least sum of

    grams_per_joule[s, b] x import[s, b] + moved_joules[n, k] x intensity[s, n, k] x x[s, n, k, l]

subject to

    capacity    sum over k, l of service[n, k, l] x[s, n, k, l] <= seconds
    balance     generation + import + discharge = other load + charge + left over
                    + sum over the nodes of the bus of (extra_watts + waking_watts) x service x x
    batteries   stored[s] = stored[s - 1] + charge x efficiency - discharge / efficiency, within their bounds and
                limits, and at the end no less than the run left
    tasks       y[s, k] = y[s - 1, k] + sum over n, l of x[s, n, k, l], due[s, k] <= y[s, k] <= arrived[s, k], and at
                the end y = done

Intensity is the least up to step s of the mean of the grids at both ends, the node's bus and the class's home.

Why it is a lower bound: the run is itself a solution. Let x be the share of each task that it executed within each
coarse step, import and the others its own flows, summed over the step. A node executes one task at a time, so capacity
holds. The balance and the batteries' equation are linear and hold in each fine step, so also for the sums, and limits
on sums are implied by limits on parts. What the grid charged is import and charge; what was sold is left over, for
selling earns no grams. A task is not executed before it arrives, so y <= arrived; what the run had completed by the end
of a step it had done by then, so y >= due, which counts that work only if it was due by then. With `grams_per_joule`
the least within each coarse step, the objective at this solution is at most the run's emissions, and the minimum is at
most that.

Sleep: the other load has the least power that a node can stand at, for all the time, and being awake above that costs
`waking_watts`. A node that executes is awake, so the run spent at least waking_watts x service x x; what it spent
beyond, awake without work or in transition, is left over in its solution. The programme itself wakes and sleeps at once
and for nothing.

Moves: the network bought at least `moved_joules` per second of work of a task that was executed elsewhere, in a step
no later than that of the execution, so at no less than the intensity above. The input of a task that came before the
run may have been moved before it, too, and then cost the run nothing: what the programme charges for it in the run's
solution, at most `moved_before` x moved_joules x intensity[0], is taken from the minimum. Work of any class may run on
any node where it fits, without the time that a move takes.

The programme may do what no scheduler could: split tasks, look ahead, execute a task before it arrives within the same
coarse step, move its input before it is there. So the bound need not be attainable. Every battery, generator, later due
time or further choice only adds solutions, so that none raises the minimum.

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
    """The inputs and the work of a run of S coarse steps on N nodes and B buses.

    `generation` and `other_load` (S, B) in joules; the other load is all but the energy of execution, and of being
    awake where a node could sleep. `waking_watts` (N,): power of an idle node that is awake above the least that it can
    stand at, which is part of the other load; zero where a node cannot sleep. `grams_per_joule` (S, B) is the least
    within each step. `final_stored` (B,) in joules is what the batteries held at the end.

    Cumulative reference work in seconds: `arrived` (S, K) by the end of each step, `due` (S, K) of the tasks that by
    then were due and completed, and `done` (K,) of all that was executed, started tasks in part. `moved_joules` (N, K):
    the least energy of the network per second of work, for each node and class; zero at home. `moved_before` (N, K):
    work that the run executed of tasks whose input may have been moved before it.
    """

    seconds: Seconds
    generation: FloatArray
    other_load: FloatArray
    waking_watts: FloatArray
    grams_per_joule: FloatArray
    batteries: Batteries
    final_stored: FloatArray
    arrived: FloatArray
    due: FloatArray
    done: FloatArray
    moved_joules: FloatArray
    moved_before: FloatArray
    cluster: Cluster


class BoundError(Exception):
    """A problem without a solution: its figures cannot be those of a run."""


def least_emissions(problem: BoundProblem) -> Grams:
    """Return the minimum of the programme. Raises BoundError where HiGHS finds none."""
    from scipy.optimize import linprog  # type: ignore[import-untyped] # noqa: PLC0415 - slower than the CLI may start

    joules = max(float(problem.generation.max()), float(problem.other_load.max()), 1.0)
    steps, buses = problem.generation.shape
    capacity, balance = _per_step(problem, joules)
    equal_to = (
        (problem.other_load - problem.generation).ravel() / joules,
        np.concatenate((problem.batteries.initial / joules, np.zeros((steps - 1) * buses))),
        np.zeros(problem.due.size),
    )
    bounds = _bounds(problem, joules)
    cost = np.zeros(len(bounds))
    moving = _moving_grams(problem)
    levels = problem.cluster.service.shape[2]
    bought = problem.grams_per_joule.ravel() * joules
    worked = np.repeat(moving.ravel() * problem.seconds, levels)
    cost[: len(worked)] = worked
    cost[len(worked) : len(worked) + len(bought)] = bought
    solved = linprog(
        cost,
        A_ub=capacity,
        b_ub=np.ones(capacity.shape[0]),
        A_eq=balance,
        b_eq=np.concatenate(equal_to),
        bounds=bounds,
        method="highs",
    )
    if solved.status != 0:
        raise BoundError(f"no least emissions: {solved.message}")
    return Grams(max(0.0, float(solved.fun) - float((problem.moved_before * moving[0]).sum())))


def _moving_grams(problem: BoundProblem) -> FloatArray:
    """Return the least grams (S, N, K) of the network per second of work that is executed in a step on a node."""
    grams, cluster = problem.grams_per_joule, problem.cluster
    both = (grams[:, cluster.bus][:, :, None] + grams[:, cluster.home][:, None, :]) / 2.0
    least: FloatArray = problem.moved_joules * np.minimum.accumulate(both, axis=0)
    return least


def _per_step(problem: BoundProblem, joules: float) -> tuple["coo_array", "coo_array"]:
    """Return the matrices of the inequalities (capacity) and the equalities (balance, batteries, tasks).

    Columns: x, import, charge, discharge, left over, stored, y. Work is in units of the step's length and energy in
    units of `joules`, so that all figures are near 1.
    """
    from scipy import sparse  # type: ignore[import-untyped] # noqa: PLC0415 - as above

    steps, buses = problem.generation.shape
    service, batteries = problem.cluster.service, problem.batteries
    nodes, classes, levels = service.shape
    watts = problem.cluster.extra_watts + problem.waking_watts[:, None]
    work_joules = service * watts[:, None, :] * (problem.seconds / joules)
    each_step, since = sparse.eye_array(steps), sparse.eye_array(steps) - sparse.eye_array(steps, k=-1)
    each_bus = sparse.eye_array(steps * buses)

    def by_node(values: FloatArray) -> "coo_array":
        return sparse.block_diag([row.reshape(1, -1) for row in values])

    def at_bus(values: FloatArray) -> "coo_array":
        return sparse.kron(each_step, sparse.diags_array(values))

    nodes_of = sparse.coo_array((np.ones(nodes), (problem.cluster.bus, np.arange(nodes))), shape=(buses, nodes))
    by_class = sparse.kron(np.ones((1, nodes)), sparse.kron(sparse.eye_array(classes), np.ones((1, levels))))
    executed = sparse.kron(each_step, nodes_of @ by_node(work_joules))
    balance = [-executed, each_bus, -each_bus, each_bus, -each_bus, None, None]
    charge, discharge = at_bus(-batteries.charge_efficiency), at_bus(1.0 / batteries.discharge_efficiency)
    storage = [None, None, charge, discharge, None, sparse.kron(since, sparse.eye_array(buses)), None]
    tasks = [-sparse.kron(each_step, by_class), *[None] * 5, sparse.kron(since, sparse.eye_array(classes))]
    rest = steps * (5 * buses + classes)
    capacity = sparse.hstack([sparse.kron(each_step, by_node(service)), sparse.coo_array((steps * nodes, rest))])
    return capacity, sparse.block_array([balance, storage, tasks])


def _bounds(problem: BoundProblem, joules: float) -> FloatArray:
    """Return the least and greatest value (V, 2) of each variable, in the order of the columns."""
    steps, buses = problem.generation.shape
    batteries, seconds = problem.batteries, problem.seconds
    open_to = np.where(problem.cluster.fits[:, :, None] & np.ones_like(problem.cluster.service, bool), np.inf, 0.0)
    least_stored = np.tile(batteries.minimum, (steps, 1))
    least_stored[-1] = np.minimum(problem.final_stored, batteries.capacity)
    least_done, most_done = problem.due.copy(), np.maximum(problem.arrived, problem.due)
    least_done[-1] = most_done[-1] = problem.done
    free = np.full(steps * buses, np.inf)
    highest = (
        np.tile(open_to.ravel(), steps),
        free,
        np.tile(batteries.charge_limit * seconds / joules, steps),
        np.tile(batteries.discharge_limit * seconds / joules, steps),
        free,
        np.tile(batteries.capacity / joules, steps),
        most_done.ravel() / seconds,
    )
    unbounded = np.zeros(steps * (problem.cluster.service.size + 4 * buses))
    lowest = (unbounded, least_stored.ravel() / joules, least_done.ravel() / seconds)
    return np.column_stack((np.concatenate(lowest), np.concatenate(highest)))
