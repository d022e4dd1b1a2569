"""The quick look shows every panel with its values, hides what Grafana would hide, and says that it is not Grafana."""

import re
import time
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grafana.draw import figures
from grafana.draw.__main__ import chosen, main
from grafana.draw.ask import NoAnswerError, Prometheus, Series
from grafana.draw.axes import Axis, limits
from grafana.draw.frames import frame, legend
from grafana.draw.graphs import Line, graph, timeline
from grafana.draw.looks import Look
from grafana.draw.page import page
from grafana.draw.panels import _span, drawn
from grafana.draw.values import written
from grafana.queries import panels, selectors
from tests.grafana.committed import board, names
from tests.processes import free_port

NOW = 1_764_350_000.0


class Constant(Prometheus):
    """A server that has one series for every query, with a number of its own for each label that the query keeps."""

    def _get(self, path: str, parameters: Any) -> Any:
        kept = {name for one in selectors(parameters["query"]) for name in ("instance", "node", "job")}
        labels = {name: f"a-{name}" for name in kept}
        if path == "query":
            return [{"metric": labels, "value": [NOW, "3.5"]}]
        return [{"metric": labels, "values": [[NOW - 60.0 * ago, "3.5"] for ago in range(30, -1, -1)]}]


class Silent(Constant):
    """A server that has nothing."""

    def _get(self, path: str, parameters: Any) -> Any:
        return Constant._get(self, path, parameters)[:0]


class Asked(Silent):
    """A server that keeps what it is asked."""

    questions: ClassVar[list[str]] = []

    def _get(self, path: str, parameters: Any) -> Any:
        self.questions.append(parameters["query"])
        return Silent._get(self, path, parameters)


def server(kind: type[Prometheus]) -> Prometheus:
    """Run a server with the last half hour."""
    return kind(url="", end=NOW, span=1800.0, scrape=5.0, values={})


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("width", [1280, 1600])
def test_every_panel_of_every_board_is_drawn(name: str, width: int) -> None:
    html, height = page(board(name), server(Constant), width, unfolded=True)
    assert [one["title"] for one in panels(board(name)) if f">{escape(one['title'])}</h3>" not in html] == []
    assert "not Grafana" in html
    assert height > 1000


@pytest.mark.parametrize("name", names())
def test_a_panel_without_data_says_so_in_its_own_words(name: str) -> None:
    html, _ = page(board(name), server(Silent), 1280, unfolded=True)
    told = {one["fieldConfig"]["defaults"]["noValue"] for one in panels(board(name)) if one["type"] != "text"}
    assert [text for text in told if escape(text) not in html] == []


def test_rows_that_are_closed_stay_closed() -> None:
    html, short = page(board("device-carbon.json"), server(Constant), 1280, unfolded=False)
    _, tall = page(board("device-carbon.json"), server(Constant), 1280, unfolded=True)
    assert " panels)" in html
    assert short < tall


def table(columns: int, **custom: object) -> dict[str, Any]:
    """Return a table with columns, all of one configuration."""
    targets = [{"expr": "up", "instant": True, "format": "table"}] * columns
    defaults = {"unit": "none", "custom": custom, "color": {"mode": "fixed", "fixedColor": "#000000"}}
    config = {"defaults": defaults, "overrides": []}
    return {"type": "table", "title": "T", "targets": targets, "fieldConfig": config, "options": {}}


def test_columns_that_grafana_would_hide_are_told() -> None:
    told = "columns go on to the right"
    assert told in drawn(table(6), server(Constant), (700, 300))
    assert told not in drawn(table(6, minWidth=60), server(Constant), (700, 300))


def test_answers_are_joined_on_the_labels_that_all_have() -> None:
    def one(value: float, **labels: str) -> Series:
        return Series(labels=labels, points=[(NOW, value)])

    powers = [one(1.0, node="a", supply="wind"), one(2.0, node="b", supply="solar")]
    shares = [one(0.5, node="b")]
    made = frame(table(2), [("power", powers), ("share", shares)])
    assert made.rows == [
        {"node": "a", "supply": "wind", "Value #A": 1.0},
        {"node": "b", "supply": "solar", "Value #A": 2.0, "Value #B": 0.5},
    ]


def test_answers_over_time_are_joined_on_their_times_and_a_cell_has_the_colour_of_its_value() -> None:
    days = table(2, cellOptions={"type": "color-background"})
    days["targets"] = [{**target, "instant": False} for target in days["targets"]]
    monday = [Series(labels={}, points=[(0.0, 0.5), (604_800.0, 1.25)])]
    tuesday = [Series(labels={}, points=[(604_800.0, 0.75)])]
    made = frame(days, [("Mon", monday), ("Tue", tuesday)])
    assert [(row.get("Value #A"), row.get("Value #B")) for row in made.rows] == [(0.5, None), (1.25, 0.75)]
    steps = [{"value": None, "color": "#111111"}, {"value": 1.0, "color": "#222222"}]
    days["fieldConfig"]["defaults"] |= {"color": {"mode": "thresholds"}, "thresholds": {"steps": steps}}
    html = figures.table(days, made, (400, 200))
    assert html.count("background:#111111") == 2
    assert html.count("background:#222222") == 1


def test_a_threshold_beyond_the_values_does_not_flatten_them() -> None:
    config = {
        "min": 0,
        "thresholds": {"steps": [{"value": None, "color": "#000000"}, {"value": 1500.0, "color": "#FF0000"}]},
        "custom": {"thresholdsStyle": {"mode": "dashed"}},
    }
    line = Line(name="a", look=Look(config), colour="#000000", points=[(0.0, 100.0), (10.0, 200.0)])
    svg = graph([line], size=(400, 200), across=(0.0, 10.0), gap=20)
    assert "1500" not in svg
    assert "#D64550" not in svg


def test_columns_of_several_series_have_the_width_of_their_common_step() -> None:
    def columns(name: str, *at: float) -> Line:
        look = Look({"custom": {"drawStyle": "bars"}})
        return Line(name=name, look=look, colour="#000000", points=[(one, 1.0) for one in at])

    svg = graph([columns("clean", 3.0), columns("other", 1.0, 2.0, 4.0)], size=(400, 200), across=(0.5, 4.5), gap=0)
    assert len(set(re.findall(r'<rect [^>]*width="([\d.]+)"', svg))) == 1


def test_mirrored_areas_are_stacked_downwards_among_themselves() -> None:
    """Two sides that are equally tall end at the same distance from zero, in whichever parts they come."""

    def area(name: str, value: float, **own: str) -> Line:
        look = Look({"unit": "watt", "custom": {"stacking": {"mode": "normal"}, **own}})
        return Line(name=name, look=look, colour="#000000", points=[(0.0, value), (10.0, value)])

    down = {"transform": "negative-Y"}
    sides = [area("in", 1.0), area("in, too", 3.0), area("out", 2.0, **down), area("out, too", 2.0, **down)]
    svg = graph(sides, size=(400, 200), across=(0.0, 10.0), gap=20)
    one, four, two, end = (float(at) for at in re.findall(r'<polyline points="[\d.]+,([\d.]+)', svg))
    zero = one + (one - four) / 3
    assert zero - four == pytest.approx(end - zero, abs=0.3)
    assert two - zero == pytest.approx(end - two, abs=0.3)


def test_a_label_that_a_series_lacks_leaves_nothing_in_its_name() -> None:
    assert legend("{{node}}{{run}} ({{ supply }})", {"node": "roof", "supply": "solar"}) == "roof (solar)"


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (45.23, "watt", 1, "45.2 W"),
        (1500.0, "watt", None, "1.5 kW"),
        (0.0042, "joule", None, "4.2 mJ"),
        (0.123, "percentunit", 0, "12%"),
        (0.0, "percentunit", None, "0%"),
        (90.0, "s", None, "1.5 mins"),
        (0.25, "s", None, "250 ms"),
        (3725.0, "dtdurations", None, "01:02:05"),
        (2048.0, "bytes", None, "2 KiB"),
        (-0.125, "currencyUSD", 2, "-$0.12"),
        (12.0, "suffix:g/h", 1, "12.0 g/h"),
        (1234.6, "none", None, "1235"),
        (float("nan"), "watt", None, "-"),
        (1_764_547_200_000.0, "time:D MMM", None, "1 Dec"),
    ],
)
def test_values_are_written_in_their_unit(value: float, unit: str, decimals: int | None, text: str) -> None:
    assert written(value, unit, decimals) == text


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=20), st.none() | st.floats(-1e6, 0.0))
def test_an_axis_holds_every_value_and_its_ticks(values: list[float], low: float | None) -> None:
    least, most = limits(values, low, None)
    axis = Axis(low=least, high=most, start=200.0, end=10.0)
    spare = 1e-6 * (most - least)
    assert least - spare <= min(values)
    assert max(values) <= most + spare
    assert all(9.99 <= axis.at(tick) <= 200.01 for tick in axis.ticks())
    assert len(axis.ticks()) >= 2


def test_a_state_lasts_until_the_next_and_the_newest_to_the_end() -> None:
    line = Line(name="a", look=Look({}), colour="#000000", points=[(0.0, 1.0), (2.0, 1.0), (4.0, 2.0)])
    svg = timeline([line], size=(400, 200), across=(0.0, 8.0))
    first, second = (float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', svg))
    assert first == pytest.approx(second, abs=0.2)


def test_a_gap_breaks_a_line() -> None:
    points = [(0.0, 1.0), (1.0, 2.0), (9.0, 3.0), (10.0, 4.0)]
    line = Line(name="a", look=Look({"custom": {}}), colour="#000000", points=points)
    assert graph([line], size=(400, 200), across=(0.0, 10.0), gap=2.0).count("<polyline") == 2


def test_each_unit_has_an_axis_of_its_own() -> None:
    def line(unit: str, top: float) -> Line:
        looks = Look({"unit": unit, "min": 0, "custom": {}})
        return Line(name=unit, look=looks, colour="#000000", points=[(0.0, 0.0), (10.0, top)])

    def heights(svg: str) -> list[list[float]]:
        return [
            [float(pair.split(",")[1]) for pair in run.split()] for run in re.findall(r'<polyline points="(.*?)"', svg)
        ]

    svg = graph([line("watt", 100.0), line("percentunit", 0.5)], size=(400, 200), across=(0.0, 10.0), gap=20)
    power, load = heights(svg)
    assert power == load
    assert ">100 W<" in svg
    assert ">50%<" in svg


def test_a_server_that_cannot_be_asked_is_named_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert main(["scheduler", "--prometheus", url, "--output", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"grafana.draw: {url}/api/v1/")
    assert told.count("\n") == 1
    with pytest.raises(NoAnswerError):
        Prometheus(url=url, end=NOW, span=60.0, scrape=5.0, values={}).instant("up")


def test_a_figure_of_a_panel_with_a_time_of_its_own_is_of_that_time(monkeypatch: pytest.MonkeyPatch) -> None:
    (today,) = [one for one in panels(board("fleet.json")) if one["title"] == "Today"]
    Asked.questions.clear()
    monkeypatch.setenv("TZ", "UTC0")
    time.tzset()
    try:
        drawn(today, server(Asked), (300, 200))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert [re.findall(r"\[(\w+)\]", one) for one in Asked.questions] == [[f"{NOW % 86_400:.0f}s"]]


@pytest.mark.slow
def test_the_first_choice_of_a_board_is_heeded_unless_another_is_made() -> None:
    document, silent = board("experiments.json"), server(Silent)
    first, _ = page(document, chosen(document, silent), 1280, unfolded=False)
    other, _ = page(document, chosen(document, replace(silent, values={"experiment": "peers"})), 1280, unfolded=False)
    assert "<b>baseline</b> Scenario <b>edge</b>" in first
    assert "Methods of peers on edge" in other


@pytest.mark.parametrize(("zone", "shown"), [("UTC0", "17:13 UTC"), ("<+05>-5", "22:13 +05")])
def test_times_are_those_of_the_machine_as_in_a_browser(monkeypatch: pytest.MonkeyPatch, zone: str, shown: str) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        html, _ = page(board("home.json"), server(Constant), 1280, unfolded=False)
        today = [one for one in asked_spans("fleet.json") if one < 86_400.0]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert f"to 2025-11-28 {shown}" in html
    hours, minutes = shown[:5].split(":")
    assert today and all(round(one / 60.0) == 60 * int(hours) + int(minutes) for one in today)


def asked_spans(name: str) -> list[float]:
    """Return the seconds that the panels of a board with a time of their own show."""
    return [_span(one, server(Constant)) for one in panels(board(name)) if one.get("timeFrom")]
