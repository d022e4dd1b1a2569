"""Models that are asked with bad input: an answer always, by the reference where the model had better not be asked."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from simulator.arrays import FloatArray
from simulator.forecast.asking import Reason, Sides, answer, trouble
from simulator.forecast.conformal import Calibrated, calibrate
from simulator.forecast.interface import LEVELS, MONTHS, Expected, Kind, Series, State, Steps, point
from simulator.forecast.models.convex import Convex
from simulator.forecast.models.ridge import Ridge
from simulator.forecast.splits import fixed_split
from tests.simulator.forecast.courses import course

DAY = 24


@cache
def pair(kind: Kind) -> tuple[Calibrated, Calibrated]:
    """Return a model and its reference, both calibrated."""
    series = course(kind, 120, seed=5)
    split = fixed_split(series)
    learnt = series.only(split.training)
    model, reference = (
        calibrate(one.fit(learnt, 0), series.only(split.training | split.calibration), split.calibration)
        for one in (Ridge(), Convex())
    )
    return model, reference


def lately(kind: Kind) -> Series:
    whole = course(kind, 9, seed=9)
    return whole.observed_until(len(whole.values) - 1)


def put(series: Series, place: int | slice, value: float) -> Series:
    values = series.values.copy()
    values[place] = value
    return replace(series, values=values)


def without_sun(series: Series) -> Series:
    return replace(series, values=np.zeros_like(series.values), clear_sky=np.zeros_like(series.clear_sky))


def standing_still(series: Series) -> Series:
    return replace(series, values=np.where(series.clear_sky[: len(series.values)] > 0.0, 7.0, 0.0))


TROUBLES: dict[Reason, Callable[[Series], Series]] = {
    Reason.SHORT: lambda series: series.observed_until(DAY - 2),
    Reason.INVALID: lambda series: put(series, -3, np.inf),
    Reason.GAP: lambda series: put(series, -DAY, np.nan),
    Reason.CONSTANT: standing_still,
    Reason.NIGHT: without_sun,
}


@pytest.mark.parametrize("kind", Kind)
def test_a_model_is_asked_where_a_day_was_observed(kind: Kind) -> None:
    model, reference = pair(kind)
    found = answer(Sides(model, reference), lately(kind))
    assert found.reason is None
    origin = np.array([len(lately(kind).values) - 1])
    for told, alone in ((found.model, model), (found.reference, reference)):
        mean, quantiles = alone.bands(lately(kind), origin)
        assert np.array_equal(told.mean, mean[0])
        assert np.array_equal(told.quantiles, quantiles[0])
    assert not np.array_equal(found.model.mean, found.reference.mean)


@pytest.mark.parametrize("reason", TROUBLES)
def test_the_reference_answers_for_each_reason(reason: Reason) -> None:
    model, reference = pair(Kind.SOLAR)
    found = answer(Sides(model, reference), TROUBLES[reason](lately(Kind.SOLAR)))
    assert found.reason is reason
    assert np.array_equal(found.model.mean, found.reference.mean)
    assert np.isfinite(found.reference.quantiles).all()


def test_a_history_of_gaps_is_a_short_one() -> None:
    gaps = put(lately(Kind.WIND), slice(0, -DAY + 1), np.nan)
    assert trouble(gaps) is Reason.SHORT


@pytest.mark.parametrize("value", [-1.0, -np.inf, np.inf, 1e300])
def test_what_no_supply_can_give_is_taken_for_missing(value: float) -> None:
    model, reference = pair(Kind.WIND)
    bad, gap = (answer(Sides(model, reference), put(lately(Kind.WIND), -1, one)) for one in (value, np.nan))
    assert np.array_equal(bad.reference.mean, gap.reference.mean)


def test_a_grid_or_a_calm_that_stays_as_it_is_is_no_fault() -> None:
    for kind in (Kind.WIND, Kind.INTENSITY):
        assert trouble(put(lately(kind), slice(None), 0.0)) is None


class Strange:
    """A model that tells something of its own."""

    def __init__(self, mean: FloatArray) -> None:
        self.mean = mean

    def expect(self, series: Series, origins: Steps) -> Expected:  # noqa: ARG002 - the protocol's
        return point(self.mean[np.newaxis], np.ones((1, DAY)))

    def state(self) -> State:
        return {}


def strange(mean: FloatArray) -> Calibrated:
    return Calibrated(Strange(mean), np.zeros((MONTHS, len(LEVELS), DAY)))


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_an_answer_that_is_no_number_is_not_taken(value: float) -> None:
    _, reference = pair(Kind.WIND)
    found = answer(Sides(strange(np.full(DAY, value)), reference), lately(Kind.WIND))
    assert found.reason is Reason.NO_ANSWER
    assert np.array_equal(found.model.mean, found.reference.mean)


def test_horizons_of_which_a_model_tells_nothing_are_the_references() -> None:
    _, reference = pair(Kind.WIND)
    mean = np.where(np.arange(DAY) < 1, 5.0, np.nan)
    found = answer(Sides(strange(mean), reference), lately(Kind.WIND))
    assert found.reason is None
    assert found.model.mean[0] == 5.0
    assert np.array_equal(found.model.mean[1:], found.reference.mean[1:])
    assert np.array_equal(found.model.quantiles[:, 1:], found.reference.quantiles[:, 1:])


@settings(max_examples=60)
@given(
    kind=st.sampled_from(Kind),
    values=st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=9 * DAY),
)
def test_any_input_has_an_answer_in_order_and_not_below_zero(kind: Kind, values: list[float]) -> None:
    model, reference = pair(kind)
    series = put(lately(kind).observed_until(len(values) - 1), slice(None), 0.0)
    found = answer(Sides(model, reference), replace(series, values=np.array(values)))
    for told in (found.model, found.reference):
        assert np.isfinite(told.mean).all()
        assert np.isfinite(told.quantiles).all()
        assert (told.quantiles >= 0.0).all()
        assert (np.diff(told.quantiles, axis=0) >= 0.0).all()
