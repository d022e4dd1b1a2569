"""Recorded weather in steps of the simulator.

Recordings are hourly, the simulator's steps shorter. Within an hour irradiance follows the course of the clear sky,
scaled so that the hour's mean is the recorded one. Where the clear sky is dark, and for everything else, the hour's
value holds for the whole hour.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR
from simulator.arrays import FloatArray
from simulator.energy.clear_sky import calendar_day, sky_day
from simulator.energy.interface import POINTS_PER_DAY, WEATHER_STEP, Site, WeatherDay, WeatherError
from simulator.energy.weather_formats import HOUR, TYPICAL_YEAR, Hours, read_hours

POINTS_PER_HOUR = round(SECONDS_PER_HOUR / WEATHER_STEP)


def load_weather(path: Path, site: Site) -> "Recording":
    """Read weather from a CSV file: an hourly export of NASA POWER, or a typical year (TMY3). Winds are those at 10 m.

    Days are the calendar's: day 0 is the site's first day. In a typical year every year is the same, and 29 February
    is as the day before. Raises WeatherError for a file that cannot be used or that lacks something of the first day.
    """
    recording = Recording(path=path, site=site, hours=read_hours(path, site))
    recording.first_point(0)
    return recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Weather from a file."""

    path: Path
    site: Site
    hours: Hours

    def day(self, index: int) -> WeatherDay:
        """See `WeatherSource.day`."""
        first, sky = self.first_point(index), sky_day(self.site, index)
        return WeatherDay(
            sun=sky.sun,
            ghi_watts_per_square_metre=self._irradiance(sky.clear_sky_watts_per_square_metre, first),
            clear_sky_watts_per_square_metre=sky.clear_sky_watts_per_square_metre,
            air_celsius=_held(self.hours.air_celsius, first),
            wind_metres_per_second=_held(self.hours.wind_metres_per_second, first),
            pressure_pascals=_held(self.hours.pressure_pascals, first),
        )

    def first_point(self, index: int) -> int:
        """Return the steps from the recording's beginning to that of a day.

        Raises WeatherError outside the file, and where it lacks a value of one of the day's hours.
        """
        day = calendar_day(self.site.first_day, index)
        midnight = datetime.combine(_typical(day) if self.hours.typical else day, time())
        first = round((midnight - self.hours.first).total_seconds() / WEATHER_STEP)
        count = len(self.hours.air_celsius) * POINTS_PER_HOUR
        if first < 0 or first + POINTS_PER_DAY > count:
            last = self.hours.first + timedelta(seconds=WEATHER_STEP * count)
            form = "%m-%d %H:%M" if self.hours.typical else "%Y-%m-%d %H:%M"
            raise WeatherError(
                f"{self.path}: {day}: no weather for the whole day; "
                f"the file goes from {self.hours.first:{form}} to {last:{form}} local standard time"
            )
        hours = range(first // POINTS_PER_HOUR, -(-(first + POINTS_PER_DAY) // POINTS_PER_HOUR))
        lacking = next((self.hours.missing[hour] for hour in hours if hour in self.hours.missing), None)
        if lacking is not None:
            raise WeatherError(lacking)
        return first

    def whole_around(self, moment: datetime) -> tuple[datetime, datetime]:
        """Return the beginning and the end of the hours around a local standard time that lack no value."""
        here, hours = (moment - self.hours.first) // HOUR, self.hours
        first = max((hour + 1 for hour in hours.missing if hour < here), default=0)
        end = min((hour for hour in hours.missing if hour >= here), default=len(hours.air_celsius))
        return hours.first + first * HOUR, hours.first + end * HOUR

    def _irradiance(self, clear_sky: FloatArray, first: int) -> FloatArray:
        """Return the irradiance of the hours that touch a day, each in the shape of the day's clear sky."""
        hour, begun = divmod(first, POINTS_PER_HOUR)
        means = self.hours.ghi_watts_per_square_metre[hour : hour + HOURS_PER_DAY + (begun > 0), None]
        # The part of an hour beyond midnight is taken from the day's other end, which is nearly the next day's sky.
        points = np.arange(-begun, means.size * POINTS_PER_HOUR - begun) % POINTS_PER_DAY
        clear = clear_sky[points].reshape(-1, POINTS_PER_HOUR)
        clear_means = clear.mean(axis=1, keepdims=True)
        shape = np.divide(clear, clear_means, out=np.ones_like(clear), where=clear_means > 0)
        irradiance: FloatArray = (means * shape).ravel()[begun : begun + POINTS_PER_DAY]
        return irradiance


def _typical(day: date) -> date:
    """Return the same day of the typical year."""
    return day.replace(year=TYPICAL_YEAR, day=min(day.day, 28) if day.month == 2 else day.day)


def _held(hourly: FloatArray, first: int) -> FloatArray:
    """Return hourly values (H,) in the 288 steps from `first` on."""
    return hourly[np.arange(first, first + POINTS_PER_DAY) // POINTS_PER_HOUR]
