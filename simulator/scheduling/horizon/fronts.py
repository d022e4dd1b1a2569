"""The choice of the nodes that stay awake for tasks which may not wait: in front, hour by hour.

A set of nodes will do for an hour if each class fits on one of them, if none of them is busy for more than PROMPT_SHARE
of its time, and if the tasks that would end late are expected to be no more than PROMPT_MISSES. Arrivals are taken to
be those of a Poisson process. With the load r of a node, and the mean residual m of the service times on it, a task
finds a wait longer than t with the probability r exp(-t / m), as in a queue in heavy traffic (Kingman 1962; Kleinrock
1976), and on several nodes with the product of their probabilities, as it takes the shortest queue.

Of the sets that will do, the course of hours with the least grams is chosen: of being awake, of the tasks, of the
network, and of the wakes from one hour's set to the next one's.
"""

from dataclasses import dataclass

import numpy as np

from simulator.arrays import BoolArray, CountArray, FloatArray
from simulator.scheduling.horizon.problem import PROMPT_SHARE, Prospect, moved_joules

PROMPT_MISSES = 0.001
"""Share of the tasks that may not wait which may be expected to end late: a tenth of the loss of service that the
comparison of policies admits as none. A choice."""

SPARE_TIME = 0.2
"""Share of a deadline that a node in front leaves free when it is idle: work varies about its mean. A choice."""

MOST_SETS = 24
"""Sets of nodes that are compared at most. A choice, for the sake of time."""

LEAST_AWAKE = 1e-3
"""Least share of an hour for which a node in front counts as awake, so that a plan shows that it is in front."""

UNFIT = 1e9
"""Factor on the grams of a set that will not do: such a set is the last choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """The tasks that may not wait: `rate` (H, K) per second, and where each class ends in time, `serves` (N, K).

    `seconds` (N, K) of the mean task, and `slack` (N, K), the wait after which it still ends in time.
    """

    rate: FloatArray
    prompt: BoolArray
    serves: BoolArray
    seconds: FloatArray
    slack: FloatArray


def demand_of(prospect: Prospect, prompt: BoolArray) -> Demand:
    """Return the demand of the classes that may not wait, `prompt` (K,)."""
    cluster = prospect.cluster
    seconds = cluster.service[:, :, -1] * cluster.work
    slack = cluster.deadline - cluster.delay - seconds
    good = cluster.fits & (slack >= SPARE_TIME * cluster.deadline)
    # Where a class ends in time on no node, any that fits has to do.
    serves = np.where(good.any(axis=0), good, cluster.fits) & prompt
    rate = np.where(prompt, prospect.prompt / cluster.work / prospect.seconds[:, np.newaxis], 0.0)
    return Demand(rate=rate, prompt=prompt, serves=serves, seconds=seconds, slack=np.maximum(slack, 0.0))


def shares_of(demand: Demand, chosen: BoolArray) -> FloatArray:
    """Return the share (..., N, K) of each class's tasks that each node of some sets (..., N) gets, by its speed."""
    speed = np.where(demand.serves, 1.0 / demand.seconds, 0.0) * chosen[..., np.newaxis]
    whole = speed.sum(axis=-2, keepdims=True)
    shares: FloatArray = np.divide(speed, whole, out=np.zeros_like(speed), where=whole > 0.0)
    return shares


def will_do(demand: Demand, rate: FloatArray, chosen: BoolArray) -> BoolArray:
    """Return whether sets (..., N) will do for a `rate` (..., K) of each class."""
    own = shares_of(demand, chosen) * rate[..., np.newaxis, :]
    busy = (own * demand.seconds).sum(axis=-1)
    squares = (own * demand.seconds**2).sum(axis=-1)
    residual = np.divide(
        squares, 2.0 * busy * (1.0 - np.minimum(busy, 0.99)), out=np.full_like(busy, 1e-9), where=busy > 0
    )
    late = busy[..., np.newaxis] * np.exp(-demand.slack / np.maximum(residual, 1e-9)[..., np.newaxis])
    open_to = demand.serves & chosen[..., np.newaxis]
    late = np.where(open_to, np.minimum(late, 1.0), 1.0).prod(axis=-2)
    covered = (open_to.any(axis=-2) | ~(demand.prompt & demand.serves.any(axis=0))).all(axis=-1)
    misses = (late * rate).sum(axis=-1)
    fine: BoolArray = (
        covered & (busy.max(axis=-1, initial=0.0) <= PROMPT_SHARE) & (misses <= PROMPT_MISSES * rate.sum(axis=-1))
    )
    return fine


def cover(demand: Demand, rate: FloatArray, price: FloatArray) -> BoolArray:
    """Return a set (N,) that will do for a rate, of the nodes with the least `price` (N,); all where none will."""
    chosen = np.zeros(len(price), np.bool_)
    by_price = np.argsort(price, kind="stable")
    needed = demand.prompt & demand.serves.any(axis=0)
    while not will_do(demand, rate, chosen):
        open_classes = needed & ~(demand.serves & chosen[:, np.newaxis]).any(axis=0)
        wanted = open_classes if open_classes.any() else needed
        more = [node for node in by_price if not chosen[node] and (demand.serves[node] & wanted).any()]
        if not more:
            return np.ones(len(price), np.bool_)
        chosen[more[0]] = True
    for node in by_price[::-1]:
        if chosen[node]:
            chosen[node] = False
            chosen[node] = not will_do(demand, rate, chosen)
    return chosen


def awake_shares(prospect: Prospect, demand: Demand, chosen: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return the share (H, N) of each hour for which nodes of a set are awake, and their joules of wakes (H, N).

    A node that naps falls asleep at the end of an interval, of twice the mean time that it stays awake without work,
    and is woken by the first task that comes: with arrivals at random at a rate r that is once in an interval of T
    seconds with the probability 1 - exp(-r T), and it sleeps for the share (1 - exp(-r T)) / (r T) of the time. A task
    that comes when it cannot be woken yet wakes another node, which is taken to be like it.
    """
    standing = prospect.standing
    hours, nodes = len(prospect.seconds), len(chosen)
    shares, joules = np.tile(chosen.astype(np.float64), (hours, 1)), np.zeros((hours, nodes))
    if standing.nap_seconds is None or standing.tail_seconds <= 0.0:
        return shares, joules
    interval = 2.0 * standing.tail_seconds
    rate = np.einsum("hk,nk->hn", demand.rate, shares_of(demand, chosen))
    due = rate * interval
    woken = -np.expm1(-due)
    asleep = np.divide(woken, due, out=np.ones_like(due), where=due > 0.0)
    waking = prospect.cluster.idle_watts - standing.asleep_watts
    may_nap = np.isfinite(standing.nap_seconds)
    too_soon = -np.expm1(-rate * np.where(may_nap, standing.nap_seconds, 0.0))
    each = standing.cycle_joules + too_soon * (standing.cycle_joules + waking * standing.tail_seconds)
    cycles = woken / interval * prospect.seconds[:, np.newaxis] * each
    saved = asleep * prospect.seconds[:, np.newaxis] * waking
    naps = chosen & may_nap & (cycles < saved)
    return np.where(naps, np.maximum(1.0 - asleep, LEAST_AWAKE), shares), np.where(naps, cycles, joules)


def choose_fronts(prospect: Prospect, prompt: BoolArray, prices: FloatArray) -> BoolArray:
    """Return the nodes in front in each hour (H, N), at `prices` (H, B) in grams per joule of each bus."""
    demand = demand_of(prospect, prompt)
    if not demand.serves.any():
        return np.zeros((len(prices), len(prospect.cluster.names)), np.bool_)
    standing, cluster = prospect.standing, prospect.cluster
    awake = np.where(standing.able, cluster.idle_watts - standing.asleep_watts, 0.0)
    by_node = prices[:, cluster.bus]
    sets = _sets(demand, awake, by_node)
    costs = np.array([_costs(prospect, demand, awake, by_node, chosen) for chosen in sets]).T
    fits = will_do(demand, demand.rate[:, np.newaxis], sets)
    costs = np.where(fits, costs, costs + UNFIT * (costs + prices.max() + 1.0))
    wakes = standing.cycle_joules * by_node
    best = _cheapest_course(sets, costs, wakes, standing.awake)
    return sets[best]


def _sets(demand: Demand, awake: FloatArray, by_node: FloatArray) -> BoolArray:
    """Return sets of nodes (C, N) to choose from: single nodes, and covers for the prices of some hours."""
    nodes = len(awake)
    price = (awake + 1e-6) * by_node.mean(axis=0)
    singles = np.eye(nodes, dtype=np.bool_)[np.argsort(price, kind="stable")[:MOST_SETS]]
    peak = demand.rate.max(axis=0)
    covers = [cover(demand, demand.rate[0], (awake + 1e-6) * by_node[0])]
    covers += [cover(demand, demand.rate[0], price), cover(demand, peak, price)]
    return np.unique(np.vstack((singles, covers)), axis=0)


def _costs(prospect: Prospect, demand: Demand, awake: FloatArray, by_node: FloatArray, chosen: BoolArray) -> FloatArray:
    """Return the grams (H,) of a set in each hour: awake, working, and fetching what arrives elsewhere."""
    cluster = prospect.cluster
    shares = shares_of(demand, chosen)
    share, cycles = awake_shares(prospect, demand, chosen)
    standing = (by_node * (share * awake * prospect.seconds[:, np.newaxis] + cycles)).sum(axis=1)
    joules = shares * cluster.service[:, :, -1] * cluster.extra_watts[:, -1:]
    working = np.einsum("hk,nk,hn->h", prospect.prompt, joules, by_node)
    moving = np.einsum("hk,nk,hnk->h", prospect.prompt, shares * moved_joules(cluster), both_ends(prospect))
    grams: FloatArray = standing + working + moving
    return grams


def both_ends(prospect: Prospect) -> FloatArray:
    """Return the grams per joule (H, N, K) of the network: the mean of the grids at a node and at a class's home."""
    grams, cluster = prospect.grams_per_joule, prospect.cluster
    both: FloatArray = (grams[:, cluster.bus][:, :, np.newaxis] + grams[:, cluster.home][:, np.newaxis, :]) / 2.0
    return both


def _cheapest_course(sets: BoolArray, costs: FloatArray, wakes: FloatArray, awake: BoolArray) -> CountArray:
    """Return the course (H,) through the sets with the least grams, wakes included, from the nodes that are `awake`."""
    hours, count = costs.shape
    to_go = np.zeros(count)
    following = np.zeros((hours, count), np.int64)
    for hour in range(hours - 1, 0, -1):
        whole = _switching(sets, wakes[hour], sets) + (costs[hour] + to_go)
        following[hour] = whole.argmin(axis=1)
        to_go = whole.min(axis=1)
    first = _switching(awake[np.newaxis], wakes[0], sets)[0] + costs[0] + to_go
    course = [int(first.argmin())]
    for hour in range(1, hours):
        course.append(int(following[hour][course[-1]]))
    return np.array(course)


def _switching(before: BoolArray, wakes: FloatArray, after: BoolArray) -> FloatArray:
    """Return the grams (., C) of the wakes from some sets to others."""
    joules: FloatArray = ((~before)[:, np.newaxis, :] & after[np.newaxis]) * wakes
    switching: FloatArray = joules.sum(axis=2)
    return switching
