"""A cluster as a ledger registers it: the benchmark of its credits, and the limits of its devices, one for each bus."""

from math import ceil

import numpy as np

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR
from simulator.arrays import FloatArray
from simulator.assembly import inputs
from simulator.assembly.layout import Layout
from simulator.ledger.booking.ownership import MAX_MILLIWATTS
from simulator.ledger.record.types import Capacity
from simulator.run.job import MICROGRAMS_PER_GRAM
from simulator.run.plant import Plant
from simulator.scenario.schema import Scenario

HEADROOM = 2.0
"""Ratio of the power with which a device is registered to that of its parts. A registration bounds what a false meter
gains; a true one is never to be refused for a gust above the rating, or for the power that it takes to wake up."""

MILLI = 1000
"""Milliwatts of a watt, and millijoules of a joule."""

PARTS_PER_MILLION = 1_000_000
"""Definition of the unit of an efficiency."""


def benchmarks_of(scenario: Scenario, layout: Layout, plant: Plant, rate_per_hour: float | None) -> tuple[int, ...]:
    """Return the micrograms that a task on time is allowed to emit, by kind: the counterfactual of a credit.

    They are those of the same cluster without supply of its own and without any of this system's parts: its nodes at
    full frequency with models in FP32, in the mean of all nodes, and its idle power in equal parts for the tasks of an
    hour, all from the grid at its mean intensity on the first day. So all methods on a scenario have the same one.
    Without a rate, as with a trace, no idle power is counted.
    """
    cluster = inputs.cluster_of(layout, scenario, compressed=None)
    steps = (np.arange(HOURS_PER_DAY) * SECONDS_PER_HOUR / plant.step).astype(np.int64)
    intensity = float(np.mean([plant.grid.at(int(step)).grams_per_joule.mean() for step in steps]))
    idle = float(cluster.idle_watts.sum()) * SECONDS_PER_HOUR / rate_per_hour if rate_per_hour else 0.0
    watts = cluster.extra_watts[:, -1]
    kinds = range(len(scenario.workload.classes))
    joules = [idle + float(cluster.work[kind] * (cluster.service[:, kind, -1] * watts).mean()) for kind in kinds]
    return tuple(round(one * intensity * MICROGRAMS_PER_GRAM) for one in joules)


def capacity_of(layout: Layout, plant: Plant, bus: int, stored: FloatArray) -> Capacity:
    """Return with what a bus is registered, while batteries hold `stored` (B,) joules.

    What a battery holds is rounded up by up to two joules.
    """
    supply, cluster, batteries = layout.buses[bus].supply, plant.cluster, plant.batteries
    load = (cluster.idle_watts + cluster.extra_watts.max(axis=1))[cluster.bus == bus].sum()
    generation = supply.solar_peak_watts + supply.wind_rated_watts
    charge, discharge = batteries.charge_limit[bus], batteries.discharge_limit[bus]
    efficiency = batteries.charge_efficiency[bus] * batteries.discharge_efficiency[bus]
    return Capacity(
        generation=_milliwatts(generation),
        load=_milliwatts(load),
        grid=_milliwatts(max(load + charge, generation)),
        charge=_milliwatts(charge),
        discharge=_milliwatts(discharge),
        storage=_millijoules(batteries.capacity[bus]),
        stored=_millijoules(stored[bus]),
        # Rounded up, but not for what a product of floats has at its end.
        efficiency_ppm=ceil(round(float(efficiency) * PARTS_PER_MILLION, 3)),
    )


def _milliwatts(watts: float) -> int:
    return min(MAX_MILLIWATTS, ceil(watts * HEADROOM * MILLI))


def _millijoules(joules: float) -> int:
    return (ceil(joules) + 1) * MILLI if joules > 0.0 else 0
