"""Laws of the files that a scenario names."""

import re

import msgspec

from scripts.reference import _keys
from simulator.scenario.devices import ModelsSection
from simulator.scenario.files import named_files
from simulator.scenario.schema import ForecastSection, GridSection, LedgerSection, PlaceSection, Scenario
from simulator.scenario.supply import WeatherSection
from simulator.scenario.tasks import ArrivalsSection
from tests.simulator.scenario.scenarios import edge


def test_every_key_for_a_file_is_known() -> None:
    weather, grid = WeatherSection(file="w"), GridSection(file="g")
    scenario = edge(
        weather=weather,
        grid=grid,
        sites=(
            PlaceSection(name="lyon", latitude=45.8, longitude=4.8, utc_offset_hours=1, weather=weather, grid=grid),
        ),
        models=ModelsSection(profile="m", devices=()),
        workload=msgspec.structs.replace(edge().workload, arrivals=ArrivalsSection(kind="trace", file="t")),
        forecast=ForecastSection(supply="best", checkpoints=("c",)),
        ledger=LedgerSection(prices="p"),
    )
    known = {re.sub(r"\[\d+\]", "[]", key).removesuffix("[]") for key in named_files(scenario)}
    assert known == {key for key, _, _, meaning in _keys(Scenario) if "beside this file" in meaning}


def test_a_scenario_without_files_names_none() -> None:
    assert named_files(edge()) == {}
