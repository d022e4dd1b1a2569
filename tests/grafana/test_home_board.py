"""The board Home: each row is a question, each panel leads on, and its comparisons are worked out as they are told."""

import json
import re
from pathlib import Path

import pytest

from grafana.colours import ACTIVITIES
from grafana.device import FLEET, HOME
from grafana.home.clean import SAYINGS
from grafana.queries import panels, queries, selectors
from prometheus.fleet import WEIGHT
from prometheus.opportunity_alerts import opportunity_alerts
from prometheus.recording import POWER, emission_rate
from prometheus.weeks import GRAMS, JOULES, week
from tests.grafana.committed import board, names
from tests.grafana.promtool import asked, objections

NAME = "home.json"


def target(device: str) -> str:
    return f'job="ecotrack",instance="{device}"'


def test_every_row_is_a_question() -> None:
    rows = [one["title"] for one in board(NAME)["panels"] if one["type"] == "row"]
    assert len(rows) == len(set(rows))
    assert [title for title in rows if not title.endswith("?")] == []


def leads(panel: object) -> set[str]:
    """Return the addresses of the boards to which a panel or board leads."""
    return set(re.findall(r"/d/([\w-]+)", json.dumps(panel)))


def test_every_panel_leads_to_another_board() -> None:
    own = {"About this board", "Alerts firing"}
    alone = [one["title"] for one in panels(board(NAME)) if not leads(one) - {HOME} and one["title"] not in own]
    assert alone == []


@pytest.mark.parametrize("name", names())
def test_links_lead_to_boards_that_exist(name: str) -> None:
    there = {board(one)["uid"] for one in names()}
    assert leads(board(name)) - there == set()


def test_it_leads_to_the_detail_of_every_question() -> None:
    told = {"ecotrack-device", "ecotrack-host-power", "ecotrack-budget", FLEET}
    assert leads(board(NAME)) >= told | {"ecochain-cluster", "ecochain-experiments", "ecochain-ledger"}


def test_it_reads_gauges_and_recorded_series_alone() -> None:
    read = {str(one.name) for query in queries(board(NAME)) for one in selectors(query.expr) if query.kind == "panel"}
    assert [name for name in read if name.endswith(("_total", "_bucket"))] == []


def test_every_opportunity_says_something() -> None:
    assert SAYINGS.keys() == {alert.name for alert in opportunity_alerts()}


@pytest.mark.servers
def test_a_change_is_the_product_of_its_causes_over_devices_of_both_weeks(tmp_path: Path) -> None:
    series = {
        f"{week(GRAMS)}{{{target('a')}}}": "100x3",
        f"{week(GRAMS)}{{{target('b')}}}": "25x3",
        f"{week(GRAMS, before=True)}{{{target('a')}}}": "60x3",
        f"{week(GRAMS, before=True)}{{{target('b')}}}": "40x3",
        f"{week(GRAMS, before=True)}{{{target('gone')}}}": "500x3",
        f"{week(JOULES)}{{{target('a')}}}": "2500x3",
        f"{week(JOULES, before=True)}{{{target('a')}}}": "1000x3",
        f"{week(JOULES, before=True)}{{{target('gone')}}}": "7000x3",
    }
    title = "This week against the last"
    told = {"emissions": 0.25, "energy": 1.5, "grid": -0.5}
    expected = [(asked(NAME, title, name), "1h", "{}", value) for name, value in told.items()]
    assert objections(tmp_path, series, expected) == ""


@pytest.mark.servers
def test_the_activity_is_that_of_most_devices(tmp_path: Path) -> None:
    doing = {"a": "streaming", "b": "streaming", "c": "idle"}
    series = {
        f'ecotrack_activity_state{{{target(device)},activity="{activity}"}}': f"{int(activity == own)}x3"
        for device, own in doing.items()
        for activity in ACTIVITIES
    }
    number = float(list(ACTIVITIES).index("streaming") + 1)
    assert objections(tmp_path, series, [(asked(NAME, "Activity", "activity"), "1h", "{}", number)]) == ""


@pytest.mark.servers
def test_a_window_is_that_of_the_device_whose_grid_saves_most(tmp_path: Path) -> None:
    of = {"a": (7200, 0.4), "b": (3600, 0.1)}
    series = {
        f'ecotrack_clean_window_{name}{{{target(device)},hours="1"}}': f"{values[place]}x3"
        for device, values in of.items()
        for place, name in enumerate(("start_timestamp_seconds", "savings_ratio"))
    }
    title, labels = "Cleanest hours of the next day", '{hours="1"}'
    expected = [
        (asked(NAME, title, "begins"), "1h", labels, 7_200_000.0),
        (asked(NAME, title, "saves"), "1h", labels, 0.4),
    ]
    assert objections(tmp_path, series, expected) == ""


def targets_of(device: str, *jobs: str) -> dict[str, str]:
    """Return what rules record of the targets of a device: each stands for an equal part of it."""
    return {f'{WEIGHT}{{job="{job}",instance="{device}",team="lab"}}': f"{1 / len(jobs):g}x3" for job in jobs}


@pytest.mark.servers
def test_a_device_that_two_jobs_scrape_is_added_up_once(tmp_path: Path) -> None:
    series = targets_of("a", "ecotrack", "nodes") | targets_of("b", "ecotrack")
    series |= {
        f'{emission_rate("5m")}{{job="{job}",instance="{device}"}}': f"{grams}x3"
        for job, device, grams in (("ecotrack", "a", 2), ("nodes", "a", 2), ("ecotrack", "b", 3), ("ecotrack", "c", 5))
    }
    expected = [(asked(NAME, "Emissions", "together"), "1h", "{}", 3600.0 * (2 + 3 + 5))]
    assert objections(tmp_path, series, expected) == ""


@pytest.mark.servers
def test_a_target_that_is_listed_twice_is_added_up_once(tmp_path: Path) -> None:
    """Its series stand twice, with another team each, and so do its parts."""
    series = {f'{WEIGHT}{{{target("a")},team="{team}"}}': "0.25x3" for team in ("lab", "search")}
    series |= {f'ecotrack_power_watts{{{target("a")},team="{team}",scope="host"}}': "8x3" for team in ("lab", "search")}
    series[f'{POWER}{{{target("a")},scope="host"}}'] = "16x3"
    expected = [
        (asked(NAME, "Power within its band", "machine"), "1h", "{}", 8.0),
        (asked(NAME, "Power", "machine"), "1h", "{}", 8.0),
    ]
    assert objections(tmp_path, series, expected) == ""
