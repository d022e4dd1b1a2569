"""The capacity of a cluster: the greatest arrival rate that it sustains, by bisection."""

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

_FIRST_STEP = 1.25
"""Factor between the first two rates; squared from step to step, so that a poor first guess costs little."""

_FEWEST_PER_HOUR = 1e-3
"""Least rate tried; a cluster that cannot sustain it is taken to sustain none."""


def find_saturation(search: Saturation, simulate: Callable[[Job], RunResult]) -> float:
    """Find the greatest sustained rate, in tasks per hour; 0 where none is sustained.

    From an estimate of the capacity, rates go up or down until one that is sustained and one that is not enclose the
    answer. The bisection between them is geometric and ends within the tolerance, at its sustained end.
    """

    def is_sustained(rate_per_hour: float) -> bool:
        return simulate(_job(search, rate_per_hour)).deadline_miss_ratio <= MISS_LIMIT

    low, high = _bracket(is_sustained, capacity_per_hour(search))
    while low > 0 and high / low > 1 + TOLERANCE:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if is_sustained(middle) else (low, middle)
    return low


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
