"""Series: the calendar of their steps, what is hidden and what is missing."""

from datetime import date

import numpy as np
import pytest

from exporter.core.units import Seconds
from simulator.forecast.index import filled, is_complete, observed_index
from simulator.forecast.interface import ForecastError, Kind, Series, targets, truth
from tests.simulator.energy.places import greensboro
from tests.simulator.forecast.courses import course, series_of, sun


def test_a_step_has_its_place_in_the_calendar() -> None:
    series = series_of(np.zeros(24 * 400), first_day=date(2024, 2, 28))
    steps = np.array([0, 23, 24 + 5, 48, 24 * 307 + 12])
    assert series.hour(steps).tolist() == [0, 23, 5, 0, 12]
    assert series.day_of_month(steps).tolist() == [28, 28, 29, 1, 31]
    assert series.day_of_year(steps).tolist() == [58, 58, 59, 60, 365]
    assert series.season(steps).tolist() == [0, 0, 0, 1, 0]
    assert series.weekday(steps).tolist() == [2, 2, 3, 4, 1]
    assert series.date(48) == date(2024, 3, 1)


def test_seasons_are_those_of_meteorology() -> None:
    series = series_of(np.zeros(24 * 365))
    months = series.season(np.array([24 * day for day in (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)]))
    assert months.tolist() == [0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 0]


def test_steps_of_five_minutes_have_288_horizons() -> None:
    series = Series(
        site=greensboro(),
        kind=Kind.WIND,
        step=Seconds(300.0),
        rated=1.0,
        values=np.zeros(10),
        clear_sky=np.zeros(298),
        beside=np.zeros(10),
    )
    assert series.horizons == 288
    assert series.hour(np.array([6]))[0] == 0.5


@pytest.mark.parametrize(
    ("step", "rated", "sky", "beside", "said"),
    [
        (7.0, 1.0, 34, 10, "expected a step that divides a day, got 7 s"),
        (0.0, 1.0, 34, 10, "expected a step that divides a day, got 0 s"),
        (3600.0, 1.0, 10, 10, "expected 10 values beside and 34 of the clear sky, got 10 and 10"),
        (3600.0, 0.0, 34, 10, "expected a rated power above 0, got 0"),
        (3600.0, 1.0, 34, 9, "expected 10 values beside and 34 of the clear sky, got 9 and 34"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(step: float, rated: float, sky: int, beside: int, said: str) -> None:
    with pytest.raises(ForecastError, match=said):
        Series(
            site=greensboro(),
            kind=Kind.WIND,
            step=Seconds(step),
            rated=rated,
            values=np.zeros(10),
            clear_sky=np.zeros(sky),
            beside=np.zeros(beside),
        )


def test_forecasts_are_held_against_the_steps_that_follow() -> None:
    series = series_of(np.arange(30.0))
    steps = targets(series, np.array([2, 20]))
    assert steps[0].tolist() == list(range(3, 27))
    assert truth(series, steps)[1, :9].tolist() == [21, 22, 23, 24, 25, 26, 27, 28, 29]
    assert np.isnan(truth(series, steps)[1, 9:]).all()


def test_what_is_hidden_is_missing() -> None:
    series = course(Kind.SOLAR, 2)
    shown = np.arange(48) < 24
    hidden = series.only(shown)
    assert np.isnan(hidden.values[24:]).all()
    assert np.isnan(hidden.beside[24:]).all()
    assert np.array_equal(hidden.values[:24], series.values[:24])
    assert np.array_equal(hidden.clear_sky, series.clear_sky)


def test_the_index_of_solar_power_is_kept_over_night() -> None:
    sky = sun(48)
    values = 0.5 * sky[:48]
    values[16:18] = 0.2 * sky[16:18]
    index = observed_index(series_of(values, Kind.SOLAR, clear_sky=sky), 0.7)
    assert index[:6].tolist() == [0.7] * 6
    assert np.allclose(index[6:16], 0.5)
    assert np.allclose(index[16:30], 0.2)
    assert np.allclose(index[30:40], 0.5)


def test_the_index_is_bounded_where_the_sky_is_nearly_dark() -> None:
    sky = sun(24)
    assert observed_index(series_of(4 * sky[:24], Kind.SOLAR, clear_sky=sky), 0.7).max() == 1.5


def test_a_gap_is_filled_by_what_came_before() -> None:
    assert filled(np.array([np.nan, 1.0, np.nan, np.nan, 2.0]), 9.0).tolist() == [9, 1, 1, 1, 2]


def test_a_span_is_complete_only_without_gaps() -> None:
    series = series_of(np.array([1.0, 1.0, np.nan, 1.0, 1.0, 1.0]))
    assert is_complete(series, 2).tolist() == [False, True, False, False, True, True]
