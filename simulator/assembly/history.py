"""The years before a run, of which its forecasters learn: never anything of the run itself.

Where weather and grid are generated, a history is the year before the run's, drawn by a seed that no run has. It is the
same for every run, whatever its seed. Of a recording it is what lies before the run, or, where that is too little, what
lies after it; of a typical year, which stands for every year, all days but those of the run.
"""

import functools
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zlib import crc32

import numpy as np

from exporter.core.units import DAYS_PER_WEEK, HOURS_PER_DAY, SECONDS_PER_HOUR
from simulator.arrays import FloatArray
from simulator.assembly.grids import adjusted, is_a_year, recorded_grid
from simulator.assembly.parts import climate_of, recorded_weather
from simulator.energy.cloudless import CloudlessWeather
from simulator.energy.interface import Site, WeatherSource, hourly
from simulator.energy.supply import LocalSupply
from simulator.energy.weather import correlated_weather
from simulator.energy.weather_file import Recording
from simulator.grid.generator import generate
from simulator.grid.presets import PRESETS
from simulator.scenario.schema import GridSection
from simulator.scenario.supply import WeatherSection
from simulator.streams import Stream, generator

HISTORY_DAYS = 365
"""Days of a generated history, and at most of a typical year's."""

MOST_DAYS = 730
"""Most days of a recording that are learnt from, the last before the run: enough for two of each season."""

LEAST_DAYS = 60
"""Least days of a recording from which to learn: two months, below which nothing is known of a season."""

DAYS_BEYOND = 2
"""Days after a run that its look-ahead and the site's own time zone may reach."""

WEEKS_OF_YEAR = 52
"""Whole weeks of a year: so many weeks before, a day is the same of the week, and nearly the same of the year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Hourly means of whole days from `first_day` on, in watts or g/kWh.

    `values` (T,), `beside` (T,) of the site's other supply, and `clear_sky` (T + 24,).
    """

    first_day: date
    values: FloatArray
    clear_sky: FloatArray
    beside: FloatArray

    def before(self, first_day: date, count: int, hours: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return values, clear sky and what is beside of `count` days before a day, and of so many hours from it on.

        A day that is not among these is taken from whole weeks apart: about a year where there is one.
        """
        offset, known = (first_day - self.first_day).days, len(self.values) // HOURS_PER_DAY
        days = -(-hours // HOURS_PER_DAY)
        rows = [self._nearest(offset + number, known) for number in range(-count, days)]
        steps = (np.array(rows)[:, np.newaxis] * HOURS_PER_DAY + np.arange(HOURS_PER_DAY)).ravel()
        steps = steps[: count * HOURS_PER_DAY + hours]
        return self.values[steps], self.clear_sky[steps], self.beside[steps]

    def _nearest(self, day: int, known: int) -> int:
        weeks = WEEKS_OF_YEAR if known >= WEEKS_OF_YEAR * DAYS_PER_WEEK else 1
        apart = weeks * DAYS_PER_WEEK
        if day < 0:
            return day % apart
        return day if day < known else day - -(-(day - known + 1) // apart) * apart


def history_seed() -> int:
    """Return the seed of histories, which no run has: it is longer than any that people write."""
    sequence = generator(0, Stream.HISTORY).bit_generator.seed_seq
    return int.from_bytes(sequence.generate_state(4).tobytes(), "little")


def days_beside(before: int, after: int, run: int, *, typical: bool) -> tuple[int, int]:
    """Return the first day, counted from the run's first, and the number of the days to learn from; none: (0, 0).

    A recording has so many whole days before the run's beginning and after it; the run takes `run` days.
    """
    span = run + DAYS_BEYOND
    if typical:
        count = HISTORY_DAYS - span
        return (-count, count) if count >= LEAST_DAYS else (0, 0)
    if before >= LEAST_DAYS:
        return -min(before, MOST_DAYS), min(before, MOST_DAYS)
    return (span, min(after - span, MOST_DAYS)) if after - span >= LEAST_DAYS else (0, 0)


def year_before(first_day: date) -> date:
    """Return the day on which a generated history begins: the first of the year before the run's."""
    return date(first_day.year - 1, 1, 1)


@functools.lru_cache(maxsize=16)
def supply_days(site: Site, section: WeatherSection, supply: LocalSupply, run: int) -> tuple[Days, Days]:
    """Return the history of the sun's part of a supply, and of the wind's; days of which there are none are empty.

    `site` has the first day of the run, which takes `run` days. Of generated weather its year alone counts.
    """
    weather: WeatherSource
    if section.file is None:
        site, first, count = replace(site, first_day=year_before(site.first_day)), 0, HISTORY_DAYS
        weather = correlated_weather({"": (site, climate_of(section))}, history_seed())[""]
    else:
        weather = recording = recorded_weather(Path(section.file), site)
        first, count = _recorded_days(recording, site, run)
    cloudless = CloudlessWeather(site)
    solar, wind = np.zeros((2, count * HOURS_PER_DAY))
    sky = np.zeros((count + 1) * HOURS_PER_DAY)
    for number in range(count):
        hours = slice(number * HOURS_PER_DAY, (number + 1) * HOURS_PER_DAY)
        power = supply.power(weather.day(first + number))
        solar[hours], wind[hours] = hourly(power.solar), hourly(power.wind)
    if supply.solar_peak_watts > 0.0:
        for number in range(count + 1):
            power = supply.power(cloudless.day(first + number))
            sky[number * HOURS_PER_DAY : (number + 1) * HOURS_PER_DAY] = hourly(power.solar)
    day = site.first_day + timedelta(days=first)
    dark = np.zeros_like(sky)
    return (
        Days(first_day=day, values=solar, clear_sky=sky, beside=wind),
        Days(first_day=day, values=wind, clear_sky=dark, beside=solar),
    )


def _recorded_days(weather: Recording, site: Site, run: int) -> tuple[int, int]:
    """Return the days to learn from, as `days_beside` does: those next to the run that lack no value."""
    if weather.hours.typical:
        return days_beside(0, 0, run, typical=not weather.hours.missing)
    begin = datetime.combine(site.first_day, datetime.min.time())
    first, end = weather.whole_around(begin)
    return days_beside(_days_of(begin - first), _days_of(end - begin), run, typical=False)


def _days_of(span: timedelta) -> int:
    """Return the whole days of a span of time."""
    return span // timedelta(days=1)


@functools.lru_cache(maxsize=16)
def intensity_days(section: GridSection, start: datetime, run: int) -> Days:
    """Return the history of a grid, in g/kWh, by days that begin at the hour of day at which the run does.

    `start` is when simulated time begins. Raises GridError for a file that cannot be used.
    """
    if section.generated is not None:
        begin = datetime.combine(year_before(start.date()), start.timetz())
        random = generator(history_seed(), Stream.GRID, crc32(section.generated.encode()))
        drawn = generate(PRESETS[section.generated], begin, HISTORY_DAYS * HOURS_PER_DAY, random)
        return _days(begin.date(), adjusted(section, drawn.intensity_grams_per_kwh))
    recorded = recorded_grid(Path(str(section.file)), section.zone)
    typical = is_a_year(recorded)
    first, count = days_beside(_days_of(start - recorded.start), _days_of(recorded.end - start), run, typical=typical)
    begin = start + timedelta(days=first)
    grams, _ = recorded.at_steps(begin, round(SECONDS_PER_HOUR), count * HOURS_PER_DAY, repeat=typical)
    return _days(begin.date(), adjusted(section, grams))


def _days(first_day: date, grams: FloatArray) -> Days:
    return Days(
        first_day=first_day,
        values=grams,
        clear_sky=np.zeros(len(grams) + HOURS_PER_DAY),
        beside=np.zeros(len(grams)),
    )
