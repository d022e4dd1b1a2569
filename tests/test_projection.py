"""The mean rate that budgets are projected with: of the last hour, over restarts, and as Prometheus computes it."""

import math

from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import Grams, UnixSeconds
from exporter.projection import SPACING, WINDOW, Mark, mean_rate, with_mark

SINCE = UnixSeconds(1_800_000_000.0)


def marks_of(rates: list[float], step: float) -> tuple[tuple[Mark, ...], Mark]:
    """Marks as the sampler leaves them after one sample every `step` seconds at these rates, and the present."""
    marks: tuple[Mark, ...] = ()
    now = Mark(at=SINCE, emitted=Grams(0.0))
    for rate in rates:
        now = Mark(at=UnixSeconds(now.at + step), emitted=Grams(now.emitted + rate * step))
        marks = with_mark(marks, now)
    return marks, now


@given(rate=st.floats(0.0, 10.0), samples=st.integers(1, 2000), step=st.sampled_from([1.0, 5.0, 60.0]))
def test_a_steady_rate_is_its_own_mean(rate: float, samples: int, step: float) -> None:
    marks, now = marks_of([rate] * samples, step)
    found = mean_rate(marks, now, SINCE)
    assert found is not None
    assert math.isclose(found, rate, rel_tol=1e-9)


def test_what_is_older_than_the_window_does_not_count() -> None:
    marks, now = marks_of([7.0] * 720 + [2.0] * 720 + [2.0] * 60, 5.0)
    found = mean_rate(marks, now, SINCE)
    assert found is not None
    assert math.isclose(found, 2.0, rel_tol=1e-6)


def test_a_step_inside_the_window_counts_for_its_share() -> None:
    marks, now = marks_of([1.0] * 1440 + [3.0] * 360, 5.0)  # two hours, then half an hour
    found = mean_rate(marks, now, SINCE)
    assert found is not None
    assert math.isclose(found, 2.0, rel_tol=0.01)


def test_time_that_was_not_counted_is_time_without_emissions() -> None:
    marks, before = marks_of([2.0] * 1440, 5.0)
    back = Mark(at=UnixSeconds(before.at + 1800.0), emitted=before.emitted)
    found = mean_rate(with_mark(marks, back), back, SINCE)
    assert found is not None
    assert math.isclose(found, 1.0, rel_tol=0.01)


def test_a_beginning_that_had_to_be_moved_counts_only_what_came_after_it() -> None:
    """As the state is loaded where the clock was ahead when counting began."""
    moved = Mark(at=SINCE, emitted=Grams(240.0))
    now = Mark(at=UnixSeconds(SINCE + 600.0), emitted=Grams(244.0))
    found = mean_rate(with_mark((moved,), now), now, SINCE)
    assert found is not None
    assert math.isclose(found, 4.0 / 600.0, rel_tol=1e-9)


def test_nothing_is_known_in_the_first_moment() -> None:
    now = Mark(at=SINCE, emitted=Grams(0.0))
    assert mean_rate((), now, SINCE) is None
    assert mean_rate((now,), now, SINCE) is None
    assert mean_rate((now,), now, UnixSeconds(SINCE + 60.0)) is None


@given(rates=st.lists(st.floats(0.0, 5.0), min_size=1, max_size=400))
def test_marks_stay_few_and_in_order(rates: list[float]) -> None:
    marks, now = marks_of(rates, 60.0)
    assert len(marks) <= WINDOW / SPACING + 3
    assert [mark.at for mark in marks] == sorted(mark.at for mark in marks)
    assert mean_rate(marks, now, SINCE) is not None


def test_a_clock_that_steps_back_never_gives_a_negative_rate() -> None:
    marks, now = marks_of([1.0] * 2000, 5.0)
    back = Mark(at=UnixSeconds(now.at - 5000.0), emitted=Grams(now.emitted + 5.0))
    found = mean_rate(with_mark(marks, back), back, SINCE)
    assert found is not None
    assert found >= 0.0
