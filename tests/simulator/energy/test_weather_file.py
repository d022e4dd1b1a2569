"""Recorded weather: both formats, on the grid of the simulator, and every way in which a file can be unusable."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pvlib  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.arrays import FloatArray
from simulator.energy.clear_sky import clear_sky_day
from simulator.energy.interface import POINTS_PER_DAY, Site, WeatherError
from simulator.energy.solar import SolarArray
from simulator.energy.weather_file import Recording, load_weather
from simulator.energy.weather_formats import read_hours
from tests.simulator.energy.places import greensboro

NASA_POWER = Path(__file__).parent / "fixtures" / "nasa_power.csv"
TMY3 = Path(pvlib.__file__).parent / "data" / "723170TYA.CSV"
SAND_POINT = Path(pvlib.__file__).parent / "data" / "703165TY.csv"

FIRST_ROW = 13
"""Of the NASA POWER fixture, counted from 0; the file's line is one more."""


def hourly(values: FloatArray) -> FloatArray:
    """Return the means (24,) of a day's hours."""
    means: FloatArray = values.reshape(24, 12).mean(axis=1)
    return means


def nasa_rows() -> np.ndarray:
    """Read year, month, day, hour, irradiance, temperature, wind and pressure of the fixture."""
    return np.loadtxt(NASA_POWER, delimiter=",", skiprows=FIRST_ROW)


def test_a_nasa_power_export_keeps_its_hourly_means() -> None:
    day, rows = load_weather(NASA_POWER, greensboro()).day(0), nasa_rows()[24:48]
    assert rows[0, :3].tolist() == [2025, 3, 20]
    assert hourly(day.ghi_watts_per_square_metre) == pytest.approx(rows[:, 4])
    assert hourly(day.air_celsius) == pytest.approx(rows[:, 5])
    assert hourly(day.wind_metres_per_second) == pytest.approx(rows[:, 6])
    assert hourly(day.pressure_pascals) == pytest.approx(rows[:, 7] * 1000)
    assert (day.clear_sky_watts_per_square_metre == clear_sky_day(greensboro(), 0)).all()


def test_within_an_hour_the_sun_follows_the_clear_sky() -> None:
    irradiance = load_weather(NASA_POWER, greensboro()).day(0).ghi_watts_per_square_metre
    assert (np.diff(irradiance[8 * 12 : 9 * 12]) > 0).all()
    assert irradiance.min() == 0.0


def test_what_the_clear_sky_leaves_dark_is_held(tmp_path: Path) -> None:
    lines = NASA_POWER.read_text().splitlines()
    lines[FIRST_ROW + 24] = "2025,3,20,0,3.5,6,3,98"
    day = load_weather(written(tmp_path, lines), greensboro()).day(0)
    assert day.ghi_watts_per_square_metre[:12].tolist() == [3.5] * 12


def test_utc_is_turned_into_local_time(tmp_path: Path) -> None:
    universal = written(tmp_path, NASA_POWER.read_text().replace("in LST", "in UTC").splitlines())
    wind = hourly(load_weather(universal, greensboro()).day(0).wind_metres_per_second)
    # Local midnight is five o'clock in the file.
    assert wind == pytest.approx(nasa_rows()[29:53, 6])


@given(
    hours=st.sets(st.tuples(st.integers(0, 71), st.sampled_from(["4", "5", "6", "7"])), max_size=3), half=st.booleans()
)
def test_a_missing_value_matters_on_its_own_day_alone(
    hours: set[tuple[int, str]], half: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Days of a site whose clock is half an hour beside the file's share an hour with their neighbours."""
    site = replace(greensboro(), utc_offset_hours=-4.5) if half else greensboro()
    lines = NASA_POWER.read_text().splitlines()
    for hour, column in hours:
        cells = lines[FIRST_ROW + hour].split(",")
        lines[FIRST_ROW + hour] = ",".join("-999" if str(n) == column else cell for n, cell in enumerate(cells))
    path = written(tmp_path_factory.getbasetemp(), lines)
    whole, lacking = (Recording(path=path, site=site, hours=read_hours(one, site)) for one in (NASA_POWER, path))
    for day in range(-1, 2):
        try:
            meant = whole.day(day)
        except WeatherError:  # half an hour of it lies outside the file
            continue
        first = 24 * (day + 1) - half
        touched = sorted(hour for hour, _ in hours if first <= hour < first + 24 + half)
        if touched:
            with pytest.raises(WeatherError, match=rf"weather.csv:{touched[0] + FIRST_ROW + 1}: .* a missing value$"):
                lacking.day(day)
        else:
            assert lacking.day(day).air_celsius.tolist() == meant.air_celsius.tolist()
            assert lacking.day(day).ghi_watts_per_square_metre.tolist() == meant.ghi_watts_per_square_metre.tolist()


def present_header(text: str) -> str:
    """Return an export with the header of 2026: words that stood in capitals before."""
    return (
        text.replace("Location: Latitude", "Location: latitude")
        .replace("Longitude", "longitude")
        .replace("Elevation from", "elevation from")
        .replace("Parameter(s):", "parameter(s):")
        .replace("The value for", "the value for")
    )


@pytest.mark.parametrize("change", [present_header, str.lower, str.upper], ids=["present", "lower", "upper"])
def test_the_case_of_the_headers_words_does_not_matter(tmp_path: Path, change: Callable[[str], str]) -> None:
    lines = NASA_POWER.read_text().splitlines()
    # The names and units of parameters are the same everywhere, as are the two lines around the header.
    header = [line if number in {0, 7, 8, 9, 10, 11} else change(line) for number, line in enumerate(lines[:12])]
    path = written(tmp_path, [*header, *lines[12:]])
    weather = load_weather(path, greensboro())
    assert (
        weather.day(0).wind_metres_per_second == load_weather(NASA_POWER, greensboro()).day(0).wind_metres_per_second
    ).all()
    elsewhere = written(tmp_path, [*(line.replace("36.1", "55.3") for line in header), *lines[12:]])
    with pytest.raises(WeatherError, match=r"got 55\.3 north -79\.95 east"):
        load_weather(elsewhere, greensboro())


def test_half_hours_of_offset_are_kept(tmp_path: Path) -> None:
    site = replace(greensboro(), utc_offset_hours=-4.5)
    shifted = load_weather(NASA_POWER, site).day(0)
    rows = nasa_rows()
    # The file's hours begin at half past in such a zone.
    assert shifted.wind_metres_per_second[:6].tolist() == [rows[23, 6]] * 6
    assert shifted.wind_metres_per_second[6:18].tolist() == [rows[24, 6]] * 12
    assert shifted.ghi_watts_per_square_metre[6:-6].reshape(23, 12).mean(axis=1) == pytest.approx(rows[24:47, 4])


@pytest.mark.parametrize("index", [-2, 2, 400])
def test_a_recording_begins_and_ends(index: int) -> None:
    with pytest.raises(WeatherError) as error:
        load_weather(NASA_POWER, greensboro()).day(index)
    day = date(2025, 3, 20) + timedelta(days=index)
    assert str(error.value) == (
        f"{NASA_POWER}: {day}: no weather for the whole day; "
        "the file goes from 2025-03-19 00:00 to 2025-03-22 00:00 local standard time"
    )


def test_a_recording_has_to_hold_the_first_day() -> None:
    with pytest.raises(WeatherError, match="2024-03-20: no weather for the whole day"):
        load_weather(NASA_POWER, greensboro(date(2024, 3, 20)))


@pytest.mark.parametrize(
    ("path", "site"),
    [
        (TMY3, greensboro(date(2023, 1, 1))),
        (
            SAND_POINT,
            Site(
                latitude=55.317,
                longitude=-160.517,
                altitude_metres=7.0,
                utc_offset_hours=-9.0,
                first_day=date(2023, 1, 1),
            ),
        ),
    ],
)
def test_a_typical_year_is_as_pvlib_reads_it(path: Path, site: Site) -> None:
    year, _ = pvlib.iotools.read_tmy3(path, map_variables=True)
    weather = load_weather(path, site)
    for index in range(0, 365, 13):
        day = weather.day(index)
        rows = year.iloc[24 * index : 24 * index + 24]
        assert hourly(day.ghi_watts_per_square_metre) == pytest.approx(rows["ghi"].to_numpy(), abs=1e-9)
        assert day.air_celsius[::12].tolist() == rows["temp_air"].tolist()
        assert day.wind_metres_per_second[::12].tolist() == rows["wind_speed"].tolist()
        assert day.pressure_pascals[::12] == pytest.approx(rows["pressure"].to_numpy() * 100)


def test_a_typical_year_returns_every_year() -> None:
    weather = load_weather(TMY3, greensboro(date(2023, 12, 31)))
    new_year = weather.day(1).air_celsius
    assert (new_year == weather.day(1 + 366).air_celsius).all()
    assert (new_year != weather.day(0).air_celsius).any()


def test_a_typical_leap_day_is_as_the_day_before() -> None:
    weather = load_weather(TMY3, greensboro(date(2024, 2, 28)))
    assert (weather.day(1).air_celsius == weather.day(0).air_celsius).all()
    assert (weather.day(2).air_celsius != weather.day(0).air_celsius).any()


def test_the_sun_of_a_typical_year_stays_near_that_of_its_hour() -> None:
    weather = load_weather(TMY3, greensboro(date(2023, 1, 1)))
    irradiance = np.concatenate([weather.day(index).ghi_watts_per_square_metre for index in range(0, 365, 7)])
    assert irradiance.shape == (53 * POINTS_PER_DAY,)
    assert irradiance.min() == 0.0
    assert irradiance.max() < 1200.0


def written(folder: Path, lines: list[str]) -> Path:
    """Write these lines to a file."""
    path = folder / "weather.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


Change = Callable[[list[str]], list[str]]


def replaced(old: str, new: str) -> Change:
    """Replace a text in every line."""
    return lambda lines: [line.replace(old, new) for line in lines]


def row(number: int, text: str) -> Change:
    """Replace a row of the NASA POWER fixture, or of TMY3's first."""
    return lambda lines: [*lines[:number], text, *lines[number + 1 :]]


def without(number: int) -> Change:
    """Remove a line."""
    return lambda lines: lines[:number] + lines[number + 1 :]


def twice(number: int) -> Change:
    """Repeat a line."""
    return lambda lines: lines[: number + 1] + lines[number:]


NASA_MISTAKES: list[tuple[Change, str]] = [
    (lambda _: [], ":1: expected an hourly export of NASA POWER, with its header, or a TMY3 file"),
    (without(0), ":1: expected an hourly export of NASA POWER, with its header, or a TMY3 file"),
    (without(11), ": expected the line -END HEADER- after the header, found none"),
    (replaced(" in LST", ""), ': expected a header with dates "in LST" or "in UTC", and with a location'),
    (without(3), ': expected a header with dates "in LST" or "in UTC", and with a location'),
    (
        replaced("Latitude  36.1", "Latitude  55.3"),
        ": expected weather of the site, 36.1 north -79.95 east, got 55.3 north -79.95 east",
    ),
    (replaced("(Wh/m^2)", "(MJ/hr)"), ":8: ALLSKY_SFC_SW_DWN: expected Wh/m^2, got MJ/hr"),
    (replaced("T2M,WS10M,", "RH2M,WS2M,"), ":13: expected the columns T2M, WS10M, found none"),
    (
        lambda lines: lines[:12],
        ":13: expected the columns YEAR, MO, DY, HR, ALLSKY_SFC_SW_DWN, T2M, WS10M, PS, found none",
    ),
    (lambda lines: lines[:FIRST_ROW], ": expected hours of weather, found none"),
    (without(20), ":21: expected the hour after 03-19 06:00, got 03-19 08:00: a gap"),
    (twice(20), ":22: expected the hour after 03-19 07:00, got 03-19 07:00: an hour twice"),
    (
        row(20, "2025,3,19,2,0,5,3,98"),
        ":21: expected the hour after 03-19 06:00, got 03-19 02:00: hours out of order",
    ),
    (row(20, "2025,2,30,7,0,5,3,98"), ':21: expected a date and an hour, got "2025 2 30 7"'),
    (row(20, "2025,3,19,x,0,5,3,98"), ':21: expected a date and an hour, got "2025 3 19 x"'),
    (
        row(20, "99999999999999999999,3,19,7,0,5,3,98"),
        ':21: expected a date and an hour, got "99999999999999999999 3 19 7"',
    ),
    (row(20, "2025,3,19,7,0,5,3"), ":21: expected 8 values, got 7"),
    (
        row(44, "2025,3,20,7,-999,5,3,98"),
        ":45: ALLSKY_SFC_SW_DWN: expected a number, got -999, which stands for a missing value",
    ),
    (row(44, "2025,3,20,7,1,5,-999.0,98"), ":45: WS10M: expected a number, got -999, which stands for a missing value"),
    (row(20, "2025,3,19,7,nan,5,3,98"), ':21: ALLSKY_SFC_SW_DWN: expected a number, got "nan"'),
    (row(20, "2025,3,19,7,inf,5,3,98"), ':21: ALLSKY_SFC_SW_DWN: expected a number, got "inf"'),
    (row(20, "2025,3,19,7,,5,3,98"), ':21: ALLSKY_SFC_SW_DWN: expected a number, got ""'),
    (row(20, "2025,3,19,7,sunny,5,3,98"), ':21: ALLSKY_SFC_SW_DWN: expected a number, got "sunny"'),
    (row(20, "2025,3,19,7,-2,5,3,98"), ":21: ALLSKY_SFC_SW_DWN: expected a number >= 0 and <= 1400, got -2"),
    (row(20, "2025,3,19,7,0,288,3,98"), ":21: T2M: expected a number >= -90 and <= 60, got 288"),
    (row(20, "2025,3,19,7,0,5,-1,98"), ":21: WS10M: expected a number >= 0 and <= 115, got -1"),
    (row(20, "2025,3,19,7,0,5,3,980"), ":21: PS: expected a number >= 30 and <= 110, got 980"),
]


@pytest.mark.parametrize(("change", "message"), NASA_MISTAKES, ids=[message for _, message in NASA_MISTAKES])
def test_a_nasa_power_export_that_cannot_be_used(tmp_path: Path, change: Change, message: str) -> None:
    path = written(tmp_path, change(NASA_POWER.read_text().splitlines()))
    with pytest.raises(WeatherError) as error:
        load_weather(path, greensboro())
    assert str(error.value) == f"{path}{message}"


TMY3_MISTAKES: list[tuple[Change, str]] = [
    (row(0, "723170"), ":1: expected station, name, state, time zone, latitude, longitude and altitude"),
    (
        row(0, '1,"A",NC,x,36.1,-79.95,273'),
        ":1: expected station, name, state, time zone, latitude, longitude and altitude",
    ),
    (row(0, '1,"A, B",NC,-6.0,36.1,-79.95,273'), ":1: expected the site's UTC offset, -5 h, got -6 h"),
    (
        row(0, '1,"A",NC,-5.0,36.1,-85.0,273'),
        ": expected weather of the site, 36.1 north -79.95 east, got 36.1 north -85 east",
    ),
    (replaced("Wspd (m/s)", "Wind"), ":2: expected the columns Wspd (m/s), found none"),
    (without(5), ":6: expected the hour after 01-01 02:00, got 01-01 04:00: a gap"),
    (twice(5), ":7: expected the hour after 01-01 03:00, got 01-01 03:00: an hour twice"),
    (replaced("01/01/1988,03:00,", "02/29/1988,03:00,"), ':5: expected a date and an hour, got "02/29/1988 03:00"'),
    (replaced("01/01/1988,03:00,", "01/01/1988,3,"), ':5: expected a date and an hour, got "01/01/1988 3"'),
    (
        replaced("03/20/1990,02:00,0,0,0,", "03/20/1990,02:00,0,0,-9900,"),
        ":1876: GHI (W/m^2): expected a number, got -9900, which stands for a missing value",
    ),
    (
        replaced("01/01/1988,01:00,0,0,0,", "01/01/1988,01:00,0,0,-1,"),
        ":3: GHI (W/m^2): expected a number >= 0 and <= 1400, got -1",
    ),
    (
        lambda lines: lines[:200],
        ": 2025-03-20: no weather for the whole day; the file goes from 01-01 00:00 to 01-09 06:00 local standard time",
    ),
]


@pytest.mark.parametrize(("change", "message"), TMY3_MISTAKES, ids=[message for _, message in TMY3_MISTAKES])
def test_a_typical_year_that_cannot_be_used(tmp_path: Path, change: Change, message: str) -> None:
    path = written(tmp_path, change(TMY3.read_text(encoding="utf-8").splitlines()))
    with pytest.raises(WeatherError) as error:
        load_weather(path, greensboro())
    assert str(error.value) == f"{path}{message}"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WeatherError, match=r"none\.csv: cannot be read: No such file or directory"):
        load_weather(tmp_path / "none.csv", greensboro())


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "weather.csv"
    path.write_bytes(bytes(range(256)) + b"\n")
    with pytest.raises(WeatherError, match="expected an hourly export of NASA POWER"):
        load_weather(path, greensboro())


def test_days_of_a_year_are_the_same_whenever_the_site_begins() -> None:
    # Skies are computed in blocks of days, which begin with the site's first.
    panel = SolarArray(
        area_square_metres=0.25,
        efficiency=0.2,
        tilt_degrees=30.0,
        azimuth_degrees=150.0,
        system_losses_ratio=0.14,
        incidence_coefficient=0.05,
    )
    early, late = (load_weather(TMY3, greensboro(date(2025, 1, day))) for day in (1, 6))
    for index in range(0, 365, 3):
        there, here = early.day(index + 5), late.day(index)
        assert here.ghi_watts_per_square_metre.tobytes() == there.ghi_watts_per_square_metre.tobytes()
        assert panel.watts(here).tobytes() == panel.watts(there).tobytes()
