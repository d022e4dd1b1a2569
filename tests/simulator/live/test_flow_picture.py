"""The picture and the table of flows: to scale, closed, true to `/metrics`, and never text upon text."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.arrays import FloatArray
from simulator.energy.bus import FLOWS, SINKS, SOURCES
from simulator.live.flow_picture import BARS_HEIGHT, LEAST_SHARE, LINE_HEIGHT, flow_picture
from simulator.live.flows import FlowView, flows_of
from simulator.live.snapshot import Snapshot
from tests.exporter.test_page import Document
from tests.simulator.live.golden_snapshot import golden_snapshot
from tests.simulator.live.test_page import page, samples

ROUNDING = 0.0051
"""Places are written with two decimals."""

JOULES = st.just(0.0) | st.floats(1e-3, 1e9)


@st.composite
def matrices(draw: st.DrawFn) -> FloatArray:
    """Return flows (B, 4, 5) of two buses, 0 where nothing can flow."""
    matrix = np.zeros((2, len(SOURCES), len(SINKS)))
    for source, sink in FLOWS:
        matrix[:, SOURCES.index(source), SINKS.index(sink)] = draw(st.tuples(JOULES, JOULES))
    return matrix


def flowing(today: FloatArray, now: FloatArray) -> Snapshot:
    """Return a snapshot with flows since midnight and in the last step, and others before."""
    snapshot = golden_snapshot()
    assert snapshot.readings is not None
    record, before = snapshot.readings.record, np.full_like(today, 7.0)
    record = replace(record, flows=replace(record.flows, matrix=now))
    return replace(
        snapshot,
        totals=replace(snapshot.totals, flows=before + today),
        at_midnight=replace(snapshot.at_midnight, flows=before),
        readings=replace(snapshot.readings, record=record),
    )


def full() -> Snapshot:
    """Return a snapshot in which everything flows."""
    matrix = np.zeros((2, len(SOURCES), len(SINKS)))
    for number, (source, sink) in enumerate(FLOWS):
        matrix[:, SOURCES.index(source), SINKS.index(sink)] = 1000.0 + 700.0 * number
    return flowing(matrix, matrix / 1440.0)


def bands(picture: str) -> dict[str, tuple[float, float, float]]:
    """Return where each band leaves and arrives, and its thickness, by the title."""
    shape = r'<path class="\w+" d="M1 ([\d.]+)C50 [\d.]+ 50 ([\d.]+) 99 \2v([\d.]+)C[^"]*z"><title>(\w+ to \w+):'
    found = {name: (float(left), float(right), float(high)) for left, right, high, name in re.findall(shape, picture)}
    assert len(found) == picture.count("<path")
    return found


def bars(picture: str, x: int) -> dict[str, tuple[float, float]]:
    """Return top and height of the bars at one side."""
    shape = rf'<rect class="(\w+) end" x="{x}" y="([\d.]+)" width="1" height="([\d.]+)"/>'
    return {name: (float(top), float(height)) for name, top, height in re.findall(shape, picture)}


def name_of(flow: FlowView) -> str:
    return f"{flow.source} to {flow.sink}"


@given(matrices())
def test_bands_are_to_scale_and_the_thin_ones_are_named(today: FloatArray) -> None:
    flows = [flow for flow in flows_of(flowing(today, today)) if flow.today_joules > 0.0]
    picture = flow_picture(flows)
    drawn, whole = bands(picture), sum(flow.today_joules for flow in flows)
    for flow in flows:
        if name_of(flow) in drawn:
            assert drawn[name_of(flow)][2] == pytest.approx(BARS_HEIGHT * flow.today_joules / whole, abs=ROUNDING)
    left_out = re.search(r"Not drawn, [^:]*: ([\w ,]+)\.", picture)
    named = set() if left_out is None else set(left_out[1].split(", "))
    assert named == {name_of(flow) for flow in flows if (flow.today_ratio or 0.0) < LEAST_SHARE}
    assert named.isdisjoint(drawn)
    assert named | set(drawn) == {name_of(flow) for flow in flows}


@given(matrices())
def test_both_sides_close_and_bands_stay_within_their_bars(today: FloatArray) -> None:
    flows = flows_of(flowing(today, today))
    picture = flow_picture(flows)
    sides = {0: bars(picture, 0), 99: bars(picture, 99)}
    for x, index in ((0, 0), (99, 1)):
        # A bar is a pixel at least.
        heights = [height for _, height in sides[x].values() if height > 1.0]
        if today.any():
            assert sum(heights) == pytest.approx(BARS_HEIGHT, abs=5.1)
        for name, band in bands(picture).items():
            top, height = sides[x][name.split(" to ")[index]]
            assert top - ROUNDING <= band[index]
            assert band[index] + band[2] <= top + height + 3 * ROUNDING
    # Rows and columns: what leaves all sources reaches all sinks.
    for read in ("today_joules", "now_watts"):
        by_source = {name: sum(getattr(flow, read) for flow in flows if flow.source == name) for name in SOURCES}
        by_sink = {name: sum(getattr(flow, read) for flow in flows if flow.sink == name) for name in SINKS}
        assert sum(by_source.values()) == pytest.approx(sum(by_sink.values()))
    if today.any():
        assert sum(flow.today_ratio or 0.0 for flow in flows) == pytest.approx(1.0)


@given(matrices())
def test_bands_at_an_end_do_not_overlap(today: FloatArray) -> None:
    drawn = bands(flow_picture(flows_of(flowing(today, today))))
    for index in (0, 1):
        for end in {name.split(" to ")[index] for name in drawn}:
            mine = sorted((band[index], band[2]) for name, band in drawn.items() if name.split(" to ")[index] == end)
            for (top, height), (below, _) in pairwise(mine):
                assert top + height <= below + 3 * ROUNDING


@given(matrices())
def test_no_line_of_text_stands_upon_another_or_outside(today: FloatArray) -> None:
    picture = flow_picture(flows_of(flowing(today, today)))
    height = re.search(r'<svg class="flow" height="(\d+)"', picture)
    lines = re.findall(r'<text class="\w+( sink)?" [^>]* y="([\d.]+)">([^<]+)<', picture)
    for side in ("", " sink"):
        places = sorted(float(y) for which, y, _ in lines if which == side)
        assert all(below - above >= LINE_HEIGHT - 0.11 for above, below in pairwise(places))
        if places:
            assert height is not None
            assert places[0] >= LINE_HEIGHT - 5.0
            assert places[-1] <= float(height[1]) - 4.0
    # On a phone of 390 pixels the picture has 319, and a letter takes less than 8.5: the two sides do not meet.
    assert all(len(text.replace("&lt;", "<")) <= (319 - 2 * 14) / 2 / 8.5 for _, _, text in lines)


@pytest.mark.slow
@given(matrices(), matrices())
def test_nothing_on_the_page_is_not_a_number(today: FloatArray, now: FloatArray) -> None:
    html = page(flowing(today, now))
    assert not re.search(r"\b(nan|inf)\b", html)


def test_the_tables_figures_are_those_of_metrics() -> None:
    snapshot = full()
    figures = Document(page(snapshot)).figures
    exposed = dict.fromkeys(FLOWS, 0.0)
    for labels, value in samples(snapshot)["ecochain_flow_joules_total"]:
        exposed[labels["from"], labels["to"]] += value
    for (source, sink), joules in exposed.items():
        # Each of the two buses had 7 joules of it before midnight.
        assert figures[f"flow-{source}-to-{sink}-today"].value == pytest.approx(joules - 14.0)
    shown = [figure.value for name, figure in figures.items() if re.fullmatch("flow-.*-to-.*-now", name)]
    assert figures["flow-all-now"].value == pytest.approx(sum(shown))
    assert len(shown) == len(FLOWS)


def test_a_page_on_which_everything_flows_stays_small() -> None:
    assert len(page(full()).encode()) < 40_000


def test_the_picture_tells_what_it_is() -> None:
    picture = flow_picture(flows_of(full()))
    assert re.match(r'<svg class="flow" height="\d+" role="img" aria-labelledby="flow-title flow-desc">', picture)
    assert '<title id="flow-title">' in picture
    assert '<desc id="flow-desc">' in picture


def test_a_day_that_has_just_begun_has_no_picture() -> None:
    nothing = np.zeros((2, len(SOURCES), len(SINKS)))
    snapshot = flowing(nothing, nothing)
    assert "No energy has flowed yet today." in page(snapshot)
    assert {flow.today_ratio for flow in flows_of(snapshot)} == {None}


def test_power_that_is_not_known_is_not_told() -> None:
    stale = full().without_readings()
    assert {flow.now_watts for flow in flows_of(stale)} == {None}
    picture = flow_picture(flows_of(stale))
    assert " now" not in picture
    assert len(bands(picture)) == len(bands(flow_picture(flows_of(full()))))
