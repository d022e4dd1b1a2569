"""The layout of a scenario: its sites, the buses at each, and the nodes on each bus."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from exporter.core.config import ConfigError
from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR, Seconds
from simulator.assembly.parts import battery_of, climate_of, recorded_weather, supply_of
from simulator.energy.battery import Battery
from simulator.energy.interface import Site, WeatherSource
from simulator.energy.supply import LocalSupply
from simulator.energy.weather import correlated_weather
from simulator.hardware.device import Device
from simulator.scenario.devices import devices_of
from simulator.scenario.schema import GridSection, NodeSection, PlaceSection, Scenario
from simulator.scenario.supply import WeatherSection

ONLY_SITE = "site"
"""Name of the site of a scenario that has one without a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A site of the run.

    The days of `site` begin `lead` before the simulated clock does: one clock for all sites starts at midnight UTC, in
    the middle of somebody's day. `share` is that of the tasks that arrive here, 1 in the sum over all sites.
    """

    name: str
    site: Site
    lead: Seconds
    weather: WeatherSection
    grid: GridSection
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bus:
    """The supply and the battery that some nodes of a site share. Surplus is exported where it `sells`, else curtailed.

    `name` is that of its only node, or that of the site.
    """

    name: str
    place: int
    supply: LocalSupply
    battery: Battery | None
    sells: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A device on a bus, by its index."""

    name: str
    device: Device
    bus: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The sites from north to south, with their buses and nodes in that order, by which ties between equal nodes go."""

    places: tuple[Place, ...]
    buses: tuple[Bus, ...]
    nodes: tuple[Node, ...]


def layout_of(scenario: Scenario, seed: int = 0, count: int | None = None) -> Layout:
    """Return the layout; with a `count`, of the first so many nodes, all repeated in turn where there are fewer.

    The seed chooses the day on which the run begins, where the scenario names several. Raises ConfigError for a count
    below 1.
    """
    places = _places(scenario, seed)
    names = [place.name for place in places]
    shared = {section.name: section for section in scenario.sites}
    buses: list[Bus] = []
    nodes: list[Node] = []
    common: dict[str, int] = {}
    copies, devices = _copies(scenario, count), devices_of(scenario.devices)
    for number, name in enumerate(names):
        for section, copy in copies:
            if shared and section.site != name:
                continue
            node = section.name if copy == 0 else f"{section.name}-{copy + 1}"
            if not shared or _has_own_supply(section):
                buses.append(_bus(node, number, section, places[number]))
                bus = len(buses) - 1
            else:
                if name not in common:
                    common[name] = len(buses)
                    buses.append(_bus(name, number, shared[name], places[number]))
                bus = common[name]
            nodes.append(Node(name=node, device=devices[section.device], bus=bus))
        if all(bus.place != number for bus in buses):
            buses.append(_bus(name, number, shared[name], places[number]))
    return Layout(places=places, buses=tuple(buses), nodes=tuple(nodes))


def first_day_of(scenario: Scenario, seed: int) -> date:
    """Return the day on which a run begins."""
    days = scenario.run.first_days
    return days[seed % len(days)] if days else scenario.site.first_day


def _copies(scenario: Scenario, count: int | None) -> list[tuple[NodeSection, int]]:
    """Return the sections of the nodes to build, each with the number of its copy."""
    sections = scenario.nodes
    if count is None:
        count = len(sections)
    if count < 1:
        raise ConfigError([f"nodes: expected a number >= 1, got {count}"])
    return [(sections[index % len(sections)], index // len(sections)) for index in range(count)]


def _has_own_supply(section: NodeSection) -> bool:
    return section.solar is not None or section.wind is not None or section.battery is not None


def _bus(name: str, number: int, section: NodeSection | PlaceSection, place: Place) -> Bus:
    height, latitude = place.weather.wind.reference_height_metres, place.site.latitude
    return Bus(
        name=name,
        place=number,
        supply=supply_of(section.solar, section.wind, latitude=latitude, reference_height=height),
        battery=None if section.battery is None else battery_of(section.battery),
        sells=section.sells_surplus,
    )


def _places(scenario: Scenario, seed: int) -> tuple[Place, ...]:
    first_day = first_day_of(scenario, seed)
    if not scenario.sites:
        only = scenario.site
        site = Site(
            latitude=only.latitude,
            longitude=only.longitude,
            altitude_metres=only.altitude_metres,
            utc_offset_hours=only.utc_offset_hours,
            first_day=first_day,
        )
        whole = Place(
            name=ONLY_SITE, site=site, lead=Seconds(0.0), weather=scenario.weather, grid=scenario.grid, share=1.0
        )
        return (whole,)
    total = sum(section.arrivals_share for section in scenario.sites)
    # By place, so that neither the order of a file nor the names in it decide who comes first where nodes are equal.
    ordered = sorted(scenario.sites, key=lambda section: (-section.latitude, section.longitude, section.name))
    return tuple(_place(section, first_day, total) for section in ordered)


def _place(section: PlaceSection, first_day: date, total: float) -> Place:
    site = Site(
        latitude=section.latitude,
        longitude=section.longitude,
        altitude_metres=section.altitude_metres,
        utc_offset_hours=section.utc_offset_hours,
        # West of Greenwich the clock starts on the day before; with one first day for all, their weathers correlate.
        first_day=first_day - timedelta(days=1),
    )
    return Place(
        name=section.name,
        site=site,
        lead=Seconds((HOURS_PER_DAY + section.utc_offset_hours) * SECONDS_PER_HOUR),
        weather=section.weather,
        grid=section.grid,
        share=section.arrivals_share / total,
    )


def weather_of(layout: Layout, seed: int) -> list[WeatherSource]:
    """Return the weather of each site, in its own days: recorded, or synthetic from the seed. Raises WeatherError."""
    climates = {
        place.name: (place.site, climate_of(place.weather)) for place in layout.places if place.weather.file is None
    }
    synthetic = correlated_weather(climates, seed) if climates else {}
    return [
        synthetic[place.name] if place.weather.file is None else recorded_weather(Path(place.weather.file), place.site)
        for place in layout.places
    ]
