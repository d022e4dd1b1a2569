"""The commands and code of the how-to pages work as shown."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from simulator.energy.weather_file import load_weather
from simulator.scenario.load import load_scenario
from simulator.scenario.schema import Scenario
from tests.simulator.energy.places import greensboro

HOW_TO = Path(__file__).parents[2] / "docs/how-to"


def blocks(page: str, containing: str) -> list[str]:
    """Return the code on a page that contains a text."""
    found = re.findall(r"```[a-z]*\n(.*?)```", (HOW_TO / page).read_text(encoding="utf-8"), re.DOTALL)
    return [block for block in found if containing in block]


def test_weather_laid_out_as_shown_is_read(tmp_path: Path) -> None:
    (shown,) = blocks("run-the-simulator.md", "-BEGIN HEADER-")
    *heading, last = shown.splitlines()
    hour = datetime.strptime(" ".join(last.split(",")[:4]), "%Y %m %d %H")  # noqa: DTZ007 - local standard time
    more = [hour + timedelta(hours=later) for later in range(1, 24)]
    rows = [last, *(f"{one:%Y},{one.month},{one.day},{one.hour},0.0,5.25,3.00,98.00" for one in more)]
    file = tmp_path / "weather.csv"
    file.write_text("\n".join([*heading, *rows]) + "\n", encoding="utf-8")
    weather = load_weather(file, greensboro(date(2025, 3, 19))).day(0)
    assert weather.air_celsius[[0, 12, 24]] == pytest.approx([6.76, 5.80, 5.25])
    assert np.all(weather.pressure_pascals > 97_000.0)


def test_a_device_defined_as_shown_is_read(tmp_path: Path) -> None:
    (shown,) = blocks("define-devices.md", "devices:\n  - name: thin-client")
    (profile,) = blocks("define-devices.md", "profile: profile.json")
    file = tmp_path / "mine.yaml"
    file.write_text(shown, encoding="utf-8")
    scenario = load_scenario(str(file))
    assert isinstance(scenario, Scenario)
    assert [device.name for device in scenario.devices] == ["thin-client"]
    file.write_text(shown.replace("    compression: {mlp: 0.5}\n", "") + profile, encoding="utf-8")
    scenario = load_scenario(str(file))
    assert isinstance(scenario, Scenario)
    assert scenario.models.profile == str(tmp_path / "profile.json")
