"""Panels and rules over long windows, asked of thirteen months of recorded series in a real Prometheus."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from bench.dashboard_bench import Asked, asked
from prometheus.recording import SCOPE_RATE, emission_rate, groups
from tests.long_past import (
    DAY,
    FIRST,
    LAST,
    MONTHLY,
    PRICE,
    SLOW_STEP,
    day_of,
    elapsed,
    host_rate,
    network_rate,
    share,
    write_long_past,
)
from tests.processes import running_prometheus

pytestmark = [pytest.mark.servers, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
ENDS = {
    "leap day": datetime(2024, 3, 3, tzinfo=UTC),
    "summer time begins": datetime(2024, 4, 2, tzinfo=UTC),
    "summer time ends": datetime(2024, 10, 29, tzinfo=UTC),
    "year": datetime(2025, 1, 2, tzinfo=UTC),
    "February": datetime(2025, 3, 1, tzinfo=UTC),
}
"""Moments at which somebody looks back, two days after what is particular at most."""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("long")
    write_long_past(folder)
    config = folder / "prometheus.yml"
    config.write_text("global: {scrape_interval: 15s}\n", encoding="utf-8")
    with running_prometheus(config, folder, "--storage.tsdb.retention.time=20y") as url:
        yield url


@pytest.fixture(params=list(ENDS.values()), ids=list(ENDS))
def end(request: pytest.FixtureRequest) -> int:
    moment: datetime = request.param
    return int(moment.timestamp())


def ask(url: str, path: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    answer = requests.get(f"{url}/api/v1/{path}", params=parameters, timeout=240)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]["result"]
    return found


def instant(url: str, expr: str, moment: float) -> float:
    (one,) = ask(url, "query", {"query": expr, "time": str(moment)})
    return float(one["value"][1])


def panel(board: str, title: str, end: int, shown: int = DAY) -> list[Asked]:
    """Return the queries of a panel as Grafana sends them at a moment."""
    document = json.loads((ROOT / f"grafana/dashboards/{board}.json").read_text(encoding="utf-8"))
    return [one for one in asked(document, end, shown) if one.title == title]


def over_time(url: str, one: Asked) -> dict[str, list[tuple[int, float]]]:
    """Return the values of each series by its labels."""
    return {
        ",".join(series["metric"].values()): [(int(at), float(value)) for at, value in series["values"]]
        for series in ask(url, one.path, one.parameters)
    }


def days_before(end: int, count: int) -> range:
    return range(end // DAY - count, end // DAY)


def test_bars_of_days_are_the_grams_of_the_days_that_end_there(prometheus: str, end: int) -> None:
    (one,) = panel("device-carbon", "CO₂ of each day", end)
    found = over_time(prometheus, one)
    for scope, rate in (("host", host_rate), ("network", network_rate)):
        days = [(at, grams) for at, grams in found[scope] if at - DAY >= FIRST.timestamp()]
        assert len(days) >= 29
        assert [grams for _, grams in days] == pytest.approx([DAY * rate(at // DAY - 1) for at, _ in days])


def test_costs_of_days_are_those_of_the_days_that_end_there(prometheus: str, end: int) -> None:
    (one,) = panel("carbon-budget-and-alerts", "Cost of each day", end)
    days = [(at, cost) for at, cost in over_time(prometheus, one)["EUR"] if at - DAY >= FIRST.timestamp()]
    assert len(days) >= 29
    assert [cost for _, cost in days] == pytest.approx([PRICE * DAY * host_rate(at // DAY - 1) for at, _ in days])


def test_each_weekday_shows_what_its_day_used_up_by_its_end(prometheus: str, end: int) -> None:
    """The first query tells noon of the week's Monday; the others are of Monday to Sunday."""
    mondays, *weekdays = panel("carbon-budget-and-alerts", "Days against the day's budget", end)
    compared = 0
    begins = {at: value / 1000 for at, value in over_time(prometheus, mondays)[""]}
    for number, one in enumerate(weekdays):
        for at, used in over_time(prometheus, one)[""]:
            start, after = day_of(begins[at] + number * DAY)
            if start < FIRST.timestamp() or after > end:
                continue
            assert datetime.fromtimestamp(start + DAY / 2, UTC).weekday() == number
            assert used == pytest.approx(share(start), rel=2 * SLOW_STEP / DAY)
            compared += 1
    assert compared >= 28


def test_what_is_left_of_a_month_begins_again_with_each_month(prometheus: str, end: int) -> None:
    left, evenly = panel("carbon-budget-and-alerts", "Left of the month", end)
    for one, used in ((left, MONTHLY), (evenly, 1.0)):
        ((_, values),) = over_time(prometheus, one).items()
        assert len(values) > 300
        # A value is as old as the last evaluation, which at the beginning of a month was in the one before.
        inside = [(at, value) for at, value in values if elapsed(at - SLOW_STEP) < elapsed(at)]
        assert len(inside) >= len(values) - 2
        expected = [1 - used * elapsed(at - SLOW_STEP / 2) for at, _ in inside]
        assert [value for _, value in inside] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("days", [1, 3])
def test_recorded_rates_over_days_are_the_means_of_the_days(prometheus: str, end: int, days: int) -> None:
    exprs = {rule.record: rule.expr for group in groups() for rule in group.rules}
    rates = [host_rate(day) + network_rate(day) for day in days_before(end, days)]
    found = instant(prometheus, exprs[emission_rate(f"{days}d")], end)
    assert found == pytest.approx(sum(rates) / days, rel=1e-6)


@pytest.mark.parametrize("days", [30, 365])
def test_sums_over_a_month_and_a_year_leave_no_day_out(prometheus: str, days: int) -> None:
    end = int(LAST.timestamp())
    costs = [PRICE * DAY * host_rate(day) for day in days_before(end, days)]
    spent = panel("carbon-budget-and-alerts", "Cost of electricity", end, days * DAY)[1]
    assert instant(prometheus, spent.parameters["query"], end) == pytest.approx(sum(costs), rel=1e-6)
    grams = f'60 * sum_over_time({SCOPE_RATE}{{scope="network"}}[{days}d])'
    network = [DAY * network_rate(day) for day in days_before(end, days)]
    assert instant(prometheus, grams, end) == pytest.approx(sum(network), rel=1e-6)
