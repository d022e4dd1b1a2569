"""Scenarios by name or file, checked as a whole before anything runs."""

from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from exporter.core.config import ConfigError, convert, load_yaml
from simulator.energy.interface import WeatherError
from simulator.hardware.device import DEVICES
from simulator.published.config import PublishedScenario
from simulator.published.config import contradictions as published_contradictions
from simulator.scenario.schema import NodeSection, Scenario, TaskClassSection, WeatherSection
from simulator.scheduling.own.per_task import load_policy
from simulator.scheduling.policies import SINGLE_NODE, is_users, traits

BYTES_PER_MEGABYTE = 10**6

RECORDED_WIND_HEIGHT = 10.0
"""Metres: of WS10M in NASA POWER's files and of the wind in TMY3 (Wilcox and Marion, NREL/TP-581-43156, 2008)."""

AnyScenario = Scenario | PublishedScenario


def shipped_scenarios() -> tuple[str, ...]:
    """Names of the scenarios that come with the simulator."""
    folder = resources.files("simulator.scenario")
    return tuple(sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml")))


def load_scenario(name_or_file: str) -> AnyScenario:
    """A shipped scenario by its name, or one from a YAML file.

    Raises ConfigError with a line for each mistake.
    """
    if name_or_file in shipped_scenarios():
        with resources.as_file(resources.files("simulator.scenario").joinpath(f"{name_or_file}.yaml")) as path:
            return read_scenario(path)
    if not name_or_file.endswith((".yaml", ".yml")):
        known = ", ".join(shipped_scenarios())
        raise ConfigError([f'expected one of the scenarios {known}, or a .yaml file, got "{name_or_file}"'])
    scenario = read_scenario(Path(name_or_file))
    if scenario.name in shipped_scenarios() and scenario != load_scenario(scenario.name):
        raise ConfigError(
            [
                f"{name_or_file}: name: expected a name of its own, "
                f'got "{scenario.name}", that of another scenario, which comes with the simulator'
            ]
        )
    return scenario


def read_scenario(path: Path) -> AnyScenario:
    """The scenario in a file. Files that it names lie beside it. Raises ConfigError."""
    given = {key: value for key, value in load_yaml(path).items() if value is not None}
    data = {"name": path.stem} | given
    origin = str(path)
    model = data.pop("model", "edge")
    if model == "published":
        published = convert(data, PublishedScenario, origin=origin)
        _refuse(origin, published_contradictions(published))
        return published
    if model != "edge":
        raise ConfigError([f'{origin}: model: expected one of edge, published, got "{model}"'])
    data.setdefault("nodes", [])
    data.setdefault("workload", {"classes": []})
    try:
        scenario = convert(data, Scenario, origin=origin)
    except ConfigError as error:
        raise ConfigError([*error.mistakes, *(f"{origin}: {one}" for one in unknown_names(data))]) from error
    _refuse(origin, contradictions(scenario))
    return _located(scenario, path.parent)


def unknown_names(data: Mapping[str, Any]) -> Iterator[str]:
    """What can be told of names before the rest of a scenario is good."""
    if data["nodes"] == []:
        yield "nodes: expected at least one node, got none"
    nodes = data["nodes"] if isinstance(data["nodes"], list) else []
    named = [node if isinstance(node, dict) else {} for node in nodes]
    for index, node in enumerate(named):
        if isinstance(device := node.get("device"), str):
            yield from _device_mistakes(index, device)
    scheduler = data.get("scheduler")
    policy = scheduler.get("policy") if isinstance(scheduler, dict) else None
    if isinstance(policy, str):
        yield from policy_mistakes(policy, [str(node.get("name")) for node in named])


def _device_mistakes(index: int, device: str) -> Iterator[str]:
    if device not in DEVICES:
        yield f'nodes[{index}].device: expected one of {", ".join(DEVICES)}, got "{device}"'


def _refuse(origin: str, mistakes: Iterable[str]) -> None:
    told = [f"{origin}: {mistake}" for mistake in mistakes]
    if told:
        raise ConfigError(told)


def _located(scenario: Scenario, folder: Path) -> Scenario:
    """With the names of other files made absolute."""
    weather, arrivals = scenario.weather, scenario.workload.arrivals
    if weather.file is not None:
        weather = msgspec.structs.replace(weather, file=str((folder / weather.file).resolve()))
    if arrivals.file is not None:
        arrivals = msgspec.structs.replace(arrivals, file=str((folder / arrivals.file).resolve()))
    workload = msgspec.structs.replace(scenario.workload, arrivals=arrivals)
    return msgspec.structs.replace(scenario, weather=weather, workload=workload)


def contradictions(scenario: Scenario) -> Iterator[str]:
    """What single sections cannot see, each with its key."""
    if not scenario.nodes:
        yield "nodes: expected at least one node, got none"
    names = [node.name for node in scenario.nodes]
    for index, node in enumerate(scenario.nodes):
        if names.index(node.name) != index:
            yield f'nodes[{index}].name: expected different names, got "{node.name}" twice'
        yield from _device_mistakes(index, node.device)
        if node.device in DEVICES and not any(fits(node, kind) for kind in scenario.workload.classes):
            yield f"nodes[{index}].device: {node.device} has too little memory for any task class"
    known = [node for node in scenario.nodes if node.device in DEVICES]
    for index, kind in enumerate(scenario.workload.classes):
        if known and not any(fits(node, kind) for node in known):
            yield f"workload.classes[{index}].memory_megabytes: no node has {kind.memory_megabytes:g} MB"
    yield from policy_mistakes(scenario.scheduler.policy, names)
    yield from weather_mistakes(scenario.weather)
    files = {"weather.file": scenario.weather.file, "workload.arrivals.file": scenario.workload.arrivals.file}
    yield from (
        f"{key}: expected the name of a file, got one with a null" for key, file in files.items() if _null(file)
    )


def _null(file: str | None) -> bool:
    return file is not None and "\0" in file


def policy_mistakes(policy: str, nodes: list[str]) -> Iterator[str]:
    """What is wrong with the choice of a policy; one of a user's own is made, to see whether it can be."""
    try:
        traits(policy)
        if is_users(policy):
            load_policy(policy)
    except ValueError as error:
        yield f"scheduler.policy: {error}"
    node = policy.removeprefix(SINGLE_NODE)
    if policy.startswith(SINGLE_NODE) and node not in nodes:
        yield f'scheduler.policy: expected one of the nodes {", ".join(nodes)} after "{SINGLE_NODE}", got "{node}"'


def weather_mistakes(weather: WeatherSection) -> Iterator[str]:
    """What does not go with a recording."""
    height = weather.wind.reference_height_metres
    if weather.file is not None and height != RECORDED_WIND_HEIGHT:
        yield (
            f"weather.wind.reference_height_metres: expected {RECORDED_WIND_HEIGHT:g}, the height of recorded wind, "
            f"got {height:g}"
        )


def recording_mistakes(scenario: AnyScenario) -> Iterator[str]:
    """What its runs would lack of the weather in a file, which is read for this."""
    if not isinstance(scenario, Scenario) or scenario.weather.file is None:
        return
    from simulator import build  # noqa: PLC0415 - takes long to load

    run = scenario.run
    days = run.warm_up_days + run.days
    try:
        recording = build.weather_of(scenario, seed=0)
    except WeatherError as error:
        yield str(error)
        return
    try:
        recording.day(days - 1)
    except WeatherError as error:
        yield f"run.days: expected weather for {run.days} days after {run.warm_up_days} of warm-up: {error}"


def fits(node: NodeSection, kind: TaskClassSection) -> bool:
    """Whether the class's model fits into the node's memory."""
    return kind.memory_megabytes * BYTES_PER_MEGABYTE <= DEVICES[node.device].memory_bytes
