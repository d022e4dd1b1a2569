"""Boards are laid out soundly whatever the panels' sizes are, and their texts agree with the exporter."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.activity.window import Activity
from exporter.eco_score import MOST_OF_THE_REFERENCE, WORLD, Grade, ScoreFactor
from grafana import colours
from grafana.board import DOCUMENTS, Board, Row, assemble, narrowing_link, to_json
from grafana.colours import ACTIVITIES, FACTORS
from grafana.lint.structure import grid_is_sound, identifiers_are_unique
from grafana.panels import Facts, Target, number
from grafana.queries import panels
from simulator.hardware import device
from simulator.scheduling import weights
from tests.grafana.committed import board, names

ROOT = Path(__file__).parents[2]

SIZES = st.lists(st.tuples(st.integers(1, 24), st.integers(1, 12)), min_size=1, max_size=12)
ROWS = st.lists(st.tuples(SIZES, st.booleans()), min_size=1, max_size=4)


def made(rows: list[tuple[list[tuple[int, int]], bool]]) -> dict[str, Any]:
    """Return a board with panels of these widths and heights, in rows that are collapsed or not."""
    target = Target(expr="up", legend="up")
    laid_out = tuple(
        Row(
            title="row",
            collapsed=collapsed,
            panels=tuple(
                number(
                    Facts(
                        title=f"{width}x{height}",
                        description="",
                        unit="none",
                        no_value="",
                        targets=(target,),
                        width=width,
                        height=height,
                    )
                )
                for width, height in sizes
            ),
        )
        for sizes, collapsed in rows
    )
    unplaced = Board(
        uid="test", title="Test", description="", about="A test.", documents={}, metric="up", rows=laid_out
    )
    document: dict[str, Any] = json.loads(to_json(assemble(unplaced)))
    return document


@given(ROWS)
def test_panels_never_overlap_and_keep_size_and_order(rows: list[tuple[list[tuple[int, int]], bool]]) -> None:
    document = made(rows)
    assert list(grid_is_sound(document)) == []
    assert list(identifiers_are_unique(document)) == []
    sizes = [size for row, _ in rows for size in row]
    own = [panel for panel in panels(document) if panel["title"] not in {"About this board", "Alerts firing"}]
    assert [(panel["gridPos"]["w"], panel["gridPos"]["h"]) for panel in own] == sizes


CLOSED = {"The score behind it"}
"""Rows before the last that are closed at first, since the default scenario leaves them empty."""


@pytest.mark.parametrize("name", names())
def test_data_quality_comes_last_and_is_collapsed(name: str) -> None:
    *others, last = [panel for panel in board(name)["panels"] if panel["type"] == "row"]
    assert last["collapsed"]
    assert {row["title"] for row in others if row["collapsed"]} <= CLOSED


def test_every_activity_and_factor_has_its_colour() -> None:
    assert list(ACTIVITIES) == [activity.value for activity in Activity]
    assert list(FACTORS) == [factor.value for factor in ScoreFactor]
    assert list(colours.GRADES) == [grade.value for grade in Grade]


def test_every_term_and_level_of_the_scheduler_has_its_colour() -> None:
    assert tuple(colours.TERMS) == weights.TERMS
    assert list(colours.LEVELS) == [str(level + 1) for level in range(device.LEVELS)]


def test_boards_lead_to_all_of_their_kind_with_their_choices_and_to_the_others_without() -> None:
    for name in names():
        kind = board(name)["tags"][0]
        handed_on = {link["tags"][0]: link["includeVars"] for link in board(name)["links"]}
        assert handed_on == {program: program == kind for program in ("ecotrack", "ecochain")}


def test_a_tables_cell_leads_to_the_board_narrowed_to_it() -> None:
    (table,) = (found for found in panels(board("edge-cluster.json")) if found["title"] == "Nodes")
    links = {
        override["matcher"]["options"]: item["value"][0]["url"]
        for override in table["fieldConfig"]["overrides"]
        for item in override["properties"]
        if item["id"] == "links"
    }
    assert links.keys() == {"Instance", "Node"}
    assert links["Node"] == (
        "/d/ecochain-cluster?${datasource:queryparam}&${job:queryparam}&${instance:queryparam}"
        "&${site:queryparam}&var-node=${__value.raw}&${__url_time_range}"
    )


def test_a_link_from_a_series_keeps_the_choices_that_it_does_not_narrow() -> None:
    link = narrowing_link("a-board", "node")
    assert link.title == "Only ${__field.labels.node}"
    assert link.url == (
        "/d/a-board?${datasource:queryparam}&${job:queryparam}&${instance:queryparam}"
        "&var-node=${__field.labels.node}&${__url_time_range}"
    )


def test_the_score_is_explained_by_the_exporters_own_figures() -> None:
    told = {found["title"]: found["description"] for found in panels(board("device-carbon.json"))}
    assert f"/ {WORLD.value:g} g/kWh" in told["Why this score"]
    assert all(f"{factor.value.capitalize()}: " in told["Why this score"] for factor in ScoreFactor)
    bounds = {0.25: "a quarter", 0.5: "a half", 1.0: "all of it", 2.0: "twice", 4.0: "four times"}
    letters = ", ".join(f"{grade} up to {bounds[most]}" for grade, most in MOST_OF_THE_REFERENCE.items())
    assert letters.replace("a quarter", "a quarter of the reference") in told["Eco score"]


@pytest.mark.parametrize("name", names())
def test_every_board_says_what_it_answers_and_where_to_read_more(name: str) -> None:
    (about,) = (found for found in board(name)["panels"] if found["title"] == "About this board")
    text = about["options"]["content"]
    assert text.startswith("**")
    assert "?**" in text
    pages = re.findall(rf"\]\({re.escape(DOCUMENTS)}/([^)]+)\)", text)
    assert any("runbooks" in page for page in pages)
    assert [page for page in pages if not (ROOT / "docs" / page).exists()] == []


@pytest.mark.parametrize("colour", colours.PANELS)
def test_contrast_is_that_of_the_guideline(colour: str) -> None:
    assert colours.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert colours.contrast(colour, colour) == 1
    assert colours.contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


def test_red_is_told_from_its_neighbours() -> None:
    assert [one for one in (colours.BAD, "#F00000", "#E02F44") if not colours.is_red(one)] == []
    assert [
        one for one in (*colours.SERIES, *colours.CLASSES.values(), *colours.SUPPLIES.values()) if colours.is_red(one)
    ] == []


def test_names_get_colours_of_their_own_as_far_as_there_are_any() -> None:
    given = colours.distinct(["cpu", "usb", "fan"])
    assert given["cpu"] == colours.COMPONENTS["cpu"]
    assert len(set(given.values())) == 3
    assert len(colours.distinct(str(number) for number in range(100))) == 100
