"""The calendar of teams' budgets in PromQL: days and months begin where the exporter's own budgets do."""

import random
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests
import yaml

from exporter.budget import Period, bounds_at
from exporter.core.units import UnixSeconds
from prometheus import team_limits
from prometheus.team_limits import (
    FIRST_MIDNIGHT,
    FIRST_YEAR,
    LAST_YEAR,
    NEXT_MIDNIGHT,
    PERIOD_END,
    PERIOD_START,
    TeamLimits,
    limit_groups,
)
from tests.processes import running_prometheus

pytestmark = [pytest.mark.servers, pytest.mark.slow]

ZONES = (
    "UTC",
    "Europe/Paris",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Africa/Cairo",
    "America/Santiago",
    "Pacific/Apia",
    "Africa/Casablanca",
)
"""Zones with and without summer time, of half and quarter hours, and such as change at midnight."""

MOMENTS = 12


def ask(prometheus: str, expr: str, moment: float) -> float:
    """Return the one value of an expression at a moment."""
    asked = {"query": expr, "time": f"{moment:.0f}"}
    answer = requests.post(f"{prometheus}/api/v1/query", data=asked, timeout=120)
    assert answer.status_code == 200, answer.text
    ((_, value),) = [one["value"] for one in answer.json()["data"]["result"]]
    return float(value)


def edges(prometheus: str, zone: str, period: Period, moment: float) -> tuple[float, float]:
    """Return start and end of a period, with what the rules record one after the other put in by hand."""
    (group,) = limit_groups(TeamLimits(zone=ZoneInfo(zone), grams={}))
    recorded: dict[tuple[str, str], float] = {}
    for rule in group.rules:
        expr = rule.expr
        for (name, of), value in recorded.items():
            expr = expr.replace(f'{name}{{period="{of}"}}', f"vector({value:.0f})")
        alone = rule.labels.get("period", str(period))
        for name in (FIRST_MIDNIGHT, NEXT_MIDNIGHT):
            expr = expr.replace(name, f"vector({recorded.get((name, alone), 0.0):.0f})")
        recorded[rule.record, alone] = ask(prometheus, expr, moment)
    return recorded[PERIOD_START, str(period)], recorded[PERIOD_END, str(period)]


def moments(zone: ZoneInfo) -> Iterator[float]:
    """Return moments of all years, and those around changes of the clock and around midnights after them."""
    draw = random.Random(zone.key)  # noqa: S311 - cases of a test
    begin, end = (datetime(year, 1, 1, tzinfo=zone).timestamp() for year in (FIRST_YEAR, LAST_YEAR))
    days = [
        bounds_at(Period.DAY, UnixSeconds(begin + 86_400.0 * number), zone)
        for number in range(int((end - begin) // 86_400))
    ]
    odd = [day for day in days if day.end - day.start != 86_400]
    for day in draw.sample(odd, min(len(odd), 4)):
        yield from (day.start - 1, day.start, day.start + 7200, day.end - 1, day.end, day.end + 1)
    for _ in range(MOMENTS):
        yield float(draw.randrange(int(begin), int(end)))


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("calendar")
    (folder / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": []}))
    with running_prometheus(folder / "prometheus.yml", folder) as url:
        yield url


def keeps_the_calendar(prometheus: str, zone: str) -> None:
    """Compare the rules of a zone with the exporter's own bounds."""
    for number, moment in enumerate(moments(ZoneInfo(zone))):
        period = (Period.DAY, Period.MONTH)[number % 2]
        bounds = bounds_at(period, UnixSeconds(moment), ZoneInfo(zone))
        assert edges(prometheus, zone, period, moment) == (bounds.start, bounds.end), (moment, period)


@pytest.mark.parametrize("zone", ZONES)
def test_periods_begin_and_end_with_those_of_the_exporter(prometheus: str, zone: str) -> None:
    keeps_the_calendar(prometheus, zone)


@pytest.mark.parametrize(("right", "wrong"), [("_midnight_changes", "_clock_changes"), ("_clock_changes", "_none")])
def test_a_seeded_bug_is_found(prometheus: str, monkeypatch: pytest.MonkeyPatch, right: str, wrong: str) -> None:
    monkeypatch.setattr(team_limits, right, getattr(team_limits, wrong, lambda _: (3600.0, ())))
    with pytest.raises(AssertionError, match=r"day|month"):
        keeps_the_calendar(prometheus, "Asia/Beirut")
