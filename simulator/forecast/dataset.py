"""Series to learn from: typical years that pvlib ships, recorded weather of any site, and users' own CSV files."""

import csv
import hashlib
import io
import itertools
import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path

import numpy as np

from exporter.core.regular_file import open_file
from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_DAY, Seconds, Watts
from exporter.core.whole_lines import read_lines
from simulator.arrays import FloatArray
from simulator.energy.clear_sky import clear_sky_day
from simulator.energy.interface import POINTS_PER_DAY, Site, WeatherSource, hourly
from simulator.energy.solar import SolarArray
from simulator.energy.weather_file import load_weather
from simulator.energy.wind import WindTurbine
from simulator.forecast.interface import HORIZON, HOURLY, ForecastError, Kind, Series

STATIONS = {"greensboro": "723170", "sand-point": "703165"}
"""Numbers, in the index of the US Air Force, of the typical years (TMY3) in pvlib's package, by the name here."""

TYPICAL_DAYS = 365
"""Days of a typical year, which has no 29 February (Wilcox and Marion, Users Manual for TMY3 Data Sets, NREL, 2008)."""

PLATE_IRRADIANCE = 1000.0
"""W/m2 at which the rated power of a panel is stated: standard test conditions (IEC 60904-3)."""

PANEL = SolarArray(
    area_square_metres=0.25,
    efficiency=0.2,
    tilt_degrees=0.0,
    azimuth_degrees=180.0,
    system_losses_ratio=0.0,
    incidence_coefficient=0.0,
)
TURBINE = WindTurbine(
    rotor_square_metres=0.3,
    rated_watts=80.0,
    power_coefficient=0.3,
    hub_height_metres=10.0,
    reference_height_metres=10.0,
    cut_in=3.0,
    rated=12.0,
    cut_out=25.0,
)
"""A level panel, whose power goes with the irradiance that stations record, and the turbine of the scenario `edge`."""

LONGEST_FILE_STEPS = 1_000_000
"""Rows of a CSV file that are read: a century of hours, which no memory here is short of."""


def station_site(path: Path) -> Site:
    """Return the place that a TMY3 file names in its first line. Raises ForecastError."""
    try:
        with io.TextIOWrapper(open_file(path), encoding="utf-8", errors="replace") as lines:
            cells = next(csv.reader(lines))
        offset, latitude, longitude, altitude = (float(cell) for cell in cells[3:7])
    except OSError as error:
        raise ForecastError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, StopIteration) as error:
        raise ForecastError(f"{path}:1: expected the station of a TMY3 file") from error
    return Site(
        latitude=latitude,
        longitude=longitude,
        altitude_metres=altitude,
        utc_offset_hours=offset,
        first_day=date(2001, 1, 1),
    )


def typical_year(station: str, kind: Kind) -> Series:
    """Return a year of hourly supply at a station of STATIONS. Raises ForecastError without pvlib's file of it."""
    import pvlib  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import

    folder = Path(pvlib.__file__).parent / "data"
    paths = sorted(folder.glob(f"{STATIONS[station]}TY*"))
    if not paths:
        raise ForecastError(f"{folder}: expected the typical year of station {STATIONS[station]}, found none")
    site = station_site(paths[0])
    return supply_series(load_weather(paths[0], site), site, kind, TYPICAL_DAYS)


def supply_series(weather: WeatherSource, site: Site, kind: Kind, days: int) -> Series:
    """Return the hourly supply of so many days of weather. Raises WeatherError beyond the weather's end."""
    solar, wind = np.empty((2, days, HOURS_PER_DAY))
    for index in range(days):
        day = weather.day(index)
        solar[index] = hourly(PANEL.watts(day))
        wind[index] = hourly(TURBINE.watts(day))
    own, beside = (solar, wind) if kind is Kind.SOLAR else (wind, solar)
    return Series(
        site=site,
        kind=kind,
        step=HOURLY,
        rated=panel_watts() if kind is Kind.SOLAR else TURBINE.rated_watts,
        values=own.ravel(),
        clear_sky=clear_sky_watts(site, days, panel_watts()),
        beside=beside.ravel(),
    )


def panel_watts() -> Watts:
    """Return the rated power of PANEL."""
    return Watts(PANEL.area_square_metres * PANEL.efficiency * PLATE_IRRADIANCE)


def clear_sky_watts(site: Site, days: int, rated: float, step: Seconds = HOURLY) -> FloatArray:
    """Return the power of a panel under a cloudless sky, in each step of so many days and of the longest horizon.

    The panel's warmth is left out: the index of a clear day tells of it.
    """
    ahead = days + math.ceil(HORIZON / SECONDS_PER_DAY)
    irradiance = np.concatenate([clear_sky_day(site, index) for index in range(ahead)])
    steps = round(SECONDS_PER_DAY / step)
    power: FloatArray = np.maximum(irradiance, 0.0).reshape(ahead * steps, -1).mean(axis=1) * (rated / PLATE_IRRADIANCE)
    return power


def read_csv(path: Path, kind: Kind, *, latitude: float, longitude: float, altitude: float = 0.0) -> Series:
    """Read a series of one's own: a heading, then rows of a time with its offset from UTC, and a value.

    Times are the beginnings of steps of one length that divides a day, in order; a step that is missing, or a value
    that is empty, is a gap. `rated` is the highest value. Raises ForecastError, with file and line.
    """
    times, values = _rows(path)
    if len(times) < 2:
        raise ForecastError(f"{path}: expected at least two rows, got {len(times)}")
    step = min((after - before).total_seconds() for before, after in itertools.pairwise(times))
    if step <= 0 or SECONDS_PER_DAY % step:
        raise ForecastError(f"{path}: expected times in order, in steps that divide a day, got a step of {step:g} s")
    offset = times[0].utcoffset() or timedelta()
    begins = datetime.combine(times[0].date(), datetime.min.time(), tzinfo=times[0].tzinfo)
    places = [(time - begins).total_seconds() / step for time in times]
    if any(place != int(place) for place in places):
        raise ForecastError(f"{path}: expected every time a whole number of steps of {step:g} s after midnight")
    steps = round(SECONDS_PER_DAY / step)
    days = math.ceil((int(places[-1]) + 1) / steps)
    if days * steps > LONGEST_FILE_STEPS:
        raise ForecastError(f"{path}: expected at most {LONGEST_FILE_STEPS:,} steps, got {days * steps:,}")
    filled = np.full(days * steps, np.nan)
    filled[[int(place) for place in places]] = values
    return _own_series(path, kind, filled, Seconds(step), _site(path, latitude, longitude, altitude, offset, begins))


def _own_series(path: Path, kind: Kind, values: FloatArray, step: Seconds, site: Site) -> Series:
    if not np.isfinite(values).any() or not np.nanmax(values) > 0:
        raise ForecastError(f"{path}: expected a value above 0, found none")
    rated = float(np.nanmax(values))
    days = len(values) // round(SECONDS_PER_DAY / step)
    if kind is Kind.SOLAR and POINTS_PER_DAY % round(SECONDS_PER_DAY / step):
        raise ForecastError(f"{path}: expected steps of 5 minutes or a multiple that divides a day, got {step:g} s")
    sky = (
        clear_sky_watts(site, days, rated, step) if kind is Kind.SOLAR else np.zeros(len(values) + len(values) // days)
    )
    return Series(
        site=site, kind=kind, step=step, rated=rated, values=values, clear_sky=sky, beside=np.zeros(len(values))
    )


def _site(path: Path, latitude: float, longitude: float, altitude: float, offset: timedelta, begins: datetime) -> Site:
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ForecastError(f"{path}: expected a place on earth, got {latitude:g} north {longitude:g} east")
    return Site(
        latitude=latitude,
        longitude=longitude,
        altitude_metres=altitude,
        utc_offset_hours=offset.total_seconds() / HOURLY,
        first_day=begins.date(),
    )


def _rows(path: Path) -> tuple[list[datetime], list[float]]:
    """Return times and values. All times are in the offset of the first, so that summer time leaves no gap."""
    try:
        lines = read_lines(path).decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise ForecastError(f"{path}: cannot be read: {reason}") from error
    times: list[datetime] = []
    values: list[float] = []
    for number, cells in enumerate(csv.reader(lines[1:]), 2):
        if not cells:
            continue
        time, value = _row(f"{path}:{number}", cells, times[0].tzinfo if times else None)
        if times and time <= times[-1]:
            raise ForecastError(f"{path}:{number}: expected a time after {times[-1].isoformat()}")
        times.append(time)
        values.append(value)
    return times, values


def _row(place: str, cells: Sequence[str], zone: tzinfo | None) -> tuple[datetime, float]:
    try:
        time = datetime.fromisoformat(cells[0].strip())
        time = time.astimezone(zone) if time.tzinfo and zone else time
        value = float(cells[1]) if cells[1].strip() else math.nan
    except (ValueError, IndexError, OverflowError) as error:
        raise ForecastError(f'{place}: expected a time and a number, got "{",".join(cells)[:60]}"') from error
    if time.tzinfo is None:
        raise ForecastError(f"{place}: expected a time with its offset from UTC, such as 2025-01-01T00:00:00+01:00")
    if math.isinf(value) or value < 0:
        raise ForecastError(f"{place}: expected a number >= 0 or nothing, got {value:g}")
    return time, value


def fingerprint(series: Series) -> str:
    """Return a digest (SHA-256) of everything in a series, to tell by which data a model was made."""
    found = hashlib.sha256(repr((series.site, str(series.kind), series.step, series.rated)).encode())
    for values in (series.values, series.clear_sky, series.beside):
        found.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
    return found.hexdigest()
