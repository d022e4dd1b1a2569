"""Checks of a scenario as a whole, beyond its single sections."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from exporter.core.config import ConfigError, did_you_mean
from simulator.energy.network import NETWORK_KWH_PER_GIGABYTE
from simulator.hardware.device import Device
from simulator.hardware.shipped import DEVICES
from simulator.scenario.devices import BYTES_PER_MEGABYTE, ModelsSection, devices_of
from simulator.scenario.files import named_files
from simulator.scenario.published import PublishedScenario
from simulator.scenario.schema import Scenario
from simulator.scenario.supply import WeatherSection
from simulator.scenario.tasks import TaskClassSection
from simulator.scheduling.names import SINGLE_NODE, is_users, single_node
from simulator.scheduling.own.load import load_policy
from simulator.scheduling.policies import POLICIES, traits

RECORDED_WIND_HEIGHT = 10.0
"""Metres: height of WS10M in NASA POWER's files, and of TMY3's wind (Wilcox and Marion, NREL/TP-581-43156, 2008)."""


def unknown_names(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield unknown names, as far as they can be checked before the rest of a scenario is good."""
    if data["nodes"] == []:
        yield "nodes: expected at least one node, got none"
    nodes = _mappings(data["nodes"])
    own = [name for device in _mappings(data.get("devices")) if isinstance(name := device.get("name"), str)]
    for index, node in enumerate(nodes):
        if isinstance(device := node.get("device"), str):
            yield from _device_mistakes(f"nodes[{index}].device", device, dict.fromkeys((*DEVICES, *own)))
    scheduler = data.get("scheduler")
    policy = scheduler.get("policy") if isinstance(scheduler, dict) else None
    if isinstance(policy, str):
        yield from policy_mistakes(policy, [str(node.get("name")) for node in nodes])


def _mappings(sections: object) -> list[dict[str, Any]]:
    """Return the items of a list, an empty mapping for each that is none."""
    return [one if isinstance(one, dict) else {} for one in sections] if isinstance(sections, list) else []


def _device_mistakes(key: str, device: str, known: Collection[str]) -> Iterator[str]:
    if device not in known:
        yield f'{key}: expected one of {", ".join(known)}, got "{device}"{did_you_mean(device, known)}'


def contradictions(scenario: Scenario) -> Iterator[str]:
    """Yield the mistakes that no single section shows, each with its key."""
    yield from _name_mistakes(scenario.name)
    if not scenario.nodes:
        yield "nodes: expected at least one node, got none"
    names = [node.name for node in scenario.nodes]
    yield from _repeated_names("nodes", names)
    yield from _repeated_names("devices", [device.name for device in scenario.devices])
    devices = devices_of(scenario.devices)
    for index, node in enumerate(scenario.nodes):
        yield from _device_mistakes(f"nodes[{index}].device", node.device, devices)
        if node.device in devices and not any(fits(devices[node.device], kind) for kind in scenario.workload.classes):
            yield f"nodes[{index}].device: {node.device} has too little memory for any task class"
    used = [devices[node.device] for node in scenario.nodes if node.device in devices]
    for index, kind in enumerate(scenario.workload.classes):
        if used and not any(fits(device, kind) for device in used):
            yield f"workload.classes[{index}].memory_megabytes: no node has {kind.memory_megabytes:g} MB"
    yield from _profile_mistakes(scenario.models, devices)
    yield from policy_mistakes(scenario.scheduler.policy, names)
    yield from weather_mistakes("weather", scenario.weather)
    for index, site in enumerate(scenario.sites):
        yield from weather_mistakes(f"sites[{index}].weather", site.weather)
    yield from site_mistakes(scenario)
    yield from (
        f"{key}: expected the name of a file, got one with a null"
        for key, file in named_files(scenario).items()
        if "\0" in file
    )


def _profile_mistakes(models: ModelsSection, devices: Mapping[str, Device]) -> Iterator[str]:
    """Yield the mistakes in the devices for which the profile is said to hold."""
    for index, name in enumerate(models.profiled):
        yield from _device_mistakes(f"models.devices[{index}]", name, devices)
        if name in devices and devices[name].compression:
            yield f"models.devices[{index}]: {name} has `compression` of its own: expected only one of the two"


def published_contradictions(scenario: PublishedScenario) -> Iterator[str]:
    """Yield the mistakes that no single section of the published model shows, each with its key."""
    yield from _name_mistakes(scenario.name)
    if not scenario.nodes:
        yield "nodes: expected at least one node, got none"
    yield from _repeated_names("nodes", [node.name for node in scenario.nodes])


def _name_mistakes(name: str) -> Iterator[str]:
    if not name.isprintable():
        yield f'name: expected text that prints, got "{name}"'


def _repeated_names(key: str, names: list[str]) -> Iterator[str]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield f'{key}[{index}].name: expected different names, got "{name}" twice'
        seen.add(name)


def policy_mistakes(policy: str, nodes: list[str]) -> Iterator[str]:
    """Yield the mistakes in the choice of a policy; a user's own is built, to see whether it can be."""
    try:
        traits(policy)
        if is_users(policy):
            load_policy(policy)
    except ConfigError as error:
        yield from error.mistakes
    except ValueError as error:
        yield f"scheduler.policy: {error}{did_you_mean(policy, POLICIES)}"
    if (node := single_node(policy)) is not None and node not in nodes:
        known = f'{", ".join(nodes)} after "{SINGLE_NODE}"'
        yield f'scheduler.policy: expected one of the nodes {known}, got "{node}"{did_you_mean(node, nodes)}'


def site_mistakes(scenario: Scenario) -> Iterator[str]:
    """Yield the mistakes in several sites, and in the sites of nodes."""
    names = [site.name for site in scenario.sites]
    yield from _repeated_names("sites", names)
    for index, node in enumerate(scenario.nodes):
        if node.site is None and names:
            yield f"nodes[{index}].site: expected one of {', '.join(names)}, got nothing"
        elif node.site is not None and node.site not in names:
            known = f"one of {', '.join(names)}" if names else "nothing without sites"
            yield f'nodes[{index}].site: expected {known}, got "{node.site}"{did_you_mean(node.site, names)}'
    if names and not any(site.arrivals_share > 0 for site in scenario.sites):
        yield "sites: expected an arrivals_share above 0 at some site"
    if (energy := scenario.network.energy) not in NETWORK_KWH_PER_GIGABYTE:
        known, near = ", ".join(NETWORK_KWH_PER_GIGABYTE), did_you_mean(energy, NETWORK_KWH_PER_GIGABYTE)
        yield f'network.energy: expected one of {known}, got "{energy}"{near}'
    if names:
        plain = {field.name: field.default for field in msgspec.structs.fields(Scenario)}
        for name in ("site", "weather", "grid"):
            if getattr(scenario, name) != plain[name]:
                yield f"{name}: expected it at each of the sites, since there are several"


def weather_mistakes(key: str, weather: WeatherSection) -> Iterator[str]:
    """Yield the settings that contradict a recording."""
    height = weather.wind.reference_height_metres
    if weather.file is not None and height != RECORDED_WIND_HEIGHT:
        yield (
            f"{key}.wind.reference_height_metres: expected {RECORDED_WIND_HEIGHT:g}, the height of recorded wind, "
            f"got {height:g}"
        )


def fits(device: Device, kind: TaskClassSection) -> bool:
    """Return whether the class's model fits into the device's memory."""
    return kind.memory_megabytes * BYTES_PER_MEGABYTE <= device.memory_bytes
