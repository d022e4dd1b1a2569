"""The plan of fewest grams as a linear programme: what the greedy plan is measured by, and a policy of experiments.

Variables, for each hour h, bus b, node n, class k and operating point l: reference work x[h, n, k, l]; the shares
front[h, n] and batch[h, n]; rises[h, n] of the share awake; joules imported, charged, discharged and left over on the
bus, and what its battery holds in the end; the work done[h, k] since the start of classes that may wait. Least sum of

    grams_per_joule[h, b] x import[h, b] + moved_joules[n, k] x mean intensity of both ends x x[h, n, k, l]

subject to

    shares      front + batch <= 1, and over the nodes that fit a prompt class: sum of front >= 1 where it has work
    prompt      sum over n, l of x = prompt,   sum over k, l of service x x <= PROMPT_SHARE x front x seconds
    deferrable  done[h] = done[h - 1] + sum over n, l of x,   due <= done <= arrived,
                sum over k, l of service x x <= batch x seconds
    rises       rises[h] >= front[h] + batch[h] - front[h - 1] - batch[h - 1], of nodes that can sleep
    balance     generation + import + discharge = load + charge + left over, where the load is sleep for all of the
                time, and beyond that being awake, rises x the joules of falling asleep and waking, and execution
    batteries   stored[h] = stored[h - 1] + charge x efficiency - discharge / efficiency, within bounds and limits

A node that naps between two tasks is in front without being awake: its tasks take at most PROMPT_SHARE of the hour,
front is at least the share for which they keep it awake, and classes that it serves need nobody else. The joules of
these wakes are in no plan.

What is charged while there is a surplus comes from it; the rest of charge is asked of the grid.

Why its minimum is a lower bound of `expected_grams` of every plan that keeps the rules of `problem`: such a plan, and
its flows as the bus settles them, are themselves a solution that costs the same, but for transitions. The plan pays a
whole one where a node is awake for any share after an hour in which it was not awake throughout; the programme pays
the rise, which is never more. It may also hold energy back in a battery while the grid serves a load.

Work that no plan can do in time is left undone, at a price above that of doing it anywhere, so that there always is a
solution. HiGHS (Huangfu and Hall 2018) finds it, to a relative accuracy of about 1e-6.
"""

from dataclasses import dataclass, replace

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR, Grams
from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.scheduling.horizon.fronts import cover, demand_of
from simulator.scheduling.horizon.problem import Plan, Prospect, expected_load
from simulator.scheduling.horizon.programme import Programme

THRIFT = 1e-3
"""Share of the dearest intensity at which a thrifty plan counts joules that emit nothing, so that of plans with equal
grams it is the one that takes least: what is expected to be free may come at a price. A choice."""

LEAST_CHARGE = 1.0
"""Joules below which what a solution charges from the grid is taken for rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearPlan:
    """A solution: its plan, its `grams`, and the seconds of work that it leaves undone, or does after they are due."""

    plan: Plan
    grams: Grams
    undone: float


class LinearError(Exception):
    """A problem of which HiGHS finds no solution: its figures cannot be those of a prospect."""


def least_plan(prospect: Prospect, serves: BoolArray) -> LinearPlan:
    """Return the solution of fewest grams; `serves` (N, K): which nodes do work of a class that may not wait in time.

    Raises LinearError where HiGHS finds none.
    """
    return _solved(Programme(prospect, serves), thrift=0.0)


class Linear:
    """The planner that solves the programme: in each hour a node is in front for all of the time or not at all.

    It solves twice, the second time with whole nodes in front: those that are there the most in the first solution, in
    this order, until they will do, as they have to for the greedy planner. The plan takes no energy without need, and
    does work early where that costs nothing. It holds no battery back while the grid serves a load: that is worth much
    if all comes as expected, but it does not, and executed it costs more than it saves.
    """

    def plan(self, prospect: Prospect, prompt: BoolArray, levels: IntArray) -> Plan:
        """See `Solver.plan`. Raises LinearError where HiGHS finds no solution."""
        demand = demand_of(prospect, prompt)
        programme = Programme(prospect, demand.serves, levels)
        shares = _solved(programme, thrift=THRIFT).plan.front
        front = [cover(demand, rate, -share) for rate, share in zip(demand.rate, shares, strict=True)]
        programme.keep_in_front(np.array(front))
        plan = _solved(programme, thrift=THRIFT).plan
        return replace(plan, charge=np.where(plan.charge > LEAST_CHARGE, plan.charge, 0.0))


def _solved(programme: Programme, thrift: float) -> LinearPlan:
    from scipy.optimize import (  # type: ignore[import-untyped] # noqa: PLC0415 - slower than the CLI may start
        Bounds,
        LinearConstraint,
        milp,
    )

    grams, extra = programme.costs(thrift)
    found = milp(
        grams + extra,
        bounds=Bounds(programme.least, programme.most),
        constraints=LinearConstraint(programme.matrix, programme.at_least, programme.at_most),
    )
    if found.status != 0:
        raise LinearError(f"no plan: {found.message}")
    return LinearPlan(
        plan=_plan(programme, found.x),
        grams=Grams(float(grams @ found.x)),
        undone=float(sum(programme.part(found.x, group).sum() for group in ("undone", "late"))) * SECONDS_PER_HOUR,
    )


def _plan(programme: Programme, values: FloatArray) -> Plan:
    """Return the plan of a solution."""
    prospect, chosen = programme.prospect, programme.work
    work = np.zeros((len(prospect.seconds), *prospect.cluster.service.shape))
    work[:, chosen.node, chosen.task_class, chosen.level] = (
        programme.part(values, "work") * prospect.seconds[:, np.newaxis]
    )
    front, batch = (np.clip(programme.part(values, group), 0.0, 1.0) for group in ("front", "batch"))
    plan = Plan(front=front, batch=np.minimum(batch, 1.0 - front), work=work, charge=np.zeros_like(prospect.generation))
    return replace(plan, charge=_asked(programme, values, prospect.generation - expected_load(prospect, plan)))


def _asked(programme: Programme, values: FloatArray, net: FloatArray) -> FloatArray:
    """Return the joules (H, B) to ask of the grid, from the generation less the load (H, B).

    A battery that holds back more than half of what it could give to a deficit is held back for the whole hour.
    """
    prospect, batteries = programme.prospect, programme.prospect.batteries
    stored = programme.part(values, "stored") * programme.joules
    before = np.vstack((prospect.stored[np.newaxis], stored[:-1]))
    # Of a battery that is charged and discharged at once, which wastes what is free, only the difference is done.
    gained = stored - before
    efficiency = batteries.charge_efficiency
    charge = np.divide(gained, efficiency, out=np.zeros_like(gained), where=(gained > 0.0) & (efficiency > 0.0))
    limit = batteries.discharge_limit * prospect.seconds[:, np.newaxis]
    gives = np.minimum((before - batteries.minimum) * batteries.discharge_efficiency, limit)
    could = np.minimum(gives, -net)
    held = (could > LEAST_CHARGE) & (-gained * batteries.discharge_efficiency < could / 2.0)
    bought = charge - np.maximum(net, 0.0)
    return np.where(bought > LEAST_CHARGE, bought, np.where(held, LEAST_CHARGE, 0.0))
