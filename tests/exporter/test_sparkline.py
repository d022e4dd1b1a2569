"""The chart of the last hour: its scale, its line, and where the line breaks."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.chart import HEIGHT, WIDTH, round_top
from exporter.views.sparkline import SMALL_STEP_SECONDS, power_chart, small_charts
from exporter.views.summary import EmissionsView, PointView


@given(st.floats(min_value=0.0, max_value=1e9))
def test_the_scale_ends_at_a_round_number_not_far_above_the_highest_point(highest: float) -> None:
    top = round_top(highest)
    assert highest <= top
    assert top <= 2.0 * highest or top == 1.0
    assert re.fullmatch(r"\d(\.5)?e\+\d\d|[1-9]\.?5?0*", f"{top:g}")


def test_the_line_is_drawn_to_scale_and_broken_where_nothing_is_known() -> None:
    watts = [10.0, 20.0, 20.0, None, 20.0, 5.0]
    points = [point(3600.0 + 5.0 * number, value) for number, value in enumerate(watts)]
    points += [point(points[-1].at + 60.0 + 5.0 * number, 1.0) for number in range(3)]
    now = points[-1].at
    lines = drawn(power_chart(points, now))
    assert [len(line) for line in lines] == [3, 2, 2], "the last line is straight, so that its ends draw it"
    x, y = zip(*(spot for line in lines for spot in line), strict=True)
    assert y == tuple(round(HEIGHT * (1 - one / 20.0)) for one in (10, 20, 20, 20, 5, 1, 1))
    assert x[0] == round(WIDTH * (1 - (now - 3600.0) / 3600.0))
    assert x[-1] == WIDTH


def test_points_outside_the_hour_are_not_drawn() -> None:
    points = [point(float(at), 10.0) for at in (0, 5, 5000, 5005, 5010, 99_999)]
    [line] = drawn(power_chart(points, 5010.0))
    assert [x for x, _ in line] == [WIDTH - 2, WIDTH]


@pytest.mark.parametrize("watts", [[], [5.0], [None, 5.0, None]])
def test_one_point_is_no_line(watts: list[float | None]) -> None:
    chart = power_chart([point(5.0 * number, value) for number, value in enumerate(watts)], 10.0)
    assert "The line begins after two samples." in chart
    assert "<svg" not in chart


def test_the_small_charts_show_means_of_what_is_known_to_their_own_scales() -> None:
    points = [
        PointView(
            at=1000.0 * SMALL_STEP_SECONDS + 5.0 * number,
            cpu_utilization_ratio=0.5 if number % 2 else 0.25,
            received_bytes_per_second=125_000.0 * 4,
            sent_bytes_per_second=None if number < 40 else 125_000.0 * 4,
            host_power_watts=None,
            network_power_watts=None,
            emissions_grams_per_hour=EmissionsView(host=None, network=None, host_and_network=None),
        )
        for number in range(80)
    ]
    cpu, network, emissions = small_charts(points, points[-1].at).split("<section>")[1:]
    [line] = drawn(cpu)
    assert length(line) == round(WIDTH * 19 * SMALL_STEP_SECONDS / 3600.0)
    assert {y for _, y in line} == {round(HEIGHT * (1.0 - 37.5 / 40.0))}
    assert "<span>40 %</span>" in cpu
    [line] = drawn(network)
    known = "half of the time only one direction was known"
    assert length(line) == round(WIDTH * 9 * SMALL_STEP_SECONDS / 3600.0), known
    assert {y for _, y in line} == {0}
    assert "<span>8 Mbit/s</span>" in network
    assert "unknown over the last hour" in emissions
    assert "<svg" not in emissions


def test_the_small_charts_of_no_time_at_all_are_unknown() -> None:
    assert small_charts([], 0.0).count("unknown over the last hour") == 3


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.integers(1, 200)), max_size=60))
def test_the_small_charts_stay_in_their_frames(steps_of_time: list[tuple[float, int]]) -> None:
    points, at = list[PointView](), 1e9
    for share, apart in steps_of_time:
        at += apart
        points.append(point(at, None, cpu=share))
    shown = small_charts(points, at)
    if points:
        for line in drawn(shown.split("<section>")[1]):
            assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in line)
    else:
        assert "<svg" not in shown


def point(at: float, watts: float | None, cpu: float | None = None) -> PointView:
    return PointView(
        at=at,
        cpu_utilization_ratio=cpu,
        received_bytes_per_second=None,
        sent_bytes_per_second=None,
        host_power_watts=watts,
        network_power_watts=None,
        emissions_grams_per_hour=EmissionsView(host=None, network=None, host_and_network=None),
    )


def drawn(chart: str) -> list[list[tuple[int, int]]]:
    """Return the corners of each stretch of the line, converted from relative steps to places."""
    path = re.search(r'class="line" d="([^"]*)"', chart)
    assert path is not None
    lines = []
    for stretch in path[1].split("M")[1:]:
        numbers = [int(number) for number in re.findall(r"-?\d+", stretch)]
        line = [(numbers[0], numbers[1])]
        for dx, dy in zip(numbers[2::2], numbers[3::2], strict=True):
            line.append((line[-1][0] + dx, line[-1][1] + dy))
        lines.append(line)
    return lines


def length(line: list[tuple[int, int]]) -> int:
    """Return how far a line goes from left to right."""
    return line[-1][0] - line[0][0]
