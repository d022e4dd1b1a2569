"""The parts of a run as arrays: the scheduler's view of a layout, its frequencies, and its grid."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from exporter.core.config import ConfigError
from exporter.core.units import (
    GRAMS_PER_KILOGRAM,
    HOURS_PER_DAY,
    JOULES_PER_KWH,
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
    SECONDS_PER_MINUTE,
    Seconds,
    Watts,
)
from simulator.arrays import FloatArray, IntArray
from simulator.assembly.layout import Bus, Layout, Node
from simulator.assembly.parts import classes_of
from simulator.energy.clear_sky import DAYS_PER_YEAR
from simulator.energy.life_cycle import LifeCycle
from simulator.energy.network import joules_per_byte
from simulator.hardware.device import Device
from simulator.hardware.dvfs import operating_points
from simulator.hardware.sleep import Sleep, break_even_seconds
from simulator.models.profile import CompressionProfile
from simulator.scenario.schema import Scenario
from simulator.scenario.supply import LifeCycleSection
from simulator.scenario.tasks import MOST_PER_HOUR, ArrivalsSection
from simulator.scheduling.interface import Cluster
from simulator.scheduling.sleeping import SleepTable
from simulator.workload.arrivals import Arrivals, BurstyArrivals, DiurnalArrivals, PoissonArrivals
from simulator.workload.generated import GeneratedWorkload, Workload
from simulator.workload.origins import SpreadWorkload, hourly_shares
from simulator.workload.task import TaskClass
from simulator.workload.trace import load_trace

BYTES_PER_MEGABIT = 125_000.0
"""Bytes in a megabit: 10^6 bits of a network's rate, eight to a byte."""


def cluster_of(layout: Layout, scenario: Scenario, *, compressed: CompressionProfile | None) -> Cluster:
    """Return the scheduler's view of nodes and classes; without a profile all models run in FP32.

    With several sites there is a class for each kind of task at each site, those of the first site first.
    """
    nodes, places = layout.nodes, layout.places
    kinds = classes_of(scenario)
    classes = kinds * len(places)
    points = [operating_points(node.device) for node in nodes]
    speeds = np.array([[node.device.speed_of(kind.model) for kind in classes] for node in nodes])
    slowness = np.array([one.time_factor for one in points])[:, None, :] / speeds[:, :, None]
    ratios = (
        np.ones_like(speeds) if compressed is None else np.tile(time_ratios(layout, scenario, compressed), len(places))
    )
    idle = np.array([float(node.device.idle_watts) for node in nodes])
    bus = np.array([node.bus for node in nodes], dtype=np.int32)
    site_of_bus = np.array([one.place for one in layout.buses], dtype=np.int32)
    origin = np.repeat(np.arange(len(places), dtype=np.int32), len(kinds))
    away = site_of_bus[bus][:, np.newaxis] != origin
    input_bytes = np.array([kind.input_bytes for kind in classes])
    network = scenario.network
    seconds = network.latency_seconds + input_bytes / (network.megabits_per_second * BYTES_PER_MEGABIT)
    return Cluster(
        names=tuple(node.name for node in nodes),
        service=np.ascontiguousarray(slowness * ratios[:, :, None]),
        extra_watts=np.array([one.active_watts for one in points]) - idle[:, None],
        idle_watts=idle,
        fits=np.array([[kind.memory_bytes <= node.device.memory_bytes for kind in classes] for node in nodes]),
        memory_share=np.array([[kind.memory_bytes / node.device.memory_bytes for kind in classes] for node in nodes]),
        delay=np.where(away, seconds, 0.0),
        moved_joules=np.where(away, input_bytes * joules_per_byte(network.energy), 0.0),
        input_bytes=input_bytes,
        work=np.array([float(kind.work) for kind in classes]),
        bus=bus,
        site_of_bus=site_of_bus,
        home=_first_bus(layout)[origin],
        deadline=np.array([float(kind.deadline) for kind in classes]),
        priority=np.array([kind.priority for kind in classes]),
        longest_wait=Seconds(scenario.scheduler.longest_wait_seconds),
    )


def time_ratios(layout: Layout, scenario: Scenario, compressed: CompressionProfile) -> FloatArray:
    """Return the times (N, K) of compressed models over those in FP32, by node and kind of task."""
    kinds = classes_of(scenario)
    return np.array([[_time_ratio(node.device, kind, scenario, compressed) for kind in kinds] for node in layout.nodes])


def _time_ratio(device: Device, kind: TaskClass, scenario: Scenario, profile: CompressionProfile) -> float:
    """Return the time of a compressed model over that in FP32: 1 where nobody has measured it on the device."""
    if device.name in scenario.models.profiled:
        return profile.best_time_ratio(kind.model)
    return device.compression.get(kind.model, 1.0)


def _first_bus(layout: Layout) -> IntArray:
    """Return the first bus (S,) of each site."""
    places = [bus.place for bus in layout.buses]
    return np.array([places.index(one) for one in range(len(layout.places))], dtype=np.int32)


def frequencies_of(nodes: Sequence[Node]) -> FloatArray:
    """Return the frequencies (N, L) of the operating points in hertz."""
    return np.array([operating_points(node.device).frequency_hertz for node in nodes])


def sleep_table(nodes: Sequence[Node]) -> SleepTable:
    """Return the sleep of the nodes."""
    states = [node.device.sleep for node in nodes]

    def column(read: Callable[[Sleep], float]) -> FloatArray:
        return np.array([0.0 if state is None else read(state) for state in states])

    return SleepTable(
        able=np.array([state is not None for state in states]),
        watts=column(lambda state: state.watts),
        enter_seconds=column(lambda state: state.enter_seconds),
        enter_joules=column(lambda state: state.enter_joules),
        wake_seconds=column(lambda state: state.wake_seconds),
        wake_joules=column(lambda state: state.wake_joules),
        dwell_seconds=column(lambda state: state.minimum_dwell_seconds),
        break_even_seconds=np.array(
            [
                np.inf
                if node.device.sleep is None
                else break_even_seconds(Watts(node.device.idle_watts), node.device.sleep)
                for node in nodes
            ]
        ),
    )


def workload_of(scenario: Scenario, layout: Layout, seed: int, rate_per_hour: float | None = None) -> Workload:
    """Return the arriving tasks; `rate_per_hour` replaces the scenario's mean rate, unless a trace gives them.

    Raises ConfigError for a bad trace or rate.
    """
    section, classes = scenario.workload.arrivals, classes_of(scenario)
    if rate_per_hour is not None and not 0.0 <= rate_per_hour <= MOST_PER_HOUR:
        raise ConfigError([f"rate_per_hour: expected a number >= 0 and <= {MOST_PER_HOUR:,.0f}, got {rate_per_hour:g}"])
    if section.kind == "trace" and section.file is not None:
        return spread(load_trace(Path(section.file), classes), scenario, layout, seed)
    rate = (section.rate_per_hour if rate_per_hour is None else rate_per_hour) / SECONDS_PER_HOUR
    arrivals: Arrivals = PoissonArrivals(rate)
    if section.kind == "diurnal":
        arrivals = DiurnalArrivals(rate, _rates(section, layout).sum(axis=1).tolist())
    if section.kind == "bursty":
        burst = Seconds(section.burst_minutes * SECONDS_PER_MINUTE)
        arrivals = BurstyArrivals(rate, section.burst_factor, burst, section.burst_share)
    generated = GeneratedWorkload(classes, arrivals, noise=scenario.workload.noise, seed=seed)
    return spread(generated, scenario, layout, seed)


def spread(workload: Workload, scenario: Scenario, layout: Layout, seed: int) -> Workload:
    """Return the workload with its tasks spread over the sites, where there are several."""
    if len(layout.places) == 1:
        return workload
    rates = _rates(scenario.workload.arrivals, layout)
    total = rates.sum(axis=1, keepdims=True)
    # In an hour without arrivals nobody asks.
    shares = np.divide(rates, total, out=np.full_like(rates, 1.0 / len(layout.places)), where=total > 0.0)
    return SpreadWorkload(workload, shares, len(scenario.workload.classes), seed)


def _rates(section: ArrivalsSection, layout: Layout) -> FloatArray:
    """Return relative rates (24, S) of arrivals by hour of the simulated day and by site."""
    factors = section.hourly_factors or (1.0,) * HOURS_PER_DAY
    places = layout.places
    if len(places) == 1:
        return np.array(factors)[:, np.newaxis]
    return hourly_shares([place.share for place in places], [place.lead for place in places], factors)


def life_cycle_of(section: LifeCycleSection, buses: Sequence[Bus], *, batteries: bool) -> LifeCycle:
    """Return the life-cycle emissions of buses; without `batteries` theirs do not count."""
    by_energy = section.attribution == "generated"
    # Kilograms per kilowatt are grams per watt.
    solar, wind = section.solar_kilograms_per_kilowatt, section.wind_kilograms_per_kilowatt
    standing = np.zeros(len(buses))
    for index, bus in enumerate(buses):
        if not by_energy:
            standing[index] += _per_second(bus.supply.solar_peak_watts * solar, section.solar_years)
            standing[index] += _per_second(bus.supply.wind_rated_watts * wind, section.wind_years)
        if batteries and bus.battery is not None:
            kilograms = bus.battery.capacity / JOULES_PER_KWH * section.battery_kilograms_per_kwh
            standing[index] += _per_second(kilograms * GRAMS_PER_KILOGRAM, section.battery_years)
    return LifeCycle(
        solar_grams_per_joule=section.solar_grams_per_kwh / JOULES_PER_KWH if by_energy else 0.0,
        wind_grams_per_joule=section.wind_grams_per_kwh / JOULES_PER_KWH if by_energy else 0.0,
        standing_grams_per_second=standing,
    )


def _per_second(grams: float, years: float) -> float:
    """Return grams that are spread over years by the second."""
    return float(grams / (years * DAYS_PER_YEAR * SECONDS_PER_DAY))
