"""The random part of a published run, drawn up front: the same tasks and weather for every method."""

import numpy as np

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR
from simulator.arrays import FloatArray
from simulator.scenario.published import PublishedNode, PublishedWorkload, SupplySection
from simulator.scheduling.kernels.published import CALLS, PublishedTasks
from simulator.streams import Stream, generator


def arrivals_of(workload: PublishedWorkload, seed: int) -> FloatArray:
    """Draw arrival times (M,) in seconds since midnight: a Poisson process."""
    gaps = generator(seed, Stream.WORKLOAD, 0).exponential(SECONDS_PER_HOUR / workload.rate_per_hour, workload.tasks)
    return np.cumsum(gaps)


def tasks_of(
    workload: PublishedWorkload, nodes: tuple[PublishedNode, ...], supply: SupplySection, seed: int
) -> PublishedTasks:
    """Draw the tasks, and the generation that they meet: each node has its own stream, whatever the number of nodes."""
    hours = arrivals_of(workload, seed) / SECONDS_PER_HOUR % HOURS_PER_DAY
    generation = np.stack([_generation(node, supply, hours, seed, key) for key, node in enumerate(nodes)], axis=1)
    spread = generator(seed, Stream.NOISE).uniform(1 - workload.noise, 1 + workload.noise, workload.tasks)
    return PublishedTasks(
        generation=generation,
        work_seconds=_base_seconds(workload, seed) * spread,
        priority=generator(seed, Stream.WORKLOAD, 2).uniform(
            workload.least_priority, workload.greatest_priority, workload.tasks
        ),
    )


def _base_seconds(workload: PublishedWorkload, seed: int) -> FloatArray:
    """Draw execution times (M,) at full frequency in FP32: first the kind is drawn, then a model within it."""
    drawn = generator(seed, Stream.WORKLOAD, 1).random((workload.tasks, 2))
    edges = np.cumsum([kind.share for kind in workload.kinds])
    kinds = np.searchsorted(edges / edges[-1], drawn[:, 0], side="right")
    seconds = {model.name: model.base_seconds for model in workload.models}
    result = np.empty(workload.tasks)
    for index, kind in enumerate(workload.kinds):
        options = np.array([seconds[name] for name in kind.models])
        mine = kinds == index
        result[mine] = options[(drawn[mine, 1] * len(options)).astype(np.intp)]
    return result


def _generation(node: PublishedNode, supply: SupplySection, hours: FloatArray, seed: int, key: int) -> FloatArray:
    """Draw watts (M, 3) of a node at these hours of the day, anew for each call."""
    if node.supply == "grid":
        return np.zeros((len(hours), CALLS))
    normal = generator(seed, Stream.WEATHER, key).standard_normal((len(hours), CALLS))
    noise = supply.wind if node.supply == "wind" else supply.solar
    factor = np.clip(1 + noise.deviation * normal, noise.least, noise.greatest)
    if node.supply == "wind":
        return node.capacity_watts * supply.wind.capacity_factor * factor
    day = (hours - supply.solar.sunrise_hour) / (supply.solar.sunset_hour - supply.solar.sunrise_hour)
    profile = np.where((day >= 0) & (day < 1), np.sin(np.pi * day), 0.0)
    result: FloatArray = node.capacity_watts * profile[:, None] * factor
    return result
