"""Variations of a scenario: one parameter times a factor, and nothing else."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from simulator.hardware.device import Device
from simulator.scenario.devices import (
    BYTES_PER_MEGABYTE,
    HERTZ_PER_GIGAHERTZ,
    DeviceSection,
    SleepSection,
    Speeds,
    TimeRatios,
    devices_of,
)
from simulator.scenario.load import check_scenario
from simulator.scenario.schema import BatterySection, GridSection, NodeSection, PlaceSection, Scenario
from simulator.scenario.supply import SolarSection, WindSection

VARIED = "-varied"
"""End of the name of a scenario's own device that stands for a shipped one with other figures."""


def vary(scenario: Scenario, parameter: str, factor: float) -> Scenario:
    """Return the scenario with a parameter times a factor above 0, checked as one from a file is.

    With the factor 1, or where it has nothing to vary, it is the same scenario. Raises ConfigError where no scenario
    can have the value.
    """
    if factor == 1.0:
        return scenario
    varied = VARIATIONS[parameter](scenario, factor)
    check_scenario(varied, f"{scenario.name}: {parameter} x {factor:g}")
    return varied


def _idle(scenario: Scenario, factor: float) -> Scenario:
    """Multiply the power awake without work, and asleep; what work adds, and the joules of transitions, stay."""

    def changed(section: DeviceSection) -> DeviceSection:
        idle, sleep = section.idle_watts * factor, section.sleep
        if sleep is not None:
            sleep = msgspec.structs.replace(sleep, watts=sleep.watts * factor)
        full = idle + (section.full_watts - section.idle_watts)
        return msgspec.structs.replace(section, idle_watts=idle, full_watts=full, sleep=sleep)

    return _with_devices(scenario, changed)


def _speeds(scenario: Scenario, factor: float) -> Scenario:
    """Multiply the speeds of all devices, with all models."""

    def changed(section: DeviceSection) -> DeviceSection:
        given = msgspec.structs.asdict(section.speeds)
        speeds = Speeds(**{model: None if speed is None else speed * factor for model, speed in given.items()})
        return msgspec.structs.replace(section, speed=section.speed * factor, speeds=speeds)

    return _with_devices(scenario, changed)


def _load(scenario: Scenario, factor: float) -> Scenario:
    """Multiply the mean rate of arrivals; a trace has none."""
    arrivals = scenario.workload.arrivals
    if arrivals.kind == "trace":
        return scenario
    arrivals = msgspec.structs.replace(arrivals, rate_per_hour=arrivals.rate_per_hour * factor)
    return msgspec.structs.replace(scenario, workload=msgspec.structs.replace(scenario.workload, arrivals=arrivals))


def _deadlines(scenario: Scenario, factor: float) -> Scenario:
    """Multiply the deadlines of all classes."""
    classes = tuple(
        msgspec.structs.replace(kind, deadline_seconds=kind.deadline_seconds * factor)
        for kind in scenario.workload.classes
    )
    return msgspec.structs.replace(scenario, workload=msgspec.structs.replace(scenario.workload, classes=classes))


def _batteries(scenario: Scenario, factor: float) -> Scenario:
    """Multiply the capacity of all batteries, and the powers at which they charge and discharge."""

    def changed(one: BatterySection | None) -> BatterySection | None:
        keys = ("capacity_watt_hours", "charge_watts", "discharge_watts")
        return None if one is None else msgspec.structs.replace(one, **_scaled(one, keys, factor))

    return _with_energy(scenario, lambda of: {"battery": changed(of.battery)})


def _supply(scenario: Scenario, factor: float) -> Scenario:
    """Multiply the areas of panels and rotors, and with a rotor's its rated power."""

    def panel(one: SolarSection | None) -> SolarSection | None:
        return None if one is None else msgspec.structs.replace(one, **_scaled(one, ("area_square_metres",), factor))

    def turbine(one: WindSection | None) -> WindSection | None:
        keys = ("rotor_square_metres", "rated_watts")
        return None if one is None else msgspec.structs.replace(one, **_scaled(one, keys, factor))

    return _with_energy(scenario, lambda of: {"solar": panel(of.solar), "wind": turbine(of.wind)})


def _grid(scenario: Scenario, factor: float) -> Scenario:
    """Multiply the intensities of all grids in all hours."""
    return _with_grids(scenario, "intensity_factor", factor)


def _grid_spread(scenario: Scenario, factor: float) -> Scenario:
    """Multiply the power to which ratios between hours, and between grids, are raised."""
    return _with_grids(scenario, "intensity_spread", factor)


VARIATIONS: Mapping[str, Callable[[Scenario, float], Scenario]] = MappingProxyType(
    {
        "idle-watts": _idle,
        "speeds": _speeds,
        "load": _load,
        "deadlines": _deadlines,
        "batteries": _batteries,
        "supply": _supply,
        "grid": _grid,
        "grid-spread": _grid_spread,
    }
)
"""All parameters by name, and how a scenario is varied in each."""


def _scaled(section: msgspec.Struct, keys: tuple[str, ...], factor: float) -> Mapping[str, float]:
    return {key: getattr(section, key) * factor for key in keys}


def _with_energy(
    scenario: Scenario, changed: Callable[[NodeSection | PlaceSection], Mapping[str, msgspec.Struct | None]]
) -> Scenario:
    """Return the scenario with other supply or batteries, of nodes and of sites."""
    nodes = tuple(msgspec.structs.replace(node, **changed(node)) for node in scenario.nodes)
    sites = tuple(msgspec.structs.replace(site, **changed(site)) for site in scenario.sites)
    return msgspec.structs.replace(scenario, nodes=nodes, sites=sites)


def _with_grids(scenario: Scenario, key: str, factor: float) -> Scenario:
    """Return the scenario with a figure of its grids multiplied: those of its sites, or its only one."""

    def changed(grid: GridSection) -> GridSection:
        return msgspec.structs.replace(grid, **_scaled(grid, (key,), factor))

    if not scenario.sites:
        return msgspec.structs.replace(scenario, grid=changed(scenario.grid))
    sites = tuple(msgspec.structs.replace(site, grid=changed(site.grid)) for site in scenario.sites)
    return msgspec.structs.replace(scenario, sites=sites)


def _with_devices(scenario: Scenario, changed: Callable[[DeviceSection], DeviceSection]) -> Scenario:
    """Return the scenario with other figures of the devices at its nodes; for shipped ones it gets some of its own."""
    own, devices = {section.name for section in scenario.devices}, devices_of(scenario.devices)
    names = {node.device: node.device if node.device in own else node.device + VARIED for node in scenario.nodes}
    sections = [*scenario.devices, *(_own(devices[name], new) for name, new in names.items() if name not in own)]
    varied = tuple(changed(one) if one.name in names.values() else one for one in sections)
    nodes = tuple(msgspec.structs.replace(node, device=names[node.device]) for node in scenario.nodes)
    profiled = scenario.models.profiled
    renamed = [new for name, new in names.items() if name in profiled and new not in profiled]
    models = scenario.models
    if renamed:
        models = msgspec.structs.replace(models, devices=(*profiled, *renamed))
    return msgspec.structs.replace(scenario, devices=varied, nodes=nodes, models=models)


def _own(device: Device, name: str) -> DeviceSection:
    """Return a shipped device as one of a scenario's own."""
    asleep = device.sleep
    keys = (field.name for field in msgspec.structs.fields(SleepSection))
    return DeviceSection(
        name=name,
        title=device.title,
        idle_watts=device.idle_watts,
        full_watts=device.full_watts,
        minimum_gigahertz=device.minimum_hertz / HERTZ_PER_GIGAHERTZ,
        maximum_gigahertz=device.maximum_hertz / HERTZ_PER_GIGAHERTZ,
        memory_megabytes=device.memory_bytes / BYTES_PER_MEGABYTE,
        speed=device.speed,
        speeds=Speeds(**device.speeds),
        compression=TimeRatios(**device.compression),
        sleep=None if asleep is None else SleepSection(**{key: getattr(asleep, key) for key in keys}),
        source=f"{device.title} with other figures",
    )
