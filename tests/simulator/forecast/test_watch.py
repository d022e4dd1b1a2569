"""The watch on a model in use: its figures are those of its window, and it hands over and back after a day each."""

import math
from collections.abc import Sequence
from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from simulator.forecast.interface import LEVELS
from simulator.forecast.watch import WINDOW_DAYS, Prediction, Standing, Watch

DAY = 24
ENDS = (1, 6, 24)


def told(error: float) -> Prediction:
    """Return a forecast that is wrong by so much at every horizon, in bands of one width."""
    mean = np.full(DAY, 100.0 + error)
    spread = np.interp(LEVELS, (0.0, 1.0), (-10.0, 10.0))
    return Prediction(mean=mean, quantiles=mean + spread[:, np.newaxis])


def watched(errors: Sequence[tuple[float, float]], values: Sequence[float] | None = None) -> Watch:
    """Return a watch after steps with errors of model and reference, of what came: 100 unless it is said."""
    watch = Watch(DAY, ENDS)
    for step, (model, reference) in enumerate(errors):
        watch.came(step, 100.0 if values is None else values[step])
        watch.told(step, told(model), told(reference))
    return watch


def first(watch: Watch) -> Standing:
    return watch.standing()[0]


def test_errors_skill_and_coverage_are_those_of_what_came() -> None:
    standing = first(watched([(1.0, 2.0)] * 30))
    assert (standing.begin, standing.end) == (0, 1)
    assert (standing.model_error, standing.reference_error, standing.skill) == (1.0, 2.0, 0.5)
    assert standing.coverage == {80: 1.0, 90: 1.0}


def test_coverage_counts_what_lies_within() -> None:
    watch = Watch(DAY, ENDS)
    # The 80% band is 8 W to either side, the 90% band 9 W.
    for step, off in enumerate((0.0, 0.0, 8.5, 20.0)):
        watch.came(step, 100.0 + off)
        watch.told(step, told(0.0), told(0.0))
    assert first(watch).coverage == {80: pytest.approx(1 / 3), 90: pytest.approx(2 / 3)}


def test_nothing_is_known_before_anything_came() -> None:
    for standing in Watch(DAY, ENDS).standing():
        assert standing.model_error is standing.reference_error is standing.skill is None
        assert standing.coverage == {80: None, 90: None}
        assert not standing.handed_over


def test_a_model_that_is_behind_for_a_day_hands_over_and_not_before() -> None:
    # The first step has no forecast yet, so the day is that of the steps 1 to 24.
    assert not first(watched([(2.0, 1.0)] * DAY)).handed_over
    late = first(watched([(2.0, 1.0)] * (DAY + 1)))
    assert (late.handed_over, late.hand_overs, late.returns) == (True, 1, 0)


def test_it_returns_when_it_has_been_ahead_for_a_day() -> None:
    behind, ahead = [(2.0, 1.0)] * (DAY + 1), [(0.0, 3.0)]
    # Four steps of 9 outweigh 25 of 3 in the window: the run begins with the ninth.
    needed = math.ceil(25 * 3 / 9)
    assert first(watched(behind + ahead * (needed + DAY - 1))).handed_over
    back = first(watched(behind + ahead * (needed + DAY + 1)))
    assert (back.handed_over, back.hand_overs, back.returns) == (False, 1, 1)


def test_a_moment_ahead_begins_the_day_anew() -> None:
    errors = [(2.0, 1.0)] * 20 + [(0.0, 9.0)] + [(2.0, 1.0)] * DAY
    assert not first(watched(errors)).handed_over


def test_a_pair_that_is_even_never_changes() -> None:
    watch = watched([(2.0, 2.0)] * (20 * DAY))
    assert [(one.handed_over, one.hand_overs, one.skill) for one in watch.standing()] == [(False, 0, 0.0)] * 3


def test_bands_are_judged_by_themselves() -> None:
    watch = Watch(DAY, ENDS)
    wrong = told(0.0)
    wrong = replace(wrong, mean=np.where(np.arange(DAY) < 6, wrong.mean, wrong.mean + 9.0))
    for step in range(3 * DAY):
        watch.came(step, 100.0)
        watch.told(step, wrong, told(1.0))
    assert watch.handed_over == (False, False, True)


def test_night_counts_for_nobody() -> None:
    watch = Watch(DAY, ENDS)
    for step in range(3 * DAY):
        watch.came(step, 0.0, counts=False)
        watch.told(step, told(9.0), told(1.0))
    assert first(watch).skill is None
    assert not first(watch).handed_over


def test_a_model_that_tells_nothing_of_a_horizon_is_not_judged_there() -> None:
    watch = Watch(DAY, ENDS)
    only_next = replace(told(1.0), mean=np.where(np.arange(DAY) < 1, 101.0, np.nan))
    for step in range(2 * DAY):
        watch.came(step, 100.0)
        watch.told(step, only_next, told(2.0))
    assert [one.skill for one in watch.standing()] == [0.5, None, None]


def test_the_reference_is_judged_while_it_stands_in() -> None:
    watch = Watch(DAY, ENDS)
    for step in range(3 * DAY):
        watch.came(step, 100.0)
        watch.told(step, told(50.0), told(1.0))
    assert first(watch).coverage == {80: 1.0, 90: 1.0}
    assert first(watched([(50.0, 1.0)] * DAY)).coverage == {80: 0.0, 90: 0.0}


@settings(max_examples=30)
@given(
    errors=st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=2, max_size=300),
    missing=st.sets(st.integers(0, 299)),
)
def test_figures_are_those_of_a_plain_count(errors: list[tuple[float, float]], missing: set[int]) -> None:
    values = [math.nan if step in missing else 100.0 for step in range(len(errors))]
    watch = watched(errors, values)
    steps = [step for step in range(1, len(errors)) if step not in missing and step > len(errors) - 1 - DAY * 7]
    standing = first(watch)
    if not steps:
        assert standing.skill is None
        return
    model, reference = (math.sqrt(np.mean([errors[step - 1][who] ** 2 for step in steps])) for who in (0, 1))
    assert standing.model_error == pytest.approx(model)
    assert standing.reference_error == pytest.approx(reference)


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), missing=st.sets(st.integers(0, 99)))
def test_what_was_not_observed_is_as_if_it_were_left_out(seed: int, missing: set[int]) -> None:
    said, silent = Watch(DAY, ENDS), Watch(DAY, ENDS)
    for step, error in enumerate(np.random.default_rng(seed).uniform(0.0, 9.0, 100)):
        model = told(float(error))
        for watch in (said, silent):
            if step not in missing:
                watch.came(step, 100.0)
            elif watch is said:
                watch.came(step, math.nan)
            watch.told(step, model, told(4.0))
    assert said.standing() == silent.standing()
    assert said.handed_over == silent.handed_over


@settings(max_examples=30)
@given(errors=st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), max_size=400))
def test_it_changes_at_most_once_a_day(errors: list[tuple[float, float]]) -> None:
    for standing in watched(errors).standing():
        changes = standing.hand_overs + standing.returns
        assert standing.hand_overs - standing.returns == standing.handed_over
        assert changes <= len(errors) / DAY


@settings(max_examples=30)
@given(gap=st.integers(1, 400))
def test_no_forecast_is_held_against_another_day(gap: int) -> None:
    watch = watched([(50.0, 50.0)] * 3)
    watch.came(2 + DAY + gap, 100.0)
    # The forecasts of the first steps reached only a day ahead.
    assert all(one.model_error is None or one.model_error == 50.0 for one in watch.standing())
    forgotten = 2 + DAY + gap - WINDOW_DAYS * DAY >= 2
    assert (first(watch).skill is None) == forgotten


def test_a_day_without_end_of_missing_steps_is_soon_told() -> None:
    watch = watched([(2.0, 1.0)] * 20)
    watch.came(10**12, 100.0)
    watch.told(10**12, told(2.0), told(1.0))
    watch.came(10**12 + 1, 100.0)
    assert not first(watch).handed_over
    assert first(watch).skill == -1.0


def test_time_does_not_go_back() -> None:
    watch = watched([(1.0, 1.0)] * 3)
    with pytest.raises(ValueError, match=r"^expected a step after 2, got 2$"):
        watch.came(2, 100.0)
    with pytest.raises(ValueError, match=r"^expected a forecast from step 2, got one from 1$"):
        watch.told(1, told(1.0), told(1.0))


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e308])
def test_a_value_out_of_this_world_leaves_no_trace_after_a_week(value: float) -> None:
    values = [100.0] * 10 + [value] + [100.0] * (WINDOW_DAYS * DAY)
    standing = first(watched([(1.0, 2.0)] * len(values), values))
    assert (standing.model_error, standing.skill) == (1.0, 0.5)
