"""The objects that a scenario's sections describe."""

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

from exporter.core.units import (
    SECONDS_PER_HOUR,
    Joules,
    Seconds,
    Watts,
)
from simulator.energy.battery import Battery
from simulator.energy.climate import CLIMATES, Climate
from simulator.energy.interface import Site
from simulator.energy.solar import SolarArray
from simulator.energy.supply import LocalSupply
from simulator.energy.weather_file import Recording, load_weather
from simulator.energy.wind import WindTurbine
from simulator.models.profile import CompressionProfile, load_profile
from simulator.scenario.devices import BYTES_PER_MEGABYTE
from simulator.scenario.published import AnyScenario
from simulator.scenario.schema import BatterySection, Scenario
from simulator.scenario.supply import SolarSection, WeatherSection, WindSection
from simulator.scenario.tasks import BYTES_PER_KILOBYTE, TaskClassSection
from simulator.scheduling.weights import TERMS, Weights
from simulator.workload.task import TaskClass

NORTH, SOUTH = 0.0, 180.0
"""Azimuths in degrees from the north by way of the east."""


def supply_of(
    solar: SolarSection | None, wind: WindSection | None, *, latitude: float, reference_height: float
) -> LocalSupply:
    """Return the supply of a bus; the weather's wind is that at the `reference_height` in metres."""
    turbine = None
    if wind is not None:
        turbine = WindTurbine(
            rotor_square_metres=wind.rotor_square_metres,
            rated_watts=wind.rated_watts,
            power_coefficient=wind.power_coefficient,
            hub_height_metres=wind.hub_height_metres,
            reference_height_metres=reference_height,
            cut_in=wind.cut_in_metres_per_second,
            rated=wind.rated_metres_per_second,
            cut_out=wind.cut_out_metres_per_second,
        )
    return LocalSupply(solar=None if solar is None else _panel(solar, latitude), wind=turbine)


def _panel(section: SolarSection, latitude: float) -> SolarArray:
    to_the_equator = SOUTH if latitude >= 0.0 else NORTH
    return SolarArray(
        area_square_metres=section.area_square_metres,
        efficiency=section.efficiency,
        tilt_degrees=section.tilt_degrees,
        azimuth_degrees=to_the_equator if section.azimuth_degrees is None else section.azimuth_degrees,
        system_losses_ratio=section.system_losses_ratio,
        incidence_coefficient=section.incidence_coefficient,
    )


def battery_of(section: BatterySection) -> Battery:
    """Return a battery."""
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


def climate_of(section: WeatherSection) -> Climate:
    """Return the named climate, with the figures that the section gives in place of the climate's."""
    clearness, wind = section.clearness, section.wind
    monthly = {
        "clearness_mean": clearness.mean,
        "clearness_deviation": clearness.deviation,
        "wind_mean": wind.mean_metres_per_second,
        "wind_shape": wind.weibull_shape,
        "wind_calm": wind.calm_share,
        "wind_swing": wind.daily_swing_ratio,
        "mean_celsius": section.mean_celsius,
        "swing_celsius": section.daily_swing_celsius,
    }
    given: dict[str, Any] = {key: (one,) if isinstance(one, float) else one for key, one in monthly.items()} | {
        "clearness_correlation": _seconds(clearness.correlation_hours),
        "wind_correlation": _seconds(wind.correlation_hours),
        "cloudy_wind": wind.cloud_correlation,
    }
    return replace(CLIMATES[section.climate], **{key: one for key, one in given.items() if one is not None})


def _seconds(hours: float | None) -> Seconds | None:
    return None if hours is None else Seconds(hours * SECONDS_PER_HOUR)


@functools.lru_cache(maxsize=8)
def recorded_weather(path: Path, site: Site) -> Recording:
    """Read a recording once for all runs of an experiment."""
    return load_weather(path, site)


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
        input_bytes=section.input_kilobytes * BYTES_PER_KILOBYTE,
        deferrable=section.deferrable,
    )


def configured_weights(scenario: Scenario) -> Weights:
    """Return the weights that the scenario gives to policies without weights of their own."""
    chosen = scenario.scheduler.weights
    return Weights(**{term: getattr(chosen, term) for term in TERMS})


def profile_of(scenario: AnyScenario) -> CompressionProfile:
    """Return the profile of compressed models that the scenario names, or the one that comes with the simulator.

    Raises ConfigError for a file that cannot be used.
    """
    named = scenario.models.profile if isinstance(scenario, Scenario) else None
    return load_profile(None if named is None else Path(named))
