"""The page: small, safe, without script, true to `/metrics`, and clear about being simulated."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.core.chart import HEIGHT, WIDTH
from exporter.core.html import MARK, style_sheet
from exporter.core.units import Seconds
from exporter.core.web.publication import Publication
from exporter.core.web.server import Request
from simulator.app import routes
from simulator.live.chart import power_chart
from simulator.live.exposition.rows import exposition
from simulator.live.forecast_table import MOST_CHARTS, forecast_chart
from simulator.live.forecast_view import HourView, forecasts_of
from simulator.live.page import render_page
from simulator.live.snapshot import Snapshot
from simulator.live.summary import history, summarize
from simulator.run.totals import Totals
from tests.exporter.test_page import HARMLESS, Document, Figure, browse, corner
from tests.fake_clock import FakeClock
from tests.simulator.live.golden_snapshot import HOSTILE, golden_snapshot, rendered

NODE_FIGURES = {
    "load_watts": "ecochain_node_load_watts",
    "supply_watts": "ecochain_node_supply_watts",
    "battery_charge_ratio": "ecochain_node_battery_charge_ratio",
    "frequency_hertz": "ecochain_node_frequency_hertz",
    "utilization_ratio": "ecochain_node_utilization_ratio",
    "backlog_seconds": "ecochain_node_backlog_seconds",
    "queued_tasks": "ecochain_scheduler_queued_tasks",
}
"""Figure of a node on the page, and the family that it shows."""


def page(snapshot: Snapshot, *, fresh: bool = True) -> str:
    return render_page(summarize(snapshot, fresh=fresh), history(snapshot), metrics_path="/metrics")


def before_the_first_step() -> Snapshot:
    return Snapshot(
        facts=golden_snapshot().facts,
        clock=Seconds(0.0),
        totals=Totals.zero(nodes=2, buses=2, sites=1, classes=2),
        at_midnight=Totals.zero(nodes=2, buses=2, sites=1, classes=2),
    )


def samples(snapshot: Snapshot) -> Mapping[str, list[tuple[dict[str, str], float]]]:
    """Return labels and values by name, as a scraper reads them."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(rendered(snapshot, openmetrics=False).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def test_the_nodes_figures_are_those_of_metrics() -> None:
    figures = Document(page(golden_snapshot())).figures
    for shown, family in NODE_FIGURES.items():
        exposed = {f"{shown}-{labels['node']}": value for labels, value in samples(golden_snapshot())[family]}
        on_page = {name: figure.value for name, figure in figures.items() if name.startswith(f"{shown}-")}
        if shown == "supply_watts":
            # A node without a supply of its own shows a dash where its series says 0.
            exposed.pop("supply_watts-rack")
        assert on_page == pytest.approx(exposed), shown


def test_the_clusters_figures_are_sums_over_metrics() -> None:
    figures, exposed = Document(page(golden_snapshot())).figures, samples(golden_snapshot())
    load = sum(value for _, value in exposed["ecochain_node_load_watts"])
    clock = exposed["ecochain_clock_seconds_total"][0][1]
    assert figures["power"] == Figure(value=load, text="28.5")
    assert figures["clock"] == Figure(value=clock, text="2025-03-21 12:00")
    assert figures["speed"].value == exposed["ecochain_clock_speed_ratio"][0][1]


def test_today_begins_at_simulated_midnight() -> None:
    figures = Document(page(golden_snapshot())).figures
    grid, energy = 500.0 + 90_000.5 - 60_000.0, 5500.0 + 90_000.5 - 60_000.0
    assert figures["renewable"].value == pytest.approx(1.0 - grid / energy)
    assert figures["today"].value == pytest.approx(10.0625 - 6.5)
    # Units stand small beside the large figures, here as everywhere.
    assert figures["today"].text == "3.6"
    assert {name: figures[name].text for name in ("completed", "late", "dropped")} == {
        "completed": "320",
        "late": "20",
        "dropped": "4",
    }
    assert figures["missed"].value == pytest.approx(24 / 324)


def test_only_the_simulated_time_is_called_a_clock() -> None:
    assert re.findall("<th[^>]*>(?:Clock|Frequency)</th>", page(golden_snapshot())) == [
        '<th class="num">Frequency</th>'
    ]


def test_it_says_that_all_is_simulated() -> None:
    text = Document(page(golden_snapshot())).text
    assert "Simulated cluster, day 2: it is 2025-03-21 12:00 there." in text
    assert "60 simulated seconds pass in each second." in text
    assert "<title>28.5 W - EcoChain, simulated</title>" in page(golden_snapshot())


def test_a_clock_that_lags_is_told() -> None:
    readings = golden_snapshot().readings
    assert readings is not None
    slow = replace(golden_snapshot(), readings=replace(readings, speed=40.0))
    assert "40 simulated seconds pass in each second of 60 wanted" in Document(page(slow)).text


# Just before and after the last year of four digits, and after the one that 29 hours at the greatest speed reach.
@pytest.mark.parametrize("day", [2_912_000, 2_912_850, 2_915_000, 40_000_000])
def test_the_clock_goes_on_after_the_year_9999(day: int) -> None:
    late = replace(golden_snapshot(), clock=Seconds(day * 86_400.0 + 43_200.0))
    true = str(np.datetime64("2025-03-20", "D") + day)
    told = summarize(late, fresh=True)
    assert told.clock_time[4:] == f"{true[-6:]}T12:00:00-05:00"
    assert told.clock_time[:4] == true[:-6] or int(true[:-6]) > 9999
    assert f"day {day + 1}: it is" in Document(page(late)).text


def test_it_needs_no_script_and_nothing_from_elsewhere() -> None:
    html = page(golden_snapshot())
    document = Document(html)
    assert [tag for tag, _ in document.tags if not HARMLESS.fullmatch(tag)] == []
    attributes = {(name, value or "") for _, given in document.tags for name, value in given.items()}
    assert not {name for name, _ in attributes if name.startswith("on") or name in ("src", "style", "srcset")}
    links = {value for name, value in attributes if name == "href"}
    assert links == {"/metrics", "/api/v1/summary", "/api/v1/history", "/?still", MARK}
    assert len(html.encode()) < 30_000


def test_hostile_names_are_text_and_nothing_more() -> None:
    plain = Document(page(golden_snapshot()))
    facts = golden_snapshot().facts
    node = replace(facts.nodes[0], name=HOSTILE, device=HOSTILE)
    hostile = replace(facts, scenario=HOSTILE, policy=HOSTILE, version=HOSTILE, nodes=(node, facts.nodes[1]))
    document = Document(page(replace(golden_snapshot(), facts=hostile)))
    assert [tag for tag, _ in document.tags] == [tag for tag, _ in plain.tags]
    assert document.text.count(HOSTILE) == 7


def test_long_names_of_nodes_and_reasons_wrap_so_that_a_narrow_page_shows_who_sleeps() -> None:
    rule = re.search(r"^(.*)\{white-space:normal;min-width:7rem\}$", style_sheet(), re.MULTILINE)
    assert rule is not None
    assert rule[1].split(",") == [".standings td:first-child", ".standings td:last-child"]


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    first = Document(page(before_the_first_step(), fresh=False))
    assert "waiting for the first step" in first.text
    assert "The chart begins after ten simulated minutes." in first.text
    assert first.text.count("unknown") >= 3
    stale = Document(page(golden_snapshot().without_readings(), fresh=False))
    assert "which is too long ago" in stale.text
    assert "power" not in stale.figures
    assert "today" in stale.figures


def test_the_chart_is_drawn_to_scale() -> None:
    points = history(golden_snapshot())
    chart = power_chart(points)
    end = points[-1]
    for name, top in {
        "renewable": end.renewable_watts,
        "battery": end.renewable_watts + end.battery_watts,
        "grid": end.renewable_watts + end.battery_watts + end.grid_watts,
    }.items():
        outline = corners(chart, f"band {name}")
        assert (WIDTH, round(HEIGHT * (1 - top / 40.0))) in outline
    assert corners(chart, "generation")[0][0] == round(WIDTH / 288)


def corners(chart: str, name: str) -> list[tuple[int, int]]:
    """Return the places on a path, from relative steps."""
    path = re.search(f'class="{name}" d="M([^"z]*)', chart)
    assert path is not None
    numbers = [int(number) for number in re.findall(r"-?\d+", path[1])]
    places = [(numbers[0], numbers[1])]
    for dx, dy in zip(numbers[2::2], numbers[3::2], strict=True):
        places.append((places[-1][0] + dx, places[-1][1] + dy))
    return places


def test_the_summary_and_the_history_are_json_of_the_same_snapshot() -> None:
    clock = FakeClock()
    site = routes(Publication(clock, golden_snapshot(), exposition))
    answers = {path: site[path](Request(method="GET", path=path, query="", headers={})) for path in site}
    assert set(answers) == {"/", "/metrics", "/-/healthy", "/-/ready", "/api/v1/summary", "/api/v1/history"}
    assert answers["/-/ready"].status == 200
    assert b'"power_watts":28.5' in answers["/api/v1/summary"].body
    assert answers["/api/v1/history"].body.count(b"clock_seconds") == 288
    clock.advance(60.0)
    ready = site["/-/ready"](Request(method="GET", path="/-/ready", query="", headers={}))
    assert ready.status == 503


def test_forecasts_are_those_of_metrics() -> None:
    figures, exposed = Document(page(golden_snapshot())).figures, samples(golden_snapshot())
    skills = {
        f"skill-{labels['horizon'].removesuffix('h')}-{labels['supply']}-{labels['site']}": value
        for labels, value in exposed["ecochain_forecast_skill_ratio"]
    }
    assert skills == {name: figure.value for name, figure in figures.items() if name.startswith("skill-")}
    assert figures["next-solar-site"].value == golden_snapshot().forecasts[0].ahead[0, 0]


def test_the_ledger_is_that_of_metrics() -> None:
    shown, exposed = Document(page(golden_snapshot())), samples(golden_snapshot())
    figures = shown.figures
    assert figures["ledger-head"].value == exposed["ecochain_ledger_head_slot"][0][1]
    assert figures["ledger-final"].value == exposed["ecochain_ledger_finalized_slot"][0][1]
    assert figures["ledger-balance"].value == exposed["ecochain_ledger_balance_grams"][0][1]
    units = {labels["state"]: value for labels, value in exposed["ecochain_ledger_credits_grams"]}
    assert (figures["ledger-held"].value, figures["ledger-retired"].value) == (units["held"], units["retired"])
    rejected = {labels["reason"]: value for labels, value in exposed["ecochain_ledger_rejected_total"]}
    assert {name: count for name, count in rejected.items() if count} == {"over_capacity": 1.0, "sequence_gap": 12.0}
    assert "1 over capacity, 12 sequence gap" in shown.text
    assert ">Ledger<" not in page(replace(golden_snapshot(), ledger=None))


def test_the_page_says_which_model_is_served_and_why() -> None:
    text = Document(page(golden_snapshot())).text
    assert "ridge to 1 h: error on validation days 2.5% below that of convex" in text
    assert "convex to 24 h: fell behind smart persistence, which stands in" in text
    assert text.count("a checkpoint was refused, the log says why") == 1


def test_hours_that_are_not_known_are_gaps_in_the_chart() -> None:
    (forecast, *_) = forecasts_of(golden_snapshot())
    middle = len(forecast.past) // 2
    unknown = msgspec.structs.replace(forecast.past[middle], came=None)
    cut = msgspec.structs.replace(forecast, past=[*forecast.past[:middle], unknown, *forecast.past[middle + 1 :]])
    assert forecast_chart(forecast).count('class="came"') == 1
    assert forecast_chart(cut).count('class="came"') == 2
    nothing = HourView(came=None, mean=None, p05=None, p10=None, p90=None, p95=None)
    assert forecast_chart(msgspec.structs.replace(forecast, past=[nothing] * 24, ahead=[nothing] * 24)) == ""


def test_before_anything_is_forecast_the_page_says_so() -> None:
    assert "None yet: what they rest on is learnt first" in Document(page(before_the_first_step())).text
    assert "None yet" in Document(page(golden_snapshot().without_readings())).text


def test_many_forecasts_have_few_charts() -> None:
    many = replace(golden_snapshot(), forecasts=golden_snapshot().forecasts * 5)
    assert page(many).count("forecast and truth of") == MOST_CHARTS
    assert "4 more are in the table alone." in page(many)


@pytest.mark.servers
def test_a_browser_accepts_the_style_in_light_and_dark(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(page(golden_snapshot()), encoding="utf-8")
    colours = {}
    for scheme, flags in {"light": [], "dark": ["--force-dark-mode"]}.items():
        picture = tmp_path / f"{scheme}.png"
        browse(
            tmp_path,
            f"{(tmp_path / 'page.html').as_uri()}?",
            "--window-size=1100,1000",
            f"--screenshot={picture}",
            *flags,
        )
        colours[scheme] = corner(picture)
    backgrounds = dict(zip(("light", "dark"), re.findall(r"--bg:#(\w{6})", style_sheet()), strict=True))
    assert colours == {scheme: bytes.fromhex(colour) for scheme, colour in backgrounds.items()}


def ledger_of(snapshot: Snapshot) -> str:
    found = re.search(r"<h2>Ledger</h2>.*?</section>", page(snapshot), re.DOTALL)
    assert found is not None
    return found[0]


def test_a_price_of_credits_has_its_label_its_time_and_its_age() -> None:
    shown = re.sub(r"<[^>]*>", "", ledger_of(golden_snapshot()))
    assert "75.00 EUR per tonne (carbon exchange, settlement)" in shown
    assert "2026-03-01 18:00:00 UTC, 18 hours old" in shown
    assert "market.example answers with status 503" in shown
    assert "64.00 USD per tonne, of 2025-01-01, 79 days ago" in shown
    assert "A price of today for simulated credits illustrates" in shown


def test_without_a_price_that_is_young_enough_there_is_none() -> None:
    market = golden_snapshot().market
    assert market is not None
    shown = ledger_of(replace(golden_snapshot(), market=market.without_quote()))
    assert "no price young enough from carbon exchange, settlement" in shown
    assert "EUR" not in shown
    bare = ledger_of(replace(golden_snapshot(), market=None, dated_price=None, revenue_dollars=None))
    assert "Market" not in bare
    assert "illustrate" not in bare


def test_a_hostile_market_is_only_text() -> None:
    market = golden_snapshot().market
    assert market is not None
    shown = ledger_of(replace(golden_snapshot(), market=replace(market, name=HOSTILE, trouble=HOSTILE)))
    assert "<b>" not in shown
