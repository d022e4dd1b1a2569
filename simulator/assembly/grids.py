"""The grid of every bus in a run, from what the scenario says of each site."""

import functools
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zlib import crc32

import numpy as np

from exporter.core.units import HOURS_PER_DAY, JOULES_PER_KWH, SECONDS_PER_HOUR, Seconds
from simulator.arrays import FloatArray
from simulator.assembly.layout import Layout, Place
from simulator.grid.course import Ahead, DailyGrid, Grid, HourlyGrid
from simulator.grid.files import load_grid
from simulator.grid.generator import generate
from simulator.grid.presets import PRESETS
from simulator.grid.series import GridSeries
from simulator.scenario.schema import GridSection
from simulator.streams import Stream, generator

CONSTANT_GRAMS_PER_KWH = 400.0
"""Carbon intensity of a grid of which nothing is said, in g/kWh: EcoChain-ML's (2025)."""

DOLLARS_PER_EURO = 1.14
"""Mean rate of 2020 (European Central Bank), the year after which grids are generated."""

GENERATED_HOURS = 366 * HOURS_PER_DAY
"""Hours of a generated grid that are drawn at first; a run that goes on longer draws twice as many."""


def grid_of(layout: Layout, ahead: Ahead, step: Seconds, seed: int) -> Grid:
    """Return the grid of every bus. Raises GridError for a file that cannot be used."""
    sections = [layout.places[bus.place].grid for bus in layout.buses]
    if all(section.generated is None and section.file is None for section in sections):
        daily = [np.resize(adjusted(section, np.array(_figures(section))), HOURS_PER_DAY) for section in sections]
        dollars = np.array([section.dollars_per_kwh for section in sections])
        return DailyGrid(np.stack(daily, axis=1) / JOULES_PER_KWH, dollars / JOULES_PER_KWH, step)
    zones = [ZoneHours(place, seed) for place in layout.places]
    place_of_bus = [bus.place for bus in layout.buses]

    def hourly(first: int, end: int) -> tuple[FloatArray, FloatArray]:
        found = [zone.between(first, end) for zone in zones]
        grams, dollars = (np.stack([found[place][kind] for place in place_of_bus], axis=1) for kind in (0, 1))
        return grams / JOULES_PER_KWH, dollars / JOULES_PER_KWH

    return HourlyGrid(hourly, ahead, step)


def _figures(section: GridSection) -> Sequence[float]:
    return section.intensity_grams_per_kwh or (CONSTANT_GRAMS_PER_KWH,)


def adjusted(section: GridSection, grams: FloatArray) -> FloatArray:
    """Return intensities in g/kWh with the scenario's spread and factor; those of neither are the same to the bit."""
    spread = grams
    if section.intensity_spread != 1.0:
        spread = CONSTANT_GRAMS_PER_KWH * (grams / CONSTANT_GRAMS_PER_KWH) ** section.intensity_spread
    return spread * section.intensity_factor


class ZoneHours:
    """The hours of one site's grid, counted from the start of simulated time."""

    def __init__(self, place: Place, seed: int) -> None:
        """Raise GridError for a file that cannot be used."""
        self._section = place.grid
        self._seed = seed
        self._start = start_of(place)
        self._generated: GridSeries | None = None
        self._recorded = None if place.grid.file is None else recorded_grid(Path(place.grid.file), place.grid.zone)

    def between(self, first: int, end: int) -> tuple[FloatArray, FloatArray]:
        """Return grams and dollars per kWh (H,) of the hours from `first` up to `end`, as the scenario adjusts them.

        Raises GridError where a recording does not have them.
        """
        section, hours = self._section, end - first
        start = self._start + timedelta(hours=first)
        if section.generated is not None:
            grams, euros = self._drawn(end).at_steps(start, round(SECONDS_PER_HOUR), hours)
            dollars = euros * (1.0 if section.generated == "flat" else DOLLARS_PER_EURO)
        elif self._recorded is not None:
            grams, dollars = self._recorded.at_steps(
                start, round(SECONDS_PER_HOUR), hours, repeat=is_a_year(self._recorded)
            )
        else:
            local = (np.arange(first, end) % HOURS_PER_DAY).astype(np.intp)
            grams = np.resize(np.array(_figures(section)), HOURS_PER_DAY)[local]
            dollars = np.full(hours, np.nan)
        return adjusted(section, grams), np.where(np.isnan(dollars), section.dollars_per_kwh, dollars)

    def _drawn(self, end: int) -> GridSeries:
        """Return the generated grid at least up to an hour; the same hours, however many are drawn."""
        if self._generated is None or len(self._generated.price_per_kwh) < end:
            drawn = GENERATED_HOURS
            while drawn < end:
                drawn *= 2
            name = str(self._section.generated)
            self._generated = _generated(name, self._start, drawn, self._seed)
        return self._generated


@functools.lru_cache(maxsize=64)
def _generated(preset: str, start: datetime, hours: int, seed: int) -> GridSeries:
    """Draw a grid once for all methods and sites that share it."""
    random = generator(seed, Stream.GRID, crc32(preset.encode()))
    return generate(PRESETS[preset], start, hours, random)


@functools.lru_cache(maxsize=8)
def recorded_grid(path: Path, zone: str) -> GridSeries:
    """Read a recording once for all runs of an experiment."""
    return load_grid(path, zone=zone)


def is_a_year(series: GridSeries) -> bool:
    """Return whether a recording is one whole year, which stands for every year."""
    return (series.end - series.start).days in (365, 366)


def start_of(place: Place) -> datetime:
    """Return the moment at which simulated time begins, on the hour of UTC before it where that is no whole hour."""
    midnight = datetime.combine(place.site.first_day, time(), UTC) - timedelta(hours=place.site.utc_offset_hours)
    return (midnight + timedelta(seconds=place.lead)).replace(minute=0, second=0)
