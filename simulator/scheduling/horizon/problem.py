"""The problem of a plan: what is expected of the hours to come, a plan, and its grams.

A plan gives each node two shares of each hour: `front`, in which it is awake for tasks that may not wait, and `batch`,
in which it is awake for those that may. For the rest of the hour it sleeps, where it can, and stands idle where it
cannot. A plan that can be kept has, in each hour, for each node n and class k:

    front + batch <= 1
    prompt      the work of classes that may not wait is done in the hour in which it is expected, and takes at most
                the share PROMPT_SHARE of the time for which a node is in front
    deferrable  the other work takes at most the time of the batch share, so that no long task stands before an urgent
                one; by the end of each hour no more is done of it than has arrived, and no less than is due

    sum over n, l of work = prompt,   sum over k, l of service x work <= PROMPT_SHARE x front x seconds
    due <= sum over the hours up to now, n, l of work <= arrived,   sum of service x work <= batch x seconds

Energy is settled hour by hour, as the bus of a run does it step by step: see `simulator.energy.bus`.
"""

from dataclasses import dataclass

import numpy as np

from exporter.core.units import Grams, Seconds
from simulator.arrays import BoolArray, FloatArray
from simulator.energy.battery import Batteries
from simulator.energy.bus import (
    ASKED,
    BUS_GENERATION,
    BUS_LOAD,
    QUANTITIES,
    SINKS,
    SOURCES,
    STORED,
    rows_of,
    settle_buses,
)
from simulator.scheduling.interface import Cluster

HOURS = 24
"""Hours of a plan: one day, the period of the sun and of most grids, and as far as forecasters are asked. A choice."""

PROMPT_SHARE = 0.3
"""Share of the time of nodes in front that work which may not wait takes at most, so that bursts find room. The same
choice as `awake_utilization` of the scheduler's section, whose default this is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The power that N nodes take beside their tasks. Of a node that cannot sleep, or may not, `able` is false.

    `asleep_watts`, and the joules `cycle_joules` (N,) of falling asleep and waking again beyond those of sleep for as
    long; zeros where a node cannot sleep. `awake` (N,): whether it is awake or waking when the plan begins. Without
    work a node stays awake for `tail_seconds` before it sleeps, in the mean: a run lets nodes sleep at its steps alone.
    `nap_seconds` (N,) are those for which a node that has fallen asleep cannot be woken yet, if it wakes in time for
    tasks that may not wait and so may sleep between two of them in front; infinite for others, None where all are.
    """

    able: BoolArray
    asleep_watts: FloatArray
    cycle_joules: FloatArray
    awake: BoolArray
    tail_seconds: float = 0.0
    nap_seconds: FloatArray | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """The expectation of H hours, of which the first is the present one, with what is left of it.

    `seconds` (H,) of each. By bus: `generation` (H, B) in joules, `grams_per_joule` (H, B) of the grid, and `stored`
    (B,), the joules that batteries hold now. In seconds of reference work by class: `prompt` (H, K) of those that may
    not wait, which arrives in each hour, and of those that may, `arrived` (H, K), what can have begun by the end of
    each hour, and `due` (H, K), what has to be done by then; both count from now on, what is held now included.
    """

    cluster: Cluster
    batteries: Batteries
    standing: Standing
    seconds: FloatArray
    generation: FloatArray
    grams_per_joule: FloatArray
    stored: FloatArray
    prompt: FloatArray
    arrived: FloatArray
    due: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The work of nodes and batteries in H hours: shares `front` and `batch` (H, N), seconds of reference work `work`
    (H, N, K, L) at each operating point, and `charge` (H, B), the joules that batteries take from the grid at most."""

    front: FloatArray
    batch: FloatArray
    work: FloatArray
    charge: FloatArray


def standing_joules(prospect: Prospect, plan: Plan) -> FloatArray:
    """Return the joules (H, N) that nodes take beside their tasks, transitions included.

    A node that is awake for a part of an hour wakes once in it, unless it was awake for all of the hour before.
    """
    standing, cluster = prospect.standing, prospect.cluster
    awake = np.where(standing.able, plan.front + plan.batch, 1.0)
    before = np.vstack((standing.awake[np.newaxis].astype(np.float64), awake[:-1]))
    wakes = (awake > 0.0) & (before < 1.0) & standing.able
    asleep = np.where(standing.able, standing.asleep_watts, cluster.idle_watts)
    watts = asleep + (cluster.idle_watts - asleep) * awake
    joules: FloatArray = watts * prospect.seconds[:, np.newaxis] + wakes * standing.cycle_joules
    return joules


def moved_joules(cluster: Cluster) -> FloatArray:
    """Return the joules (N, K) of the network for the input of a second of reference work."""
    return cluster.moved_joules / cluster.work


def expected_load(prospect: Prospect, plan: Plan) -> FloatArray:
    """Return the joules (H, B) that the nodes of each bus take."""
    cluster = prospect.cluster
    tasks = np.einsum("hnkl,nkl,nl->hn", plan.work, cluster.service, cluster.extra_watts)
    load = np.zeros_like(prospect.generation)
    for bus, joules in zip(cluster.bus, (standing_joules(prospect, plan) + tasks).T, strict=True):
        load[:, bus] += joules
    return load


def expected_grams(prospect: Prospect, plan: Plan) -> Grams:
    """Return the grams of a plan if all comes as expected: those of the grid's energy, that of the network included.

    What batteries hold in the end is worth nothing.
    """
    cluster, grams = prospect.cluster, prospect.grams_per_joule
    both = (grams[:, cluster.bus][:, :, np.newaxis] + grams[:, cluster.home][:, np.newaxis, :]) / 2.0
    moving = float((plan.work.sum(axis=3) * moved_joules(cluster) * both).sum())
    return Grams(moving + float((expected_import(prospect, expected_load(prospect, plan), plan.charge) * grams).sum()))


def expected_import(prospect: Prospect, load: FloatArray, charge: FloatArray) -> FloatArray:
    """Return the joules (H, B) that are bought for a load (H, B), with batteries that are asked for a charge (H, B)."""
    hours, count = load.shape
    sells, flows = np.zeros(count, np.bool_), np.zeros((count, len(SOURCES), len(SINKS)))
    summary, buses = np.zeros((count, len(QUANTITIES))), np.zeros((5, count))
    bought = np.zeros_like(load)
    buses[STORED] = prospect.stored
    for hour in range(hours):
        buses[[ASKED, BUS_LOAD, BUS_GENERATION]] = charge[hour], load[hour], prospect.generation[hour]
        settle_buses(buses, rows_of(prospect.batteries, Seconds(prospect.seconds[hour])), sells, flows, summary)
        bought[hour] = summary[:, QUANTITIES.index("grid_import")]
    return bought
