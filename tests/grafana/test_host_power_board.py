"""The board Host power and processes agrees with the exporter's sources, and leads to Device carbon and back."""

import re
from pathlib import Path
from typing import Any

import pytest

from exporter.sources.reading import SourceState
from grafana.board import DOCUMENTS
from grafana.colours import SOURCE_STATES
from grafana.host_power.names import SENSORS
from grafana.host_power.sensors import DENIED, FAILING, LOOKS, REMEDIES
from grafana.queries import panels
from scripts.pages.markdown import read_page
from tests.grafana.committed import board

DOCS = Path(__file__).parents[2] / "docs"

NAME = "host-power-and-processes.json"

DISTINCT = (
    "rapl package-0",
    "rapl package-0 core",
    "rapl package-0 uncore",
    "rapl package-0 dram",
    "rapl psys",
    "hwmon amdgpu 0000:03:00.0",
    "hwmon fam15h_power 0000:00:18.4",
    "battery discharge",
    "ipmi dcmi",
    "meter total",
)
"""Sensors that one machine may have, as the board names them."""


def panel(title: str, name: str = NAME) -> dict[str, Any]:
    """Return the panel of this title."""
    (found,) = (dict(one) for one in panels(board(name)) if one["title"] == title)
    return found


def urls(of: dict[str, Any]) -> list[str]:
    """Return the links of a panel's values."""
    return [link["url"] for link in of["fieldConfig"]["defaults"].get("links", ())]


def test_every_sensor_has_a_page_with_its_remedy_and_every_remedy_exists() -> None:
    assert REMEDIES.keys() == set(SENSORS)
    for remedy in (*REMEDIES.values(), DENIED, FAILING):
        page, _, anchor = remedy.partition("#")
        assert (DOCS / page).exists(), remedy
        assert not anchor or anchor in read_page(DOCS / page).anchors, remedy


def test_a_remedy_leads_to_the_pages_in_the_web() -> None:
    (url,) = (
        link["url"]
        for override in panel("State of the sources")["fieldConfig"]["overrides"]
        for item in override["properties"]
        if item["id"] == "links"
        for link in item["value"]
    )
    assert url == f"{DOCUMENTS}/${{__value.raw}}"


def test_the_states_are_those_of_the_exporter() -> None:
    assert set(SOURCE_STATES) == {state.value for state in SourceState}
    (mapping,) = panel("Sensors over time")["fieldConfig"]["defaults"]["mappings"]
    assert [mapping["options"][number]["text"] for number in sorted(mapping["options"])] == list(SOURCE_STATES)


@pytest.mark.parametrize("sensor", DISTINCT)
def test_no_two_sensors_of_a_machine_share_a_colour(sensor: str) -> None:
    def colour(name: str) -> str:
        return [colour for pattern, colour in LOOKS.items() if re.search(pattern, name)][-1]

    assert [other for other in DISTINCT if colour(other) == colour(sensor)] == [sensor]


def test_each_of_the_two_boards_leads_to_the_other_for_the_same_choices() -> None:
    kept = "?${datasource:queryparam}&${job:queryparam}&${instance:queryparam}&${__url_time_range}"
    for title in ("Power", "Power by component"):
        assert urls(panel(title)) == [f"/d/{board('device-carbon.json')['uid']}{kept}"]
        assert urls(panel(title, "device-carbon.json")) == [f"/d/{board(NAME)['uid']}{kept}"]


def test_an_axis_beside_the_usual_one_ends_where_its_own_unit_suits() -> None:
    beside = panel("Power beside load")["fieldConfig"]
    ends = [
        item["value"]
        for override in beside["overrides"]
        if override["matcher"]["options"] == "load"
        for item in override["properties"]
        if item["id"] == "custom.axisSoftMax"
    ]
    assert ends == [0.1]
    assert beside["defaults"]["custom"]["axisSoftMax"] == 10.0
