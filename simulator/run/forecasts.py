"""The future as a run is told of it: the forecaster of its supply, and that of its grid."""

from pathlib import Path

from exporter.core.config import ConfigError
from exporter.core.units import Seconds
from simulator.assembly.forecasts import Request, sources_of, zones_of
from simulator.assembly.grids import grid_of
from simulator.assembly.layout import Layout
from simulator.energy.cloudless import CloudlessWeather
from simulator.forecast.checkpoint import load
from simulator.forecast.intensity import ForecastGrid
from simulator.forecast.interface import ForecastError
from simulator.forecast.learnt import lacking
from simulator.forecast.references import Forecaster, NoForecaster, PerfectForecaster, PersistenceForecaster
from simulator.forecast.serving import HourlyForecaster, Sky
from simulator.grid.course import Ahead, Grid, HourlyGrid
from simulator.run.generation import Generation, daily
from simulator.run.job import Method
from simulator.scenario.published import AnyScenario, PublishedScenario
from simulator.scenario.schema import Scenario
from simulator.scheduling.policies import traits

WITHOUT_SECTION = ("persistence", "yesterday")
"""Forecasters of supply and intensity of a scenario that asks for none: what was observed is repeated."""

UNLEARNT_SUPPLY = ("none", "persistence", "perfect")
"""Forecasters of supply that need no history."""

UNLEARNT_INTENSITY = {
    "none": Ahead.PERSISTENCE,
    "persistence": Ahead.PERSISTENCE,
    "yesterday": Ahead.YESTERDAY,
    "perfect": Ahead.PERFECT,
}
"""Forecasters of intensity that need no history."""


def choices_of(scenario: Scenario, method: Method) -> tuple[str, str]:
    """Return the forecasters of supply and of intensity that a method has on a scenario."""
    if traits(method.policy).sees_future:
        return "perfect", "perfect"
    if not method.forecast:
        return "none", "none"
    section = scenario.forecast
    supply, intensity = WITHOUT_SECTION if section is None else (section.supply, section.intensity)
    return method.supply or supply, method.intensity or intensity


def learns(scenario: Scenario, method: Method) -> bool:
    """Return whether a forecaster of a method has anything to learn on a scenario."""
    supply, intensity = choices_of(scenario, method)
    return supply not in UNLEARNT_SUPPLY or intensity not in UNLEARNT_INTENSITY


def foresees(scenario: Scenario, method: Method) -> bool:
    """Tell whether the forecaster of supply of a method knows one hour from another."""
    return choices_of(scenario, method)[0] not in {"none", "persistence"}


def lacking_of(scenario: AnyScenario, method: Method) -> list[str]:
    """Return the libraries that are not installed, and without which forecasters of a method give way to others."""
    choices = () if isinstance(scenario, PublishedScenario) else choices_of(scenario, method)
    return [library for choice in choices for library in lacking(choice)]


def forecaster_of(scenario: Scenario, method: Method, layout: Layout, generation: Generation) -> Forecaster:
    """Return the forecaster of supply at its beginning; it learns here.

    Raises ConfigError for a checkpoint that cannot be read, and WeatherError for a recording that cannot be used.
    """
    choice, buses = choices_of(scenario, method)[0], len(layout.buses)
    match choice:
        case "none":
            return NoForecaster(buses)
        case "persistence":
            return PersistenceForecaster(buses)
        case "perfect":
            return PerfectForecaster(generation.between)
    sources = sources_of(layout, request_of(scenario, choice))
    return HourlyForecaster(choice, sources, buses, generation.parts_at, sky_of(layout), generation.step)


def require_readable(scenario: Scenario) -> None:
    """Raise ConfigError for a checkpoint of a scenario that cannot be read."""
    for file in () if scenario.forecast is None else scenario.forecast.checkpoints:
        try:
            load(Path(file))
        except ForecastError as error:
            raise ConfigError([f"forecast.checkpoints: {error}"]) from error


def request_of(scenario: Scenario, choice: str) -> Request:
    """Return what a scenario's forecasters are to learn. Raises ConfigError for a checkpoint that cannot be read."""
    require_readable(scenario)
    files = () if scenario.forecast is None else scenario.forecast.checkpoints
    return Request(choice=choice, checkpoints=files, days=scenario.run.warm_up_days + scenario.run.days)


def sky_of(layout: Layout) -> Sky:
    """Return what the panels of each bus would give under a cloudless sky, by days of the simulated clock."""
    weathers = [CloudlessWeather(place.site) for place in layout.places]
    leads = [layout.places[bus.place].lead for bus in layout.buses]
    power = daily([(weathers[bus.place], bus.supply) for bus in layout.buses], leads)
    return lambda day: power(day)[0]


def grid_in_run(scenario: Scenario, method: Method, layout: Layout, step: Seconds, seed: int) -> Grid:
    """Return the grid with what is expected of it; it is learnt here.

    Raises ConfigError for a checkpoint that cannot be read, and GridError for a recording that cannot be used.
    """
    choice = choices_of(scenario, method)[1]
    if choice in UNLEARNT_INTENSITY:
        return grid_of(layout, UNLEARNT_INTENSITY[choice], step, seed)
    # What is known by the hour of the day is exact with yesterday's figures, and the zones have their own.
    grid = grid_of(layout, Ahead.YESTERDAY, step, seed)
    if not isinstance(grid, HourlyGrid):
        return grid
    return ForecastGrid(grid, zones_of(layout, request_of(scenario, choice)), step)
