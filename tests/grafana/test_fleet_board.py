"""The board Fleet: a row of a device has its figures once, and no budget is kept to by -0%."""

from pathlib import Path

import pytest

from prometheus.fleet import SHARE, WEIGHT
from prometheus.recording import CONSUMED, ELAPSED, emission_rate
from tests.grafana.promtool import asked, objections

OF = 'job="ecotrack",instance="saw"'


def listed(teams: tuple[str, ...]) -> dict[str, str]:
    """Return what rules record of a target that is listed once for each of these teams."""
    count = len(teams)
    shares = {f'{SHARE}{{{OF},team="{team}"}}': f"{1 / count:g}x3" for team in teams}
    return shares | {f'{WEIGHT}{{{OF},team="{team}"}}': f"{1 / count**2:g}x3" for team in teams}


@pytest.mark.servers
@pytest.mark.parametrize("teams", [("lab",), ("lab", "workshop")])
def test_what_is_added_up_stands_once_in_the_row_of_a_target_that_is_listed_twice(
    tmp_path: Path, teams: tuple[str, ...]
) -> None:
    """Rules add up its series, of which there are as many as listings."""
    series = listed(teams) | {f"{emission_rate('5m')}{{{OF}}}": f"{0.01 * len(teams):g}x3"}
    of_lab = f'{asked("fleet.json", "Top emitters", "Emissions")} and on (team) {SHARE}{{team="lab"}}'
    assert objections(tmp_path, series, [(of_lab, "1h", f'{{{OF},team="lab"}}', 36.0)]) == ""


@pytest.mark.servers
@pytest.mark.parametrize("teams", [("lab",), ("lab", "workshop")])
def test_a_ratio_stands_as_it_is_in_the_row_of_a_target_that_is_listed_twice(
    tmp_path: Path, teams: tuple[str, ...]
) -> None:
    budget = f'{OF},period="day"'
    series = listed(teams) | {f"{CONSUMED}{{{budget}}}": "0.75x3", f"{ELAPSED}{{{budget}}}": "0.5x3"}
    of_lab = f'{asked("fleet.json", "Laggards", "Ahead")} and on (team) {SHARE}{{team="lab"}}'
    assert objections(tmp_path, series, [(of_lab, "1h", f'{{{OF},team="lab"}}', 0.25)]) == ""


@pytest.mark.servers
@pytest.mark.parametrize("title", ["Leaders", "Laggards"])
def test_who_is_all_but_on_the_budget_is_at_zero_without_a_sign(tmp_path: Path, title: str) -> None:
    budget = f'{OF},period="day"'
    series = listed(("lab",)) | {f"{CONSUMED}{{{budget}}}": "0.497x3", f"{ELAPSED}{{{budget}}}": "0.5x3"}
    # One by nothing is infinite, with the sign of nothing.
    sign = f"1 / ({asked('fleet.json', title, 'Ahead')}) > bool 0"
    assert objections(tmp_path, series, [(sign, "1h", f'{{{OF},team="lab"}}', 1.0)]) == ""
