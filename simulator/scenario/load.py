"""Scenarios by name or file, each checked as a whole before anything runs."""

import itertools
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import TypeVar

import msgspec

from exporter.core.config import ConfigError, convert, did_you_mean
from exporter.core.yaml_file import load_yaml
from simulator.scenario.check import contradictions, published_contradictions, unknown_names
from simulator.scenario.published import AnyScenario, PublishedScenario
from simulator.scenario.schema import GridSection, Scenario
from simulator.scenario.supply import WeatherSection

SectionT = TypeVar("SectionT", GridSection, WeatherSection)
AnyScenarioT = TypeVar("AnyScenarioT", Scenario, AnyScenario)


def shipped_scenarios() -> tuple[str, ...]:
    """Return the names of the scenarios that come with the simulator."""
    folder = resources.files("simulator.scenario")
    return tuple(sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml")))


def subject_of(name: str) -> str:
    """Return what a shipped scenario is about: the first sentence of the comment at the beginning of its file."""
    lines = resources.files("simulator.scenario").joinpath(f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    comment = itertools.takewhile(lambda line: line.startswith("#"), lines)
    told = " ".join(line.removeprefix("#").strip() for line in comment)
    return told.partition(". ")[0].removesuffix(".")


def load_scenario(name_or_file: str) -> AnyScenario:
    """Load a shipped scenario by its name, or one from a YAML file.

    Raises ConfigError with a line for each mistake.
    """
    if name_or_file in shipped_scenarios():
        with resources.as_file(resources.files("simulator.scenario").joinpath(f"{name_or_file}.yaml")) as path:
            return read_scenario(path)
    if not name_or_file.endswith((".yaml", ".yml")):
        known, near = ", ".join(shipped_scenarios()), did_you_mean(name_or_file, shipped_scenarios())
        raise ConfigError([f'expected one of the scenarios {known}, or a .yaml file, got "{name_or_file}"{near}'])
    scenario = read_scenario(Path(name_or_file))
    if scenario.name in shipped_scenarios() and scenario != load_scenario(scenario.name):
        raise ConfigError(
            [
                f"{name_or_file}: name: expected a name of its own, "
                f'got "{scenario.name}", that of another scenario, which comes with the simulator'
            ]
        )
    return scenario


def with_prices(scenario: AnyScenarioT, prices: Path | None) -> AnyScenarioT:
    """Return a scenario whose credits are worth what a file says, in place of its own; the same one without a file.

    Raises ConfigError for the published model, which has a price of its own.
    """
    if prices is None:
        return scenario
    if isinstance(scenario, PublishedScenario):
        price = "accounting.credit_dollars_per_gram"
        raise ConfigError([f"--credit-prices: expected none with the published model, whose price is {price}"])
    ledger = msgspec.structs.replace(scenario.ledger, prices=str(prices.resolve()))
    return msgspec.structs.replace(scenario, ledger=ledger)


def read_scenario(path: Path) -> AnyScenario:
    """Read the scenario in a file. Paths in it are relative to its folder. Raises ConfigError."""
    given = {key: value for key, value in load_yaml(path).items() if value is not None}
    data = {"name": _printable(path.stem)} | given
    origin = str(path)
    model = data.pop("model", "edge")
    if model == "published":
        published = convert(data, PublishedScenario, origin=origin)
        _refuse(origin, published_contradictions(published))
        return published
    if model != "edge":
        near = did_you_mean(str(model), ("edge", "published"))
        raise ConfigError([f'{origin}: model: expected one of edge, published, got "{model}"{near}'])
    data.setdefault("nodes", [])
    data.setdefault("workload", {"classes": []})
    try:
        scenario = convert(data, Scenario, origin=origin)
    except ConfigError as error:
        raise ConfigError([*error.mistakes, *(f"{origin}: {one}" for one in unknown_names(data))]) from error
    _refuse(origin, contradictions(scenario))
    located = _located(scenario, path.parent)
    try:
        msgspec.json.encode(located)
    except UnicodeEncodeError as error:
        # A run is known by a digest of its scenario, which holds the paths of other files.
        raise ConfigError([f"{origin}: expected other files in a folder whose name is UTF-8 text"]) from error
    return located


def check_scenario(scenario: Scenario, origin: str) -> None:
    """Refuse a scenario that no file could hold. Raises ConfigError with a line for each mistake."""
    data = {key: value for key, value in msgspec.to_builtins(scenario).items() if value is not None}
    del data["model"]
    _refuse(origin, contradictions(convert(data, Scenario, origin=origin)))


def _printable(stem: str) -> str:
    """Return the name of a scenario that has none but its file's, which may hold anything: labels are UTF-8 text."""
    return "".join(one if one.isprintable() and one != "\\" else ascii(one)[1:-1] for one in stem)


def _refuse(origin: str, mistakes: Iterable[str]) -> None:
    told = [f"{origin}: {mistake}" for mistake in mistakes]
    if told:
        raise ConfigError(told)


def _located(scenario: Scenario, folder: Path) -> Scenario:
    """Return the scenario with the names of other files made absolute."""
    arrivals, models = scenario.workload.arrivals, scenario.models
    sites = tuple(
        msgspec.structs.replace(site, weather=_beside(site.weather, folder), grid=_beside(site.grid, folder))
        for site in scenario.sites
    )
    if arrivals.file is not None:
        arrivals = msgspec.structs.replace(arrivals, file=str((folder / arrivals.file).resolve()))
    if models.profile is not None:
        models = msgspec.structs.replace(models, profile=str((folder / models.profile).resolve()))
    forecast = scenario.forecast
    if forecast is not None:
        files = tuple(str((folder / file).resolve()) for file in forecast.checkpoints)
        forecast = msgspec.structs.replace(forecast, checkpoints=files)
    ledger = scenario.ledger
    if ledger.prices is not None:
        ledger = msgspec.structs.replace(ledger, prices=str((folder / ledger.prices).resolve()))
    located = {
        "ledger": ledger,
        "workload": msgspec.structs.replace(scenario.workload, arrivals=arrivals),
        "weather": _beside(scenario.weather, folder),
        "grid": _beside(scenario.grid, folder),
    }
    return msgspec.structs.replace(scenario, sites=sites, models=models, forecast=forecast, **located)


def _beside(section: SectionT, folder: Path) -> SectionT:
    """Return a section whose file, if it has one, is the one in the folder."""
    if section.file is None:
        return section
    return msgspec.structs.replace(section, file=str((folder / section.file).resolve()))
