"""The references, worked out by hand, and the law that none of them knows the future."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from simulator.forecast.interface import ForecastError, Kind, Model, targets, truth
from simulator.forecast.models.climatology import PRIOR_STEPS, Climatology, hour_of_week
from simulator.forecast.models.convex import Convex, best_weights, flat, references, yang
from simulator.forecast.models.persistence import Earlier, Persistence, SmartPersistence, last_week, yesterday
from tests.simulator.forecast.courses import course, series_of, sun

EVERY: tuple[Model, ...] = (
    Persistence(),
    SmartPersistence(),
    yesterday(),
    last_week(),
    Climatology(),
    hour_of_week(),
    Convex(),
)


def test_persistence_repeats_the_last_value_that_was_there() -> None:
    series = series_of(np.array([1.0, 2.0, np.nan]))
    assert Persistence().expect(series, np.array([2])).mean.tolist() == [[2.0] * 24]


def test_smart_persistence_follows_the_clear_sky_into_the_next_day() -> None:
    sky = sun(24)
    series = series_of(0.4 * sky[:24], Kind.SOLAR, clear_sky=sky)
    expected = SmartPersistence().expect(series, np.array([23])).mean[0]
    assert np.allclose(expected, 0.4 * sky[:24])


@pytest.mark.parametrize(("model", "days"), [(yesterday(), 1), (last_week(), 7)])
def test_an_hour_is_as_it_was_days_before(model: Earlier, days: int) -> None:
    series = series_of(np.arange(24.0 * 9))
    origin = 24 * 8 + 5
    expected = model.expect(series, np.array([origin])).mean[0]
    assert expected.tolist() == [origin + horizon - 24 * days for horizon in range(1, 25)]


def test_climatology_is_the_mean_of_hour_and_season_with_a_prior() -> None:
    values = np.where(np.arange(24 * 200) % 24 == 12, 10.0, 0.0)
    values[24 * 100 + 12] = 30.0
    fitted = Climatology().fit(series_of(values), 0)
    days = {"winter": 31 + 28, "spring": 92, "summer": 49}
    overall = values.mean()
    of_hour = (10 * 200 + 20 + PRIOR_STEPS * overall) / (200 + PRIOR_STEPS)
    assert fitted.means[0, 12] == pytest.approx((10 * days["winter"] + PRIOR_STEPS * of_hour) / (59 + PRIOR_STEPS))
    assert fitted.means[1, 12] == pytest.approx((10 * 92 + 20 + PRIOR_STEPS * of_hour) / (92 + PRIOR_STEPS))


def test_a_season_without_observations_has_the_mean_of_the_hour() -> None:
    fitted = Climatology().fit(series_of(np.tile(np.arange(24.0), 30)), 0)
    assert np.allclose(fitted.means[2], fitted.means[3])
    assert fitted.means[2, 20] > fitted.means[2, 3]


def test_climatology_of_the_sun_is_an_index() -> None:
    sky = sun(24 * 30)
    series = series_of(0.6 * sky[: 24 * 30], Kind.SOLAR, clear_sky=sky)
    expected = Climatology().fit(series, 0).expect(series, np.array([24 * 20])).mean[0]
    assert np.allclose(expected, 0.6 * sky[1:25])


def test_the_hour_of_the_week_knows_sundays() -> None:
    days = np.arange(24 * 70) // 24
    series = series_of(np.where(days % 7 == 4, 100.0, 200.0), Kind.INTENSITY)  # 1 January 2025 is a Wednesday
    fitted = hour_of_week().fit(series, 0)
    saturday = np.array([24 * 66 + 23])
    assert series.date(24 * 67).isoweekday() == 7
    mean = fitted.expect(series, saturday).mean[0]
    assert (mean < 150).all()
    assert (fitted.expect(series, saturday - 24).mean[0] > 150).all()


def test_climatology_of_nothing_is_refused() -> None:
    with pytest.raises(ForecastError, match="climatology: expected at least one observation, got none"):
        Climatology().fit(series_of(np.full(48, np.nan)), 0)


def test_the_best_combination_is_found_on_every_face_of_the_simplex() -> None:
    random = np.random.default_rng(3)
    offered = random.normal(size=(500, 3))
    for weights in ([1, 0, 0], [0.3, 0.7, 0], [0, 0.5, 0.5], [0.2, 0.3, 0.5]):
        assert best_weights(offered, offered @ np.array(weights)) == pytest.approx(weights, abs=1e-9)


@given(seed=st.integers(0, 10_000))
def test_no_other_combination_is_better(seed: int) -> None:
    random = np.random.default_rng(seed)
    offered, happened = random.normal(size=(60, 3)), random.normal(size=60)
    best = best_weights(offered, happened)
    assert best.sum() == pytest.approx(1)
    assert (best >= 0).all()
    others = random.dirichlet(np.ones(3), size=200)
    errors = np.square(offered @ others.T - happened[:, np.newaxis]).sum(axis=0)
    assert np.square(offered @ best - happened).sum() <= errors.min() + 1e-9


@pytest.mark.parametrize("kind", Kind)
def test_the_combination_loses_to_none_of_its_parts_where_it_learnt(kind: Kind) -> None:
    series = course(kind, 60)
    origins = np.arange(24 * 8, 24 * 58)
    steps = targets(series, origins)
    seen = series.has_sun(steps)

    def errors(model: Model) -> float:
        wrong = model.fit(series, 0).expect(series, origins).mean - truth(series, steps)
        return float(np.square(wrong[seen]).sum())

    # The first days count when it learns and not here, hence the per mille.
    assert all(errors(Convex()) <= errors(one) * 1.001 for one in references(kind))


def test_flat_bands_are_the_same_at_any_hour_and_change_no_mean() -> None:
    series = course(Kind.SOLAR, 30)
    origins = np.arange(24 * 8, 24 * 10)
    plain, usual = (model.fit(series, 0).expect(series, origins) for model in (flat(), Convex()))
    assert (plain.spread == 1).all()
    assert np.array_equal(plain.mean, usual.mean)


def test_yangs_own_combination_has_two_parts() -> None:
    assert [one.name for one in yang().members(Kind.SOLAR)] == ["smart persistence", "climatology"]


@pytest.mark.parametrize("model", EVERY, ids=lambda one: one.name)
@settings(max_examples=10)
@given(seed=st.integers(0, 1000), kind=st.sampled_from(Kind))
def test_another_future_changes_no_forecast(model: Model, seed: int, kind: Kind) -> None:
    series = course(kind, 20)
    fitted = model.fit(series, 0)
    origin = int(np.random.default_rng(seed).integers(24 * 8, 24 * 19))
    values = series.values.copy()
    np.random.default_rng(seed).shuffle(values[origin + 1 :])
    other = series_of(values, kind, clear_sky=series.clear_sky, beside=series.beside)
    expected = fitted.expect(series, np.array([origin])).mean
    assert np.array_equal(expected, fitted.expect(other, np.array([origin])).mean)
    assert np.array_equal(expected, fitted.expect(series.observed_until(origin), np.array([origin])).mean)


@pytest.mark.parametrize("model", EVERY, ids=lambda one: one.name)
@pytest.mark.parametrize("kind", Kind)
def test_a_model_is_the_same_after_it_was_kept(model: Model, kind: Kind) -> None:
    series = course(kind, 20)
    fitted = model.fit(series, 0)
    again = model.restore({key: value.copy() for key, value in fitted.state().items()})
    origins = np.arange(24 * 8, 24 * 10)
    assert np.array_equal(fitted.expect(series, origins).mean, again.expect(series, origins).mean)
