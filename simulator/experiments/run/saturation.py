"""The capacity of a cluster: the greatest arrival rate that it sustains, by a search between two rates."""

import math
from collections.abc import Callable

from exporter.core.units import SECONDS_PER_HOUR
from simulator.assembly import parts
from simulator.assembly.inputs import cluster_of
from simulator.assembly.layout import layout_of
from simulator.experiments.plan.work import Saturation
from simulator.run.job import Job, RunResult

MISS_LIMIT = 0.01
"""Share of late and dropped tasks up to which a rate counts as sustained."""

TOLERANCE = 0.02
"""Relative width at which the search ends."""

_FIRST_SHARE = 0.5
"""Share of the capacity that is tried first. A choice: no cluster of `edge`, of 2 to 128 nodes, sustained as much, and
a run at a rate that is too high ends early."""

_LEAST_SHARE = 0.05
"""Part of the limit that counts where no task was late or dropped, so that the misses can be interpolated. A choice."""

_NEAREST_STEP = 0.9
"""Part of the tolerance by which a rate that is tried lies inside those that enclose the answer. A choice: below 1, so
that such a step ends the search if it finds the answer on its near side."""

_FIRST_STEP = 1.25
"""Factor between the first two rates; squared from step to step, so that a poor first guess costs little."""

_FEWEST_PER_HOUR = 1e-3
"""Least rate tried; a cluster that cannot sustain it is taken to sustain none."""


def find_saturation(search: Saturation, simulate: Callable[[Job], RunResult]) -> float:
    """Find the greatest sustained rate, in tasks per hour; 0 where none is sustained.

    From an estimate of the capacity, rates go up or down until one that is sustained and one that is not enclose the
    answer. Between them the next to try is where their misses would meet the limit on a straight line of logarithms, or
    the middle, where the last two did not halve the distance. It ends within the tolerance, at the sustained end.
    """
    misses: dict[float, float] = {}

    def is_sustained(rate_per_hour: float) -> bool:
        misses[rate_per_hour] = simulate(_job(search, rate_per_hour)).deadline_miss_ratio
        return misses[rate_per_hour] <= MISS_LIMIT

    low, high = _bracket(is_sustained, _FIRST_SHARE * capacity_per_hour(search))
    ratios = [math.inf, math.inf]
    while low > 0 and high / low > 1 + TOLERANCE:
        ratios.append(high / low)
        halved = ratios[-1] ** 2 <= ratios[-3]
        middle = _between(low, high, misses[low], misses[high]) if halved else math.sqrt(low * high)
        low, high = (middle, high) if is_sustained(middle) else (low, middle)
    return low


def _between(low: float, high: float, low_misses: float, high_misses: float) -> float:
    """Return the rate between two at which the limit is expected, but no nearer to either than the tolerance allows."""
    width = math.log(high / low)
    few = max(low_misses, _LEAST_SHARE * MISS_LIMIT)
    nearest = min(0.5, _NEAREST_STEP * math.log(1 + TOLERANCE) / width)
    place = math.log(MISS_LIMIT / few) / math.log(high_misses / few)
    return low * math.exp(width * min(max(place, nearest), 1.0 - nearest))


def capacity_per_hour(search: Saturation) -> float:
    """Return the rate that keeps every node busy, at its highest frequency and with the mean mix of tasks."""
    scenario = search.scenario
    profile = parts.profile_of(scenario) if search.method.compression else None
    layout = layout_of(scenario, search.seed, search.nodes)
    cluster = cluster_of(layout, scenario, compressed=profile)
    kinds = parts.classes_of(scenario)
    work = [float(kind.work) * kind.share * place.share for place in layout.places for kind in kinds]
    seconds_per_task = cluster.service[:, :, -1] @ work
    return float((SECONDS_PER_HOUR / seconds_per_task).sum())


def _bracket(is_sustained: Callable[[float], bool], start: float) -> tuple[float, float]:
    """Return a sustained rate and one above that is not; zero and the least rate tried where none is sustained."""
    rate, factor = start, _FIRST_STEP
    if is_sustained(rate):
        while is_sustained(rate * factor):
            rate, factor = rate * factor, factor**2
        return rate, rate * factor
    while rate > _FEWEST_PER_HOUR:
        if is_sustained(rate / factor):
            return rate / factor, rate
        rate, factor = rate / factor, factor**2
    return 0.0, rate


def _job(search: Saturation, rate_per_hour: float) -> Job:
    return Job(
        scenario=search.scenario,
        method=search.method,
        seed=search.seed,
        nodes=search.nodes,
        rate_per_hour=rate_per_hour,
        tasks=search.tasks,
        miss_limit=MISS_LIMIT,
    )
