"""Choice of the cleanest window: no other window is cleaner, and what is not known is not planned with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import SECONDS_PER_HOUR, Seconds, UnixSeconds
from exporter.intensity.reading import Method, Outlook, Point
from exporter.intensity.window import AHEAD, Piece, best_window
from tests.fake_clock import NOON

MINUTE = 60.0


def pieces_of(lengths: list[int], values: list[float]) -> list[Piece]:
    edges = [NOON + 0.0]
    for length in lengths:
        edges.append(edges[-1] + length * MINUTE)
    return list(zip(edges, edges[1:], values, strict=False))


def mean(pieces: list[Piece], start: float, end: float) -> float:
    minutes = [
        next(value for since, until, value in pieces if since <= start + at < until)
        for at in range(0, int(end - start), 60)
    ]
    return sum(minutes) / len(minutes)


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=12),
    values=st.lists(st.floats(0.0, 1500.0), min_size=12, max_size=12),
    minutes=st.integers(1, 200),
)
def test_no_other_window_is_cleaner(lengths: list[int], values: list[float], minutes: int) -> None:
    pieces, duration = pieces_of(lengths, values), minutes * MINUTE
    window = best_window(pieces, Seconds(duration))
    assert (window is None) is (sum(lengths) < minutes)
    if window is None:
        return
    last = pieces[-1][1]
    others = [
        mean(pieces, NOON + at * MINUTE, NOON + at * MINUTE + duration) for at in range(sum(lengths) - minutes + 1)
    ]
    assert window.mean == pytest.approx(min(others), abs=1e-6)
    assert window.end - window.start == pytest.approx(duration)
    assert window.start >= NOON
    assert window.end <= last
    assert window.mean_from_now == pytest.approx(others[0], abs=1e-6)
    assert window.mean_ahead == pytest.approx(mean(pieces, NOON, last), abs=1e-6)
    assert 0.0 <= window.savings <= 1.0 + 1e-9


def point(hour: float, value: float, method: Method = Method.FORECAST, hours: float = 1.0) -> Point:
    start = NOON + hour * SECONDS_PER_HOUR
    return Point(start, start + hours * SECONDS_PER_HOUR, value, method)


def test_what_was_measured_counts_now_and_the_forecast_from_its_next_hour_on() -> None:
    outlook = Outlook(points=(point(0, 90), point(1, 80), point(2, 70), point(0, 100, Method.MEASURED, hours=2)))
    pieces = outlook.pieces(UnixSeconds(NOON + 600))
    assert [value for *_, value in pieces] == [100, 80, 70]
    assert [(since - NOON) / MINUTE for since, *_ in pieces] == [10, 60, 120]


def test_a_gap_ends_what_is_known() -> None:
    outlook = Outlook(points=(point(0, 90), point(1, 80), point(3, 1)))
    window = outlook.cleanest(UnixSeconds(NOON), Seconds(SECONDS_PER_HOUR))
    assert window is not None
    assert window.mean == 80
    assert outlook.cleanest(UnixSeconds(NOON), Seconds(3 * SECONDS_PER_HOUR)) is None


def test_a_day_is_looked_ahead_and_no_longer() -> None:
    outlook = Outlook(points=tuple(point(hour, 100.0 - hour) for hour in range(48)))
    window = outlook.cleanest(UnixSeconds(NOON), Seconds(SECONDS_PER_HOUR))
    assert window is not None
    assert window.end == NOON + AHEAD


def test_of_equal_windows_the_first_is_taken() -> None:
    outlook = Outlook(points=tuple(point(hour, 50.0) for hour in range(24)))
    window = outlook.cleanest(UnixSeconds(NOON), Seconds(SECONDS_PER_HOUR))
    assert window is not None
    assert (window.start, window.savings) == (NOON, 0.0)


@given(starts=st.lists(st.integers(-30, 60), unique=True, max_size=40), after=st.floats(0.0, 1799.0))
def test_the_hours_ahead_are_those_that_the_forecast_covers(starts: list[int], after: float) -> None:
    points = tuple(
        Point(NOON + 1800.0 * at, NOON + 1800.0 * (at + 1), float(at + 50), Method.FORECAST) for at in starts
    )
    outlook, now = Outlook(points=points), UnixSeconds(NOON + after)
    expected = {hours: outlook.forecast(UnixSeconds(now + 3600.0 * hours)) for hours in range(1, 25)}
    assert outlook.hours_ahead(now) == {hours: value for hours, value in expected.items() if value is not None}
