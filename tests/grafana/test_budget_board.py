"""The board Carbon budget and alerts: its calendar puts each day where it belongs, and its names are the exporter's."""

import json
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.intensity.live import DISCARD_REASONS
from exporter.intensity.reading import Method
from grafana.carbon_budget.budgets import WEEKDAYS
from grafana.carbon_budget.health import REASONS
from grafana.colours import METHODS
from grafana.queries import panels
from prometheus.recording import CONSUMED
from tests.grafana.committed import board
from tests.grafana.promtool import asked, objections

NAME = "carbon-budget-and-alerts.json"
GOLDEN = Path(__file__).parents[1] / "golden/exporter.prom"
TARGET = 'job="ecotrack",instance="a"'

DAYS = 21
"""Three weeks from 1970-01-01 on, a Thursday, as promtool counts time."""


def share(day: int) -> float:
    """Return the share of its limit that a day ends with: unlike that of any day near it."""
    return (day * 37 % 23) / 16


@pytest.mark.servers
@pytest.mark.parametrize("shift", [-1, 0, 1], ids=["an hour early", "on the hour", "an hour late"])
def test_each_day_stands_at_its_weekday_in_its_week_whichever_way_clocks_were_changed(
    shift: int, tmp_path: Path
) -> None:
    """Steps of seven days begin on Thursdays, and midnight may have moved by an hour since."""
    values = []
    for hour in range(DAYS * 24):
        day, hours = divmod(hour - shift, 24)
        values.append(0.0 if day < 0 else share(day) * (hours + 1) / 24)
    series = {f'{CONSUMED}{{{TARGET},period="day"}}': " ".join(f"{value:.12g}" for value in values)}
    expected = [
        (
            f"round({asked(NAME, CALENDAR, name)}, 0.0001)",
            f"{7 * week}d",
            "{}",
            round(share(7 * week + 4 + number), 4),
        )
        for week in range(2)
        for number, name in enumerate(WEEKDAYS)
        # Up to four hours of the day after are looked at, too.
        if share(7 * week + 4 + number) > share(7 * week + 5 + number) / 6
    ]
    # promtool loads no more than up to the last question.
    expected.append(("vector(1)", f"{DAYS}d", "{}", 1.0))
    # The Monday of the first row is the fifth of January.
    expected.append((asked(NAME, CALENDAR, "week"), "0d", "{}", 1000 * 4.5 * 86_400))
    assert objections(tmp_path, series, expected) == ""


CALENDAR = "Days against the day's budget"


@pytest.mark.servers
def test_verified_errors_stand_beside_those_of_yesterdays_value(tmp_path: Path) -> None:
    """As the exporter exports them once it has run for days."""
    series = {
        f"{sample.name}{{{','.join(f'{key}={value!r}' for key, value in sample.labels.items())},{TARGET}}}".replace(
            "'", '"'
        ): f"{sample.value}x2"
        for family in text_string_to_metric_families(GOLDEN.read_text(encoding="utf-8"))
        for sample in family.samples
        if sample.name.startswith("ecotrack_grid_carbon_forecast")
    }
    title, labels = "How far off the forecast is", '{hours="1"}'
    figures = {"Forecast": 61.5, "Off by": 4.5, "Yesterday's": 12.25, "Estimated": 108_000.0, "Measured": 0.0}
    expected = [(asked(NAME, title, name), "1h", labels, value) for name, value in figures.items()]
    assert objections(tmp_path, series, expected) == ""


def test_methods_and_reasons_are_those_of_the_exporter() -> None:
    assert list(METHODS) == [method.value for method in Method]
    assert tuple(REASONS) == DISCARD_REASONS


def test_opportunities_mark_the_panels_of_the_grid_and_no_others() -> None:
    marks = {one["name"]: one for one in board(NAME)["annotations"]["list"]}
    titles = {one["id"]: one["title"] for one in panels(board(NAME))}
    marked = [titles[number] for number in marks["Opportunity alerts"]["filter"]["ids"]]
    assert marked == ["Carbon intensity, and what was forecast"]
    assert marks["Opportunity alerts"]["iconColor"] != marks["Budget alerts"]["iconColor"]


def test_it_leads_to_the_device_and_the_device_to_it() -> None:
    def urls(name: str) -> str:
        return json.dumps([one.get("fieldConfig", {}).get("defaults", {}).get("links") for one in panels(board(name))])

    assert "/d/ecotrack-device?" in urls(NAME)
    assert "/d/ecotrack-budget?" in urls("device-carbon.json")
