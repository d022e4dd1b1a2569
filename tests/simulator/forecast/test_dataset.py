"""The series of typical years and of users' files, and what is said of files that cannot be used."""

from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from simulator.forecast.dataset import (
    LONGEST_FILE_STEPS,
    STATIONS,
    fingerprint,
    panel_watts,
    read_csv,
    station_site,
    typical_year,
)
from simulator.forecast.interface import HOURLY, ForecastError, Kind, Series


def read(path: Path, kind: Kind = Kind.WIND) -> Series:
    return read_csv(path, kind, latitude=52.5, longitude=13.4)


def written(folder: Path, *rows: str) -> Path:
    """Write a file of these rows, below a heading."""
    path = folder / "own.csv"
    path.write_text("\n".join(["time,watts", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("station", STATIONS)
def test_a_typical_year_is_complete_and_plausible(station: str) -> None:
    solar, wind = typical_year(station, Kind.SOLAR), typical_year(station, Kind.WIND)
    assert len(solar.values) == len(wind.values) == 8760
    assert np.isfinite(solar.values).all()
    assert np.isfinite(wind.values).all()
    assert np.array_equal(solar.values, wind.beside)
    assert np.array_equal(wind.values, solar.beside)
    assert solar.rated == panel_watts() == 50.0
    assert 0.08 < solar.values.mean() / solar.rated < 0.25
    assert solar.values[~solar.has_sun(np.arange(8760))].max() < 0.07 * solar.rated
    assert wind.values.max() <= wind.rated
    assert fingerprint(solar) != fingerprint(wind)


def test_rows_become_steps_and_what_is_missing_is_a_gap(tmp_path: Path) -> None:
    rows = ["2025-03-01T01:00:00+01:00,5", "2025-03-01T02:00:00+01:00,", "2025-03-01T04:00:00+01:00,7.5"]
    series = read(written(tmp_path, *rows))
    assert series.step == HOURLY
    assert (series.site.first_day.isoformat(), series.site.utc_offset_hours) == ("2025-03-01", 1)
    assert series.rated == 7.5
    assert np.flatnonzero(np.isfinite(series.values)).tolist() == [1, 4]
    assert series.values[[1, 4]].tolist() == [5, 7.5]


def test_summer_time_leaves_no_gap(tmp_path: Path) -> None:
    rows = ["2025-03-30T00:00+01:00,1", "2025-03-30T01:00+01:00,2", "2025-03-30T03:00+02:00,3"]
    assert read(written(tmp_path, *rows)).values[:3].tolist() == [1, 2, 3]


def test_solar_power_of_ones_own_has_the_sky_of_its_place(tmp_path: Path) -> None:
    rows = [f"2025-06-01T{hour:02}:00+00:00,{40 if hour == 12 else 0}" for hour in range(24)]
    series = read(written(tmp_path, *rows), Kind.SOLAR)
    assert series.clear_sky[:24].argmax() in (10, 11)
    assert 0.6 * series.rated < series.clear_sky.max() < series.rated


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "expected at least two rows, got 0"),
        (["2025-01-01T00:00+00:00,1"], "expected at least two rows, got 1"),
        (["soon,1"], ':2: expected a time and a number, got "soon,1"'),
        (["2025-01-01T00:00+00:00"], ":2: expected a time and a number"),
        (["2025-01-01T00:00+00:00,much"], ":2: expected a time and a number"),
        (["2025-01-01T00:00,1"], ":2: expected a time with its offset from UTC, such as"),
        (["2025-01-01T00:00+00:00,-1"], ":2: expected a number >= 0 or nothing, got -1"),
        (["2025-01-01T00:00+00:00,inf"], ":2: expected a number >= 0 or nothing, got inf"),
        (["2025-01-01T00:00+00:00,1", "2025-01-01T00:00+00:00,1"], ":3: expected a time after 2025-01-01"),
        (["2025-01-01T00:00+00:00,1", "2025-01-01T00:07+00:00,1"], "in steps that divide a day, got a step of 420 s"),
        (
            [f"2025-01-01T0{clock}+00:00,1" for clock in ("0:00", "1:00", "2:30", "3:30")],
            "expected every time a whole number of steps of 3600 s",
        ),
        (["2025-01-01T00:00+00:00,0", "2025-01-01T01:00+00:00,0"], "expected a value above 0, found none"),
        (["2025-01-01T00:00+00:00,", "2025-01-01T01:00+00:00,"], "expected a value above 0, found none"),
        (["1900-01-01T00:00+00:00,1", "1900-01-01T00:01+00:00,1", "2025-01-01T00:00+00:00,1"], "expected at most"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(tmp_path: Path, rows: list[str], said: str) -> None:
    with pytest.raises(ForecastError) as refused:
        read(written(tmp_path, *rows))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_or_not_text_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ForecastError, match=r"gone\.csv: cannot be read: No such file"):
        read(tmp_path / "gone.csv")
    (tmp_path / "own.csv").write_bytes(b"\xff\xfe\x00\n")
    with pytest.raises(ForecastError, match="no text in UTF-8"):
        read(tmp_path / "own.csv")
    with pytest.raises(ForecastError, match="expected the station of a TMY3 file"):
        station_site(written(tmp_path))
    with pytest.raises(ForecastError, match="cannot be read"):
        station_site(tmp_path / "gone.csv")


def test_a_place_off_the_earth_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "2025-01-01T00:00+00:00,1", "2025-01-01T01:00+00:00,1")
    with pytest.raises(ForecastError, match="expected a place on earth, got 95 north 0 east"):
        read_csv(path, Kind.SOLAR, latitude=95, longitude=0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "fuzz.csv"
    path.write_text("time,watts\n" + text, encoding="utf-8", errors="replace")
    try:
        assert len(read(path).values) <= LONGEST_FILE_STEPS
    except ForecastError as refused:
        assert "\n" not in str(refused).replace(text, "")
