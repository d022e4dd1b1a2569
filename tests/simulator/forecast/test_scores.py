"""Calibration, scores, comparisons and the gate: worked out by hand, and the laws that they keep."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from simulator.arrays import FloatArray
from simulator.forecast.comparison import Losses, diebold_mariano, share_interval, skill_of
from simulator.forecast.conformal import Calibrated, calibrate, conformal_quantiles, weights_of
from simulator.forecast.gate import choose
from simulator.forecast.interface import LEVELS, MONTHS, ForecastError, Kind
from simulator.forecast.models.convex import Convex
from simulator.forecast.models.persistence import Persistence, SmartPersistence
from simulator.forecast.scores import COLUMN, MEASURES, crps, pinball, score
from tests.simulator.forecast.courses import course, series_of, sun

HALF = LEVELS.index(0.5)


def test_the_conformal_quantile_is_an_order_statistic() -> None:
    errors, alike = np.arange(1.0, 20.0), np.ones((19, 1))
    found = {level: conformal_quantiles(errors, alike, level)[0] for level in (0.95, 0.9, 0.5, 0.1, 0.05)}
    assert found == {0.95: 19, 0.9: 18, 0.5: 10, 0.1: 2, 0.05: 1}


def test_an_error_counts_by_its_weight() -> None:
    errors = np.arange(1.0, 20.0)
    weights = np.where(np.arange(19)[:, np.newaxis] < 9, np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    assert conformal_quantiles(errors, weights, 0.9).tolist() == [9, 19]
    assert conformal_quantiles(errors, weights, 0.5).tolist() == [5, 15]
    assert conformal_quantiles(errors, weights, 0.1).tolist() == [1, 10]


@given(seed=st.integers(0, 500), count=st.integers(1, 300), level=st.sampled_from(LEVELS))
def test_the_conformal_quantile_is_the_same_error_counted_twice_or_weighing_two(
    seed: int, count: int, level: float
) -> None:
    random = np.random.default_rng(seed)
    errors, twice = random.normal(size=count), random.random(count) < 0.5
    repeated = np.concatenate([errors, errors[twice]])
    weights = np.ones((count, 1)) + twice[:, np.newaxis]
    alike = np.ones((len(repeated), 1))
    assert conformal_quantiles(errors, weights, level) == conformal_quantiles(repeated, alike, level)


@given(seed=st.integers(0, 500), level=st.sampled_from(LEVELS))
def test_a_level_holds_on_new_draws(seed: int, level: float) -> None:
    random = np.random.default_rng(seed)
    quantile = conformal_quantiles(random.exponential(size=4000), np.ones((4000, 1)), level)
    assert abs((random.exponential(size=4000) <= quantile).mean() - level) < 0.05


def test_a_season_counts_in_full_and_what_is_far_from_it_little() -> None:
    weights = weights_of(np.arange(12))
    assert weights[:, 0].tolist() == [1, 1, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.03125, 0.0625, 0.125, 0.25, 1]
    assert np.array_equal(weights, weights.T)


@given(months=st.sets(st.integers(0, 11), min_size=1))
def test_the_nearest_month_that_is_known_counts_in_full(months: set[int]) -> None:
    known = weights_of(np.array(sorted(months)))[sorted(months)]
    assert (known.max(axis=0) == 1).all()


@pytest.mark.parametrize("kind", [Kind.SOLAR, Kind.WIND])
def test_bands_hold_in_a_season_that_is_unlike_the_others(kind: Kind) -> None:
    """Errors of the winter are half as large again as those of the rest of two years; the first year calibrates.

    With the same moves for all of them, two thirds of the winter would lie within the 80% band.
    """
    random = np.random.default_rng(1)
    steps = np.arange(24 * 730)
    series = series_of(np.zeros(len(steps)), kind, clear_sky=np.full(len(steps) + 24, 1000.0))
    wild = series.season(steps) == 0
    values = 500.0 + random.normal(size=len(steps)) * np.where(wild, 30.0, 20.0)
    series = series_of(values, kind, clear_sky=series.clear_sky)
    first = steps < 24 * 365
    calibrated = calibrate(SmartPersistence(), series, first)
    scores = score(calibrated, series, ~first)
    winter = series.season(scores.days * 24) == 0
    for part in (winter, ~winter):
        sums = scores.by_day[part].sum(axis=(0, 1))
        shares = sums[[COLUMN["in 80"], COLUMN["in 90"]]] / sums[COLUMN["count"]]
        assert np.abs(shares - [0.8, 0.9]).max() < 0.06


@pytest.mark.slow
@pytest.mark.parametrize("kind", Kind)
def test_calibrated_bands_cover_what_they_promise(kind: Kind) -> None:
    """In the mean over courses: the errors of one course share its weather."""
    days = np.arange(24 * 400) // 24
    shares = []
    for seed in range(4):
        series = course(kind, 400, seed=seed)
        fitted = Convex().fit(series.only(days < 100), 0)
        calibrated = calibrate(fitted, series.only(days < 250), (days >= 100) & (days < 250))
        scores = score(calibrated, series, days >= 250)
        sums = scores.by_day.sum(axis=(0, 1))
        shares.append([*(sums[[COLUMN["in 80"], COLUMN["in 90"]]]), *scores.below.sum(axis=1)] / sums[COLUMN["count"]])
    assert np.abs(np.mean(shares, axis=0) - [0.8, 0.9, *LEVELS]).max() < 0.04


def test_quantiles_are_in_order_and_within_bounds() -> None:
    series = course(Kind.SOLAR, 60)
    days = np.arange(len(series.values)) // 24
    calibrated = calibrate(SmartPersistence(), series, days < 60)
    quantiles = calibrated.quantiles(series, np.arange(24, 24 * 58))
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert quantiles.min() == 0
    assert quantiles.max() <= 1.5 * series.clear_sky.max()


def test_too_few_days_to_calibrate_are_refused() -> None:
    series = course(Kind.WIND, 10)
    with pytest.raises(ForecastError, match="expected 20 observed steps to calibrate by, got 11"):
        calibrate(Persistence(), series, np.arange(240) < 12)


def test_scores_are_sums_by_day_and_hour_of_the_day() -> None:
    values = np.where(np.arange(24 * 6) % 24 == 12, 30.0, 10.0)
    series = series_of(values)
    calibrated = Calibrated(Persistence(), np.zeros((MONTHS, len(LEVELS), 24)))
    scores = score(calibrated, series, np.arange(24 * 6) >= 24 * 4)
    assert scores.days.tolist() == [4, 5]
    # One step ahead persistence is wrong twice a day: by 20 before the peak and by 20 after it.
    assert scores.by_day[:, 0, COLUMN["count"]].tolist() == [24, 24]
    assert scores.by_day[:, 0, COLUMN["squared"]].tolist() == [800, 800]
    assert scores.by_day[:, 0, COLUMN["error"]].tolist() == [0, 0]
    assert np.flatnonzero(scores.by_hour[:, 0, COLUMN["absolute"]]).tolist() == [12, 13]


def test_night_counts_for_nothing() -> None:
    sky = sun(24 * 5)
    series = series_of(0.5 * sky[: 24 * 5], Kind.SOLAR, clear_sky=sky)
    scores = score(calibrate(SmartPersistence(), series, np.ones(120, dtype=np.bool_)), series, np.arange(120) >= 72)
    assert scores.by_day[:, 0, COLUMN["count"]].tolist() == [12, 12]
    assert scores.by_hour[:6].sum() == scores.by_hour[18:].sum() == 0


def test_the_pinball_loss_and_the_crps_by_hand() -> None:
    certain = np.full((1, len(LEVELS), 1), 3.0)
    assert crps(certain, np.array([[3.0]])).tolist() == [[0.0]]
    losses = pinball(certain, np.array([[5.0]]))[0, :, 0]
    assert np.allclose(losses, 2.0 * np.array(LEVELS))
    # The score of a certain forecast is its absolute error, but for what lies beyond the outermost levels.
    assert crps(certain, np.array([[5.0]]))[0, 0] == pytest.approx(2.0, rel=0.06)


@given(shift=st.floats(0.1, 3), seed=st.integers(0, 100))
def test_the_crps_prefers_the_true_distribution(shift: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    happened = random.exponential(size=(2000, 1))
    true = np.broadcast_to(-np.log(1 - np.array(LEVELS))[:, np.newaxis], (2000, len(LEVELS), 1))
    assert crps(true, happened).mean() < crps(true + shift, happened).mean()


def test_skill_is_what_is_saved_of_the_reference() -> None:
    half = Losses(np.full(50, 1.0), np.full(50, 4.0), 0.5)
    found = skill_of([half])
    assert (found.skill, found.low, found.high) == (0.5, 0.5, 0.5)
    assert skill_of([half, Losses(np.full(50, 4.0), np.full(50, 4.0), 0.5)]).skill == 0.25
    assert skill_of([Losses(np.full(50, 1.0), np.full(50, 4.0), 1.0)]).skill == 0.75


@given(seed=st.integers(0, 50))
def test_the_interval_holds_the_skill_and_narrows_with_days(seed: int) -> None:
    random = np.random.default_rng(seed)
    model, reference = random.exponential(size=(2, 400)) * [[0.9], [1.0]]
    few, many = (skill_of([Losses(model[:days], reference[:days], 0.5)]) for days in (40, 400))
    assert few.low <= few.skill <= few.high
    assert many.high - many.low < few.high - few.low


def test_the_share_of_hits_has_an_interval_over_days() -> None:
    share, low, high = share_interval(np.array([9.0, 10.0, 8.0, 9.0]), np.full(4, 10.0))
    assert share == 0.9
    assert 0.8 <= low < 0.9 < high <= 1.0


def test_the_test_of_diebold_and_mariano_finds_what_differs() -> None:
    random = np.random.default_rng(1)
    losses = random.exponential(size=(2, 200))
    assert diebold_mariano(losses[0], losses[1])[1] > 0.05
    statistic, p_value = diebold_mariano(losses[0], losses[0] + 0.2 + 0.1 * losses[1])
    assert statistic > 0
    assert p_value < 0.001
    assert diebold_mariano(losses[0], losses[0]) == (0.0, 1.0)


def test_scores_of_models_have_the_same_days() -> None:
    """Last week tells nothing of the first days, and nothing is counted of them; a day is none the less there."""
    series = course(Kind.WIND, 20)
    every = np.ones(24 * 20, dtype=np.bool_)
    calibrated = [calibrate(model, series, every) for model in (Persistence(), SmartPersistence())]
    silent = Calibrated(Persistence(), np.full((MONTHS, len(LEVELS), 24), np.nan))
    scores = [score(one, series, every) for one in (*calibrated, silent)]
    assert all(np.array_equal(one.days, np.arange(20)) for one in scores)
    assert scores[2].by_day.sum() == 0


DAYS = 60


def losses(squared: FloatArray | float, bands: FloatArray | float) -> FloatArray:
    """Return sums (D, H, M) of scores by day with an hour each."""
    sums = np.ones((DAYS, 24, len(MEASURES)))
    sums[..., COLUMN["squared"]], sums[..., COLUMN["crps"]] = squared, bands
    return sums


CONVEX = losses(10.0, 5.0)
NOISE = np.random.default_rng(1).normal(size=(DAYS, 1))
NOISE = (NOISE - NOISE.mean()) / NOISE.std()


def test_the_gate_takes_the_best_of_each_band_and_says_why() -> None:
    far = np.arange(24) >= 6
    short = np.where((np.arange(24) < 1)[:, np.newaxis], losses(8.0, 4.0), 0.0)
    chosen = choose(
        {
            "convex": CONVEX,
            "ridge": losses(10.0 * np.where(far, 1.02, 0.95), 5.0 * np.where(far, 1.02, 0.99)),
            "boosting": losses(9.9, 4.95),
            "short": short,
        }
    )
    assert [(one.begin, one.end, one.model, one.why) for one in chosen] == [
        (0, 1, "short", "error on validation days 20.0% below that of convex"),
        (1, 6, "ridge", "error on validation days 3.0% below that of convex"),
        (6, 24, "boosting", "error on validation days 1.0% below that of convex"),
    ]
    kept = choose({"convex": CONVEX, "ridge": losses(10.2, 5.1)})
    assert {one.model for one in kept} == {"convex"}
    assert kept[0].why == "no model is better: ridge has an error on validation days 2.0% above that of convex"
    assert choose({"convex": CONVEX})[2].why == "there is no model beside the reference"


@pytest.mark.parametrize(
    ("squared", "bands", "model"),
    [(9.0, 5.4, "ridge"), (9.0, 5.6, "convex"), (11.0, 4.4, "ridge"), (11.0, 4.6, "convex")],
)
def test_worse_bands_weigh_as_much_as_a_worse_mean(squared: float, bands: float, model: str) -> None:
    assert {one.model for one in choose({"convex": CONVEX, "ridge": losses(squared, bands)})} == {model}


@pytest.mark.parametrize(("ahead", "model"), [(0.0, "MLP"), (0.2, "MLP"), (0.3, "ridge"), (2.0, "ridge")], ids=str)
def test_the_preferred_model_is_served_unless_another_is_shown_to_be_better(ahead: float, model: str) -> None:
    """The differences by day have the standard deviation 1, so that the standard error of 60 is 0.13."""
    preferred = losses(8.0, 4.0)
    preferred[..., COLUMN["squared"]] += NOISE
    other = losses(8.0 - ahead, 4.0)
    (first, _, _) = choose({"convex": CONVEX, "MLP": preferred, "ridge": other})
    assert first.model == model
    if ahead == 0.2:
        assert first.why == (
            "error on validation days 20.0% below that of convex; ridge is not shown to be better, with 21.0%"
        )


def test_the_preferred_model_gives_way_to_the_reference_where_it_is_worse() -> None:
    preferred = losses(10.1, 5.0)
    preferred[..., COLUMN["squared"]] += NOISE
    assert {one.model for one in choose({"convex": CONVEX, "MLP": preferred})} == {"convex"}
    assert {one.model for one in choose({"convex": CONVEX, "MLP": preferred, "ridge": losses(9.9, 5.0)})} == {"ridge"}


@pytest.mark.parametrize(
    ("reference", "model"), [(0.0, 0.0), (0.0, 1e-15), (np.nan, 1.0), (1.0, np.nan), (np.nan, 0.0)]
)
def test_errors_that_cannot_be_compared_choose_no_model(reference: float, model: float) -> None:
    for name in ("ridge", "MLP"):
        for choice in choose({"convex": losses(reference, reference), name: losses(model, model)}):
            assert (choice.model, choice.why) == ("convex", "no model can be compared with the reference")
