"""The two formats of recorded weather, and the checks that make a file unusable."""

import csv
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from exporter.core.whole_lines import read_lines
from simulator.arrays import FloatArray
from simulator.energy.interface import Site, WeatherError

HOUR = timedelta(hours=1)

TYPICAL_YEAR = 2001
"""Year in place of those from which the months of a typical year were taken; it has no 29 February."""

NEAR_DEGREES = 0.5
"""Largest distance of a file's place from the site: about the grid of NASA POWER's meteorology, 0.5 x 0.625 degrees."""

DEGREES_PER_HOUR = 15.0
"""Degrees of longitude: the width of the bands that share NASA POWER's local solar time."""

PASCALS_PER_KILOPASCAL = 1000.0
PASCALS_PER_MILLIBAR = 100.0

GHI_RANGE = (0.0, 1400.0)
"""Bounds of an hour's mean in W/m2: the sun in space gives 1361 (Kopp and Lean 2011)."""

CELSIUS_RANGE = (-90.0, 60.0)
WIND_RANGE = (0.0, 115.0)
PASCAL_RANGE = (30_000.0, 110_000.0)
"""The extremes on record, rounded outwards: -89.2 and 56.7 degrees Celsius, 113 m/s, 1085 hPa (World Meteorological
Organization, World Weather and Climate Extremes Archive, 2024), and the pressure on the highest mountain."""

NASA_UNITS = {"ALLSKY_SFC_SW_DWN": ("Wh/m^2", "W/m^2"), "T2M": ("C",), "WS10M": ("m/s",), "PS": ("kPa",)}

# Exports of different years write the words of the header in different cases.
_NASA_CLOCK = re.compile(r"^Dates .* in (LST|UTC)$", re.IGNORECASE)
_NASA_PLACE = re.compile(r"Latitude\s+(-?\d+(?:\.\d+)?)\s+Longitude\s+(-?\d+(?:\.\d+)?)", re.IGNORECASE)
_NASA_PARAMETER = re.compile(r"^(\w+)\s.*\(([^()]*)\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The column of a quantity: its name, the factor to SI, and the bounds, in SI, of plausible values."""

    name: str
    factor: float
    bounds: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The layout of a file's rows.

    `heading` is the number of the line that names the columns, from 0. `columns` are irradiance, air temperature, wind
    speed and pressure. `begins` turns the cells of `clock` into the local standard time in which a row's hour begins.
    """

    heading: int
    columns: tuple[Column, ...]
    clock: tuple[str, ...]
    begins: Callable[[Sequence[str]], datetime]
    missing: float
    typical: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Hours of weather without gaps, in arrays (H,); the first begins at `first` in local standard time.

    In a `typical` year all times are those of `TYPICAL_YEAR`. `missing` says, by the number of an hour, which of its
    values the file lacks, and where; in the arrays that is NaN.
    """

    first: datetime
    typical: bool
    ghi_watts_per_square_metre: FloatArray
    air_celsius: FloatArray
    wind_metres_per_second: FloatArray
    pressure_pascals: FloatArray
    missing: Mapping[int, str]


def read_hours(path: Path, site: Site) -> Hours:
    """Read the hours of a file of either format.

    Raises WeatherError, with file and line, for a file that cannot be read, is of neither format, belongs to another
    place or time zone, lacks a column or an hour, or holds a value that cannot be true.
    """
    try:
        # Bytes that are not UTF-8 do no harm in a station's name; anywhere else they fail as a number.
        lines = read_lines(path).decode("utf-8-sig", "replace").splitlines()
    except OSError as error:
        raise WeatherError(f"{path}: cannot be read: {error.strerror}") from error
    if lines and lines[0].strip() == "-BEGIN HEADER-":
        return _read_rows(path, lines, nasa_power_layout(path, lines, site))
    if len(lines) > 1 and lines[1].startswith("Date (MM/DD/YYYY),"):
        return _read_rows(path, lines, tmy3_layout(path, lines[0], site))
    raise WeatherError(f"{path}:1: expected an hourly export of NASA POWER, with its header, or a TMY3 file")


def nasa_power_layout(path: Path, lines: Sequence[str], site: Site) -> Layout:
    """Return the layout of an export of NASA POWER. Raises WeatherError.

    Hours are stamped with their beginning, in UTC or in the time of a band of 15 degrees (POWER Hourly API, 2025).
    """
    header = [line.strip() for line in lines]
    if "-END HEADER-" not in header:
        raise WeatherError(f"{path}: expected the line -END HEADER- after the header, found none")
    end = header.index("-END HEADER-")
    clocks = [found[1].upper() for line in header[:end] if (found := _NASA_CLOCK.match(line))]
    places = [found.groups() for line in header[:end] if (found := _NASA_PLACE.search(line))]
    if not clocks or not places:
        raise WeatherError(f'{path}: expected a header with dates "in LST" or "in UTC", and with a location')
    latitude, longitude = (float(degrees) for degrees in places[0])
    _check_place(path, latitude, longitude, site)
    _check_units(path, header[:end])
    ahead = 0 if clocks[0] == "UTC" else round(longitude / DEGREES_PER_HOUR)
    shift = timedelta(hours=site.utc_offset_hours - ahead)
    return Layout(
        heading=end + 1,
        columns=(
            Column(name="ALLSKY_SFC_SW_DWN", factor=1.0, bounds=GHI_RANGE),
            Column(name="T2M", factor=1.0, bounds=CELSIUS_RANGE),
            Column(name="WS10M", factor=1.0, bounds=WIND_RANGE),
            Column(name="PS", factor=PASCALS_PER_KILOPASCAL, bounds=PASCAL_RANGE),
        ),
        clock=("YEAR", "MO", "DY", "HR"),
        begins=lambda cells: datetime(*(int(cell) for cell in cells)) + shift,  # type: ignore[arg-type]  # noqa: DTZ001
        missing=-999.0,
        typical=False,
    )


def tmy3_layout(path: Path, station: str, site: Site) -> Layout:
    """Return the layout of a typical year. Raises WeatherError.

    Hours are stamped with their end, 01:00 to 24:00 in local standard time (Wilcox and Marion, NREL 2008).
    """
    try:
        offset, latitude, longitude = (float(cell) for cell in next(csv.reader([station]))[3:6])
    except (ValueError, csv.Error) as error:
        raise WeatherError(
            f"{path}:1: expected station, name, state, time zone, latitude, longitude and altitude"
        ) from error
    _check_place(path, latitude, longitude, site)
    if offset != site.utc_offset_hours:
        raise WeatherError(f"{path}:1: expected the site's UTC offset, {site.utc_offset_hours:g} h, got {offset:g} h")
    return Layout(
        heading=1,
        columns=(
            Column(name="GHI (W/m^2)", factor=1.0, bounds=GHI_RANGE),
            Column(name="Dry-bulb (C)", factor=1.0, bounds=CELSIUS_RANGE),
            Column(name="Wspd (m/s)", factor=1.0, bounds=WIND_RANGE),
            Column(name="Pressure (mbar)", factor=PASCALS_PER_MILLIBAR, bounds=PASCAL_RANGE),
        ),
        clock=("Date (MM/DD/YYYY)", "Time (HH:MM)"),
        begins=_typical_hour,
        missing=-9900.0,
        typical=True,
    )


def _typical_hour(cells: Sequence[str]) -> datetime:
    """Return when the hour that ends at this stamp begins. Raises ValueError for no such time, 29 February included."""
    day, clock = cells
    hour, minute = clock.split(":")
    ends = datetime.strptime(day, "%m/%d/%Y") + timedelta(hours=int(hour), minutes=int(minute))  # noqa: DTZ007
    return (ends - HOUR).replace(year=TYPICAL_YEAR)


def _check_place(path: Path, latitude: float, longitude: float, site: Site) -> None:
    """Refuse weather of another place: under its clear sky this site's irradiance would make no sense."""
    if abs(latitude - site.latitude) > NEAR_DEGREES or abs(longitude - site.longitude) > NEAR_DEGREES:
        raise WeatherError(
            f"{path}: expected weather of the site, {site.latitude:g} north {site.longitude:g} east, "
            f"got {latitude:g} north {longitude:g} east"
        )


def _check_units(path: Path, header: Sequence[str]) -> None:
    """Refuse units other than expected: those of an export depend on the community that it was made for."""
    for number, line in enumerate(header, 1):
        found = _NASA_PARAMETER.match(line)
        if found and found[2] not in NASA_UNITS.get(found[1], (found[2],)):
            raise WeatherError(f"{path}:{number}: {found[1]}: expected {NASA_UNITS[found[1]][0]}, got {found[2]}")


def _read_rows(path: Path, lines: Sequence[str], layout: Layout) -> Hours:
    """Read all rows below the heading."""
    names = [name.strip() for name in lines[layout.heading].split(",")] if layout.heading < len(lines) else []
    absent = [name for name in (*layout.clock, *(column.name for column in layout.columns)) if name not in names]
    if absent:
        raise WeatherError(f"{path}:{layout.heading + 1}: expected the columns {', '.join(absent)}, found none")
    rows = list(_rows(path, lines, layout, names))
    if not rows:
        raise WeatherError(f"{path}: expected hours of weather, found none")
    ghi, air, wind, pressure = np.array([row.values for row in rows]).T
    return Hours(
        first=rows[0].begins,
        typical=layout.typical,
        ghi_watts_per_square_metre=ghi,
        air_celsius=air,
        wind_metres_per_second=wind,
        pressure_pascals=pressure,
        missing={hour: told for hour, row in enumerate(rows) if (told := _missing(path, row, layout))},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """The values in SI of the hour that begins at a time, NaN for one that is missing, from a line of the file."""

    line: int
    begins: datetime
    values: list[float]


def _missing(path: Path, row: _Row, layout: Layout) -> str:
    """Name the first value that a row lacks; nothing for a whole row."""
    for column, value in zip(layout.columns, row.values, strict=True):
        if math.isnan(value):
            told = f"got {layout.missing:g}, which stands for a missing value"
            return f"{path}:{row.line}: {column.name}: expected a number, {told}"
    return ""


def _rows(path: Path, lines: Sequence[str], layout: Layout, names: Sequence[str]) -> Iterator[_Row]:
    """Yield the rows of all hours, in order and without gaps."""
    clock = [names.index(name) for name in layout.clock]
    places = [(names.index(column.name), column) for column in layout.columns]
    previous: datetime | None = None
    for number, line in enumerate(lines[layout.heading + 1 :], layout.heading + 2):
        cells = line.split(",")
        if not line.strip():
            continue
        if len(cells) < len(names):
            raise WeatherError(f"{path}:{number}: expected {len(names)} values, got {len(cells)}")
        try:
            begins = layout.begins([cells[place] for place in clock])
        except (ValueError, OverflowError) as error:
            told = " ".join(cells[place] for place in clock)
            raise WeatherError(f'{path}:{number}: expected a date and an hour, got "{told}"') from error
        if previous is not None and begins != previous + HOUR:
            raise WeatherError(f"{path}:{number}: {_disorder(previous, begins)}")
        previous = begins
        values = [_value(f"{path}:{number}", cells[place], column, layout.missing) for place, column in places]
        yield _Row(line=number, begins=begins, values=values)


def _disorder(previous: datetime, begins: datetime) -> str:
    """Say why an hour cannot follow another."""
    what = "a gap" if begins > previous else "an hour twice" if begins == previous else "hours out of order"
    return f"expected the hour after {previous:%m-%d %H:%M}, got {begins:%m-%d %H:%M}: {what}"


def _value(place: str, cell: str, column: Column, missing: float) -> float:
    """Return a cell in SI, NaN where the value is missing."""
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if value == missing:
        return math.nan
    if not math.isfinite(value):
        raise WeatherError(f'{place}: {column.name}: expected a number, got "{cell.strip()}"')
    least, most = (bound / column.factor for bound in column.bounds)
    if not least <= value <= most:
        raise WeatherError(f"{place}: {column.name}: expected a number >= {least:g} and <= {most:g}, got {value:g}")
    return value * column.factor
