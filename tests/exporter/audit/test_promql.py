"""The arithmetic of PromQL that rules are computed anew by; `test_live.py` compares it with a real Prometheus."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.audit.figures import Labels
from exporter.audit.promql import Late, View
from exporter.audit.stored import BUILD, Dialect, Stored
from exporter.core.prometheus import Points

AT = 10_000.0

Series = dict[str, dict[Labels, Points]]


def view(points: Points, *, dialect: Dialect | None = None) -> View:
    """Return what a rule sees of a counter `c` and of the build beside it."""
    series: Series = {"c": {(): points}, BUILD: {(): tuple((at, 1.0) for at, _ in points)}}
    return View(stored=Stored(series=series, since=0.0, dialect=dialect or Dialect()), at=AT)


def steady(slope: float, distance: float, first: float) -> Points:
    """Return a counter that rises evenly, sampled from `first` seconds before the end of the window on."""
    count = int(first // distance) + 1
    return tuple((AT - first + distance * one, 1e6 + slope * distance * one) for one in range(count))


@given(
    slope=st.floats(0.01, 1e3),
    distance=st.sampled_from([1.0, 5.0, 15.0, 60.0]),
    phase=st.floats(0.0, 0.99),
    closed=st.booleans(),
    zero_first=st.booleans(),
)
def test_the_rate_of_an_even_rise_is_its_slope(
    slope: float, distance: float, phase: float, closed: bool, zero_first: bool
) -> None:
    points = steady(slope, distance, 600.0 + phase * distance)
    found = view(points, dialect=Dialect(closed=closed, zero_first=zero_first)).rate("c", 300.0)
    assert found == {(): pytest.approx(slope, rel=1e-6)}


def test_of_a_window_that_is_hardly_begun_only_what_was_seen_counts() -> None:
    """Ten seconds of five minutes: extrapolated by half a distance, and no further than to zero."""
    points = steady(2.0, 5.0, 10.0)
    assert view(points).rate("c", 300.0) == {(): pytest.approx(2.0 * (10.0 + 2.5) / 300.0)}
    begun = tuple((at, value - 1e6) for at, value in points)
    assert view(begun).rate("c", 300.0) == {(): pytest.approx(2.0 * 10.0 / 300.0)}


def test_a_counter_that_began_anew_lost_nothing() -> None:
    points = steady(2.0, 5.0, 600.0)
    half = len(points) // 2
    fallen = (*points[:half], *((at, value - points[half][1] + 10.0) for at, value in points[half:]))
    assert view(fallen).rate("c", 1200.0)[()] == pytest.approx(view(points).rate("c", 1200.0)[()], rel=1e-3)


def test_one_sample_has_no_rate() -> None:
    assert view(((AT - 1.0, 5.0),)).rate("c", 300.0) == {}


def test_a_sample_at_the_beginning_counts_in_a_closed_window_alone() -> None:
    points = ((AT - 300.0, 1.0), (AT - 150.0, 2.0))
    assert view(points).sum_over("c", 300.0) == {(): 3.0}
    assert view(points, dialect=Dialect(closed=False)).sum_over("c", 300.0) == {(): 2.0}


def test_what_had_not_been_stored_yet_is_left_out() -> None:
    points = ((AT - 16.0, 1.0), (AT - 1.0, 2.0), (AT, 3.0))
    seen = view(points)
    assert seen.last("c") == {(): 3.0}
    assert replace(seen, late=Late(scraped=1)).last("c") == {(): 2.0}
    assert replace(seen, late=Late(scraped=2)).last("c") == {(): 1.0}
    assert replace(seen, late=Late(recorded=2)).last("c") == {(): 3.0}, "a scraped series is of no rule"


def test_a_series_that_the_last_scrape_lacked_has_no_value() -> None:
    """Prometheus marks it as stale."""
    series: Series = {"c": {(): ((AT - 20.0, 1.0),)}, BUILD: {(): ((AT - 20.0, 1.0), (AT - 5.0, 1.0))}}
    assert View(stored=Stored(series=series, since=0.0), at=AT).last("c") == {}
