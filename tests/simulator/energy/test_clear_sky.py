"""The clear sky at places and dates where it is known otherwise."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pvlib.clearsky import haurwitz  # type: ignore[import-untyped]
from pvlib.irradiance import get_extra_radiation  # type: ignore[import-untyped]
from pvlib.location import Location  # type: ignore[import-untyped]

from simulator.energy.clear_sky import BLOCK_DAYS, Sky, calendar_day, clear_sky_day, linke_turbidity, sky_day
from simulator.energy.interface import POINTS_PER_DAY, Site
from tests.simulator.energy.places import greensboro

ADELAIDE = Site(
    latitude=-34.93, longitude=138.6, altitude_metres=50.0, utc_offset_hours=9.5, first_day=date(2025, 12, 21)
)

LONGYEARBYEN = Site(
    latitude=78.22, longitude=15.63, altitude_metres=10.0, utc_offset_hours=1.0, first_day=date(2024, 1, 1)
)
KATHMANDU = Site(
    latitude=27.7, longitude=85.32, altitude_metres=1400.0, utc_offset_hours=5.75, first_day=date(1962, 5, 4)
)
QUITO = Site(
    latitude=-0.18, longitude=-78.47, altitude_metres=2850.0, utc_offset_hours=-5.0, first_day=date(2023, 9, 9)
)

everywhere = pytest.mark.parametrize("site", [greensboro(), ADELAIDE, LONGYEARBYEN, KATHMANDU, QUITO])


def steps_from(utc_midnight: str) -> pd.DatetimeIndex:
    """Return the middles of a day's steps."""
    return pd.date_range(utc_midnight, periods=POINTS_PER_DAY, freq="300s", tz="UTC") + pd.Timedelta("150s")


def pvlib_place(site: Site) -> Location:
    return Location(site.latitude, site.longitude, "UTC", site.altitude_metres)


def content(sky: Sky) -> tuple[int, bytes, bytes, bytes]:
    """Return all that there is of a sky, to the bit."""
    angles = sky.sun.zenith_degrees.tobytes(), sky.sun.azimuth_degrees.tobytes()
    return sky.sun.day_of_year, *angles, sky.clear_sky_watts_per_square_metre.tobytes()


def computed_alone(site: Site, day: date) -> tuple[int, bytes, bytes, bytes]:
    """Return the content of a sky for which pvlib was asked for this day and no other."""
    midnight = datetime.combine(day, time(), tzinfo=UTC) - timedelta(hours=site.utc_offset_hours)
    times, day_of_year = steps_from(str(midnight.replace(tzinfo=None))), day.timetuple().tm_yday
    position = pvlib_place(site).get_solarposition(times)
    clear = pvlib_place(site).get_clearsky(
        times,
        solar_position=position,
        dni_extra=get_extra_radiation(day_of_year),
        linke_turbidity=linke_turbidity(site.latitude, site.longitude, day),
    )
    columns = position["apparent_zenith"], position["azimuth"], clear["ghi"]
    zenith, azimuth, irradiance = (column.to_numpy(dtype=np.float64).tobytes() for column in columns)
    return day_of_year, zenith, azimuth, irradiance


@pytest.mark.slow
@everywhere
def test_a_day_of_a_block_is_as_if_computed_alone(site: Site) -> None:
    # Thirteen and the length of a block have no common factor, so each place in a block has its turn.
    for index in range(-1, 366, 13):
        assert content(sky_day(site, index)) == computed_alone(site, calendar_day(site.first_day, index))


@everywhere
def test_each_day_of_a_year_is_the_same_whichever_days_are_in_its_block(site: Site) -> None:
    shift = 5
    assert shift % BLOCK_DAYS
    earlier = replace(site, first_day=site.first_day - timedelta(days=shift))
    for index in range(366):
        assert content(sky_day(earlier, index + shift)) == content(sky_day(site, index))


@pytest.mark.parametrize(("site", "utc_midnight"), [(greensboro(), "2025-03-20 05:00"), (ADELAIDE, "2025-12-20 14:30")])
def test_the_sun_shines_by_day_and_only_then(site: Site, utc_midnight: str) -> None:
    position = pvlib_place(site).get_solarposition(steps_from(utc_midnight))
    irradiance, sun = clear_sky_day(site, 0), np.asarray(position["apparent_elevation"])
    assert not irradiance[sun < -1].any()
    assert (irradiance[sun > 1] > 0).all()
    # The simplest model knows no haze, so it differs by some percent even at noon.
    noon = sun.argmax()
    assert irradiance[noon] == pytest.approx(haurwitz(pd.Series([90 - sun[noon]]))["ghi"].iloc[0], rel=0.1)


# pvlib 0.16 asks pandas 3.1 for an attribute that pandas renames; the product does not take that way.
@pytest.mark.filterwarnings("ignore:DatetimeIndex.dayofyear is deprecated:DeprecationWarning")
@pytest.mark.parametrize("day", ["2025-01-01", "2025-01-31", "2025-06-15", "2024-02-29", "2024-12-31"])
def test_the_year_is_that_of_pvlib(day: str) -> None:
    theirs = pvlib_place(greensboro()).get_clearsky(steps_from(f"{day} 05:00"))["ghi"]
    ours = clear_sky_day(greensboro(date.fromisoformat(day)), 0)
    assert ours.sum() == pytest.approx(theirs.sum(), rel=0.002)
    assert ours == pytest.approx(theirs.to_numpy(), abs=2.0)


def test_the_sun_stands_highest_at_solar_noon() -> None:
    # 79.95 degrees west is 19.8 minutes behind its zone, and the sun 7.5 minutes behind the clock on that day.
    assert clear_sky_day(greensboro(), 0).argmax() * 5 == pytest.approx(12 * 60 + 27, abs=5)


def test_the_calendar_has_its_leap_days() -> None:
    before = greensboro(date(2024, 2, 28))
    assert (clear_sky_day(before, 1) == clear_sky_day(greensboro(date(2024, 2, 29)), 0)).all()
    assert (clear_sky_day(before, 2) == clear_sky_day(greensboro(date(2024, 3, 1)), 0)).all()
    assert (clear_sky_day(before, 366) == clear_sky_day(greensboro(date(2025, 2, 28)), 0)).all()
    assert (clear_sky_day(before, -1) == clear_sky_day(greensboro(date(2024, 2, 27)), 0)).all()


@given(first=st.dates(date(1900, 1, 1), date(2199, 12, 31)), index=st.integers(-1, 10**9))
def test_days_keep_to_the_calendar_however_late(first: date, index: int) -> None:
    # numpy's calendar of days has no end within any run.
    true = np.datetime64(first, "D") + index
    day = calendar_day(first, index)
    assert day.strftime("-%m-%d") == str(true)[-6:]
    assert (np.datetime64(day, "D") - true).astype(int) % 7 == 0
    assert day == true or true >= np.datetime64("2262-01-01")


@pytest.mark.parametrize("index", [86_600, 2_915_000, 10**9])
def test_the_sun_shines_after_the_last_year_of_datetime(index: int) -> None:
    late = clear_sky_day(greensboro(), index)
    same_date = clear_sky_day(greensboro(calendar_day(greensboro().first_day, index % 146_097).replace(year=2024)), 0)
    # In March the light grows by 0.6% a day, and leap years shift the sun against the date by up to a day.
    assert late.sum() == pytest.approx(same_date.sum(), rel=0.01)
    assert late == pytest.approx(same_date, abs=15.0)


def test_summer_is_brighter_than_winter() -> None:
    june, december = (clear_sky_day(greensboro(date(2025, month, 21)), 0).sum() for month in (6, 12))
    assert june > 2 * december
    south = replace(ADELAIDE, first_day=date(2025, 6, 21))
    assert clear_sky_day(south, 0).sum() < clear_sky_day(ADELAIDE, 0).sum() / 2


def test_a_shared_day_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        clear_sky_day(greensboro(), 0)[0] = 1.0
