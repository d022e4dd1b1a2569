"""The objects that a scenario's sections describe."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exporter.core.config import ConfigError
from exporter.core.units import (
    HOURS_PER_DAY,
    JOULES_PER_KWH,
    SECONDS_PER_HOUR,
    SECONDS_PER_MINUTE,
    Joules,
    Seconds,
    Watts,
)
from simulator.arrays import FloatArray
from simulator.energy.battery import Battery
from simulator.energy.grid import DailyGrid, Grid
from simulator.energy.interface import Site, Supply, WeatherError, WeatherSource
from simulator.energy.solar import SolarArray
from simulator.energy.supply import Hybrid, NoSupply
from simulator.energy.weather import Climate, SyntheticWeather
from simulator.energy.weather_file import load_weather
from simulator.energy.wind import WindTurbine
from simulator.hardware.device import DEVICES, Device
from simulator.hardware.dvfs import operating_points
from simulator.models.profile import CompressionProfile, load_profile
from simulator.scenario.published import AnyScenario
from simulator.scenario.schema import (
    BYTES_PER_MEGABYTE,
    MOST_PER_HOUR,
    BatterySection,
    NodeSection,
    Scenario,
    SiteSection,
    TaskClassSection,
)
from simulator.scheduling.interface import Cluster
from simulator.scheduling.weights import TERMS, Weights
from simulator.workload.arrivals import Arrivals, BurstyArrivals, DiurnalArrivals, PoissonArrivals
from simulator.workload.generated import GeneratedWorkload, Workload
from simulator.workload.task import TaskClass
from simulator.workload.trace import load_trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A device with its supply and battery. Surplus is exported where it `sells`, else curtailed."""

    name: str
    device: Device
    supply: Supply
    battery: Battery | None
    sells: bool


def nodes_of(scenario: Scenario, count: int | None = None) -> tuple[Node, ...]:
    """Return the scenario's nodes; with a `count`, the first so many, all repeated in turn where there are fewer.

    Raises ConfigError for a count below 1.
    """
    sections = scenario.nodes
    if count is None:
        count = len(sections)
    if count < 1:
        raise ConfigError([f"nodes: expected a number >= 1, got {count}"])
    return tuple(_node(sections[index % len(sections)], index // len(sections), scenario) for index in range(count))


def _node(section: NodeSection, copy: int, scenario: Scenario) -> Node:
    return Node(
        name=section.name if copy == 0 else f"{section.name}-{copy + 1}",
        device=DEVICES[section.device],
        supply=_supply(section, scenario.weather.wind.reference_height_metres),
        battery=None if section.battery is None else _battery(section.battery),
        sells=section.sells_surplus,
    )


def _supply(section: NodeSection, reference_height: float) -> Supply:
    solar = wind = None
    if section.solar is not None:
        solar = SolarArray(area_square_metres=section.solar.area_square_metres, efficiency=section.solar.efficiency)
    if section.wind is not None:
        wind = WindTurbine(
            rotor_square_metres=section.wind.rotor_square_metres,
            rated_watts=section.wind.rated_watts,
            power_coefficient=section.wind.power_coefficient,
            hub_height_metres=section.wind.hub_height_metres,
            reference_height_metres=reference_height,
            cut_in=section.wind.cut_in_metres_per_second,
            rated=section.wind.rated_metres_per_second,
            cut_out=section.wind.cut_out_metres_per_second,
        )
    if solar is not None and wind is not None:
        return Hybrid(solar, wind)
    return solar or wind or NoSupply()


def _battery(section: BatterySection) -> Battery:
    one_way = section.round_trip_efficiency**0.5
    return Battery(
        capacity=Joules(section.capacity_watt_hours * SECONDS_PER_HOUR),
        charge_limit=Watts(section.charge_watts),
        discharge_limit=Watts(section.discharge_watts),
        charge_efficiency=one_way,
        discharge_efficiency=one_way,
        minimum_ratio=section.minimum_charge,
        initial_ratio=section.initial_charge,
    )


def site_of(section: SiteSection) -> Site:
    """Return the place of the cluster."""
    return Site(
        latitude=section.latitude,
        longitude=section.longitude,
        altitude_metres=section.altitude_metres,
        utc_offset_hours=section.utc_offset_hours,
        first_day=section.first_day,
    )


def weather_of(scenario: Scenario, seed: int) -> WeatherSource:
    """Return synthetic weather from the seed, or the recording. Raises WeatherError."""
    site, section = site_of(scenario.site), scenario.weather
    if section.file is not None:
        return _recorded(Path(section.file), site)
    climate = Climate(
        clearness_mean=section.clearness.mean,
        clearness_deviation=section.clearness.deviation,
        clearness_correlation=Seconds(section.clearness.correlation_hours * SECONDS_PER_HOUR),
        wind_mean=section.wind.mean_metres_per_second,
        wind_shape=section.wind.weibull_shape,
        wind_correlation=Seconds(section.wind.correlation_hours * SECONDS_PER_HOUR),
        mean_celsius=section.mean_celsius,
        swing_celsius=section.daily_swing_celsius,
    )
    return SyntheticWeather(site=site, climate=climate, seed=seed)


@functools.lru_cache(maxsize=8)
def _recorded(path: Path, site: Site) -> WeatherSource:
    """Read a recording once for all runs of an experiment."""
    return load_weather(path, site)


def recording_mistakes(scenario: AnyScenario) -> Iterator[str]:
    """Read the recording of a scenario, and yield what its runs would lack of weather."""
    if not isinstance(scenario, Scenario) or scenario.weather.file is None:
        return
    run = scenario.run
    days = run.warm_up_days + run.days
    try:
        recording = weather_of(scenario, seed=0)
    except WeatherError as error:
        yield str(error)
        return
    try:
        recording.day(days - 1)
    except WeatherError as error:
        yield f"run.days: expected weather for {run.days} days after {run.warm_up_days} of warm-up: {error}"


def classes_of(scenario: Scenario) -> tuple[TaskClass, ...]:
    """Return the task classes, with shares that sum to 1."""
    sections = scenario.workload.classes
    total = sum(section.share for section in sections)
    return tuple(_task_class(section, section.share / total) for section in sections)


def _task_class(section: TaskClassSection, share: float) -> TaskClass:
    return TaskClass(
        name=section.name,
        model=section.model,
        work=Seconds(section.work_seconds),
        share=share,
        deadline=Seconds(section.deadline_seconds),
        priority=section.priority,
        memory_bytes=round(section.memory_megabytes * BYTES_PER_MEGABYTE),
        deferrable=section.deferrable,
    )


def workload_of(scenario: Scenario, seed: int, rate_per_hour: float | None = None) -> Workload:
    """Return the arriving tasks; `rate_per_hour` replaces the scenario's mean rate, unless a trace gives them.

    Raises ConfigError for a bad trace or rate.
    """
    section, classes = scenario.workload.arrivals, classes_of(scenario)
    if rate_per_hour is not None and not 0.0 <= rate_per_hour <= MOST_PER_HOUR:
        raise ConfigError([f"rate_per_hour: expected a number >= 0 and <= {MOST_PER_HOUR:,.0f}, got {rate_per_hour:g}"])
    if section.kind == "trace" and section.file is not None:
        return load_trace(Path(section.file), classes)
    rate = (section.rate_per_hour if rate_per_hour is None else rate_per_hour) / SECONDS_PER_HOUR
    arrivals: Arrivals = PoissonArrivals(rate)
    if section.kind == "diurnal":
        arrivals = DiurnalArrivals(rate, section.hourly_factors)
    if section.kind == "bursty":
        burst = Seconds(section.burst_minutes * SECONDS_PER_MINUTE)
        arrivals = BurstyArrivals(rate, section.burst_factor, burst, section.burst_share)
    return GeneratedWorkload(classes, arrivals, noise=scenario.workload.noise, seed=seed)


def cluster_of(nodes: Sequence[Node], scenario: Scenario, *, compressed: CompressionProfile | None) -> Cluster:
    """Return the scheduler's view of nodes and classes; without a profile models run in FP32."""
    classes = classes_of(scenario)
    points = [operating_points(node.device) for node in nodes]
    slowness = np.array([one.time_factor for one in points]) / np.array([[node.device.speed] for node in nodes])
    ratios = np.array([1.0 if compressed is None else _best_ratio(compressed, kind.model) for kind in classes])
    idle = np.array([float(node.device.idle_watts) for node in nodes])
    return Cluster(
        names=tuple(node.name for node in nodes),
        service=np.ascontiguousarray(slowness[:, None, :] * ratios[None, :, None]),
        extra_watts=np.array([one.active_watts for one in points]) - idle[:, None],
        idle_watts=idle,
        fits=np.array([[kind.memory_bytes <= node.device.memory_bytes for kind in classes] for node in nodes]),
        delay=np.zeros((len(nodes), len(classes))),
        moved_joules=np.zeros((len(nodes), len(classes))),
        work=np.array([float(kind.work) for kind in classes]),
        bus=np.arange(len(nodes), dtype=np.int32),
        site=np.zeros(len(nodes), dtype=np.int32),
        home=np.zeros(len(classes), dtype=np.int32),
        deadline=np.array([float(kind.deadline) for kind in classes]),
        priority=np.array([kind.priority for kind in classes]),
        longest_wait=Seconds(scenario.scheduler.longest_wait_seconds),
    )


def _best_ratio(profile: CompressionProfile, model: str) -> float:
    return profile.time_ratio(model, profile.best(model).precision)


def configured_weights(scenario: Scenario) -> Weights:
    """Return the weights that the scenario gives to policies without weights of their own."""
    chosen = scenario.scheduler.weights
    return Weights(**{term: getattr(chosen, term) for term in TERMS})


def frequencies_of(nodes: Sequence[Node]) -> FloatArray:
    """Return the frequencies (N, L) of the operating points in hertz."""
    return np.array([operating_points(node.device).frequency_hertz for node in nodes])


def grid_of(scenario: Scenario, buses: int, step: Seconds) -> Grid:
    """Return the grid, the same at every bus."""
    section = scenario.grid
    hourly = np.resize(np.array(section.intensity_grams_per_kwh), HOURS_PER_DAY) / JOULES_PER_KWH
    dollars = np.full(buses, section.dollars_per_kwh / JOULES_PER_KWH)
    return DailyGrid(np.repeat(hourly[:, np.newaxis], buses, axis=1), dollars, step)


def shipped_compression() -> CompressionProfile:
    """Return the measured profile that comes with the simulator."""
    return load_profile()
