"""The recordings of a scenario, read before anything runs: what its runs would lack of weather, grid or prices."""

import math
from collections.abc import Iterator
from pathlib import Path

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_DAY
from simulator.assembly.credit_prices import price_mistakes
from simulator.assembly.grids import ZoneHours
from simulator.assembly.layout import Place, layout_of
from simulator.assembly.parts import recorded_weather
from simulator.energy.interface import WeatherError
from simulator.grid.series import GridError
from simulator.scenario.published import AnyScenario
from simulator.scenario.schema import RunSection, Scenario


def recording_mistakes(scenario: AnyScenario) -> Iterator[str]:
    """Yield what the recordings of a scenario lack for its runs."""
    if isinstance(scenario, Scenario):
        # What is wrong with a file is wrong on every first day.
        yield from dict.fromkeys((*_mistakes(scenario), *price_mistakes(scenario)))


def _mistakes(scenario: Scenario) -> Iterator[str]:
    # A layout has its sites from north to south; people know them by the order of their file.
    keys = {section.name: f"sites[{number}]: " for number, section in enumerate(scenario.sites)}
    for seed in range(max(1, len(scenario.run.first_days))):
        for place in layout_of(scenario, seed).places:
            key = keys.get(place.name, "")
            for mistake in (*_weather_mistakes(place, scenario.run), *_grid_mistakes(place, scenario.run)):
                yield f"{key}{mistake}"


def _weather_mistakes(place: Place, run: RunSection) -> Iterator[str]:
    if place.weather.file is None:
        return
    try:
        recording = recorded_weather(Path(place.weather.file), place.site)
    except WeatherError as error:
        yield str(error)
        return
    days = run.warm_up_days + run.days
    try:
        for day in range(days + math.ceil(place.lead / SECONDS_PER_DAY)):
            recording.first_point(day)
    except WeatherError as error:
        yield f"run.days: expected weather for {run.days} days after {run.warm_up_days} of warm-up: {error}"


def _grid_mistakes(place: Place, run: RunSection) -> Iterator[str]:
    if place.grid.file is None:
        return
    try:
        ZoneHours(place, seed=0).between(0, (run.warm_up_days + run.days) * HOURS_PER_DAY)
    except GridError as error:
        yield f"grid.file: {error}"
