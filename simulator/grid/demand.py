"""Demand for electricity by hour, weekday and season, and the storage that follows its course."""

from calendar import SUNDAY
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from exporter.core.units import DAYS_PER_WEEK, HOURS_PER_DAY
from simulator.arrays import FloatArray
from simulator.grid.power_system import Demand
from simulator.grid.weather import year_course

HEATING_BELOW_CELSIUS = 15.0
"""Mean temperature of a day below which buildings are heated (heating threshold of Eurostat's heating degree days)."""

COLDEST_DAY = 20.0
"""Day of the year that is coldest in the mean, a month after the solstice (Ahrens, Meteorology Today, 2012)."""

CELSIUS_DEVIATION = 3.0
"""Deviation of a country's temperature from that of the season, in kelvin: about 3 in western Europe, assumed."""

HABITS_DEVIATION = 0.025
"""Relative deviation of demand from what hour, weekday and temperature say. Assumed: as far as forecasts of a country's
load for the next day are off, commonly 2 to 3%."""

MORNING_HOURS = (3, 9)
"""Local hours between which demand passes from that of the day before to that of the weekday: people and firms begin
then. Assumed; at midnight nothing changes yet."""

HOLIDAYS = {(1, 1), (12, 25), (12, 26)}
"""Month and day of holidays on fixed dates in most of Europe, with the demand of a Sunday. Others are left out."""


def workday_shape(demand: Demand) -> FloatArray:
    """Return the factors (24,) of the hours of a workday, of mean 1."""
    factors = np.array(demand.workday)
    return np.asarray(factors / factors.mean())


def mean_shape(demand: Demand) -> float:
    """Return the mean factor of a week."""
    return (DAYS_PER_WEEK - 2 + demand.saturday + demand.sunday) / DAYS_PER_WEEK


def demand_shape(demand: Demand, time_zone: str, first: datetime, hours: int) -> FloatArray:
    """Return the factor (H,) of each hour from `first` on, by local hour and weekday."""
    zone, workday = ZoneInfo(time_zone), workday_shape(demand)
    days = (*[1.0] * (DAYS_PER_WEEK - 2), demand.saturday, demand.sunday)
    local = [(first + timedelta(hours=hour)).astimezone(zone) for hour in range(hours)]
    hour_of_day = np.array([one.hour for one in local])
    today = np.array([days[_weekday(one)] for one in local])
    yesterday = np.array([days[_weekday(one - timedelta(days=1))] for one in local])
    begun = np.clip((hour_of_day - MORNING_HOURS[0]) / (MORNING_HOURS[1] - MORNING_HOURS[0]), 0.0, 1.0)
    return np.asarray(workday[hour_of_day] * (yesterday + begun * (today - yesterday)))


def _weekday(local: datetime) -> int:
    return SUNDAY if (local.month, local.day) in HOLIDAYS else local.weekday()


def demand_gigawatts(
    demand: Demand, shape: FloatArray | float, days: FloatArray, weather: FloatArray | float, habits: FloatArray | float
) -> FloatArray:
    """Return the demand (H,) by its shape, the day of the year, and the standard normal deviations."""
    season = demand.mean_celsius - demand.swing_celsius * year_course(days, COLDEST_DAY)
    cold = np.maximum(HEATING_BELOW_CELSIUS - season - CELSIUS_DEVIATION * weather, 0.0)
    return demand.base_gigawatts * shape * (1 + HABITS_DEVIATION * habits) + demand.heating_gigawatts_per_kelvin * cold


def storage_course(expected: FloatArray, limit: float) -> FloatArray:
    """Return the output (H,), negative while charging, of storage that evens out whole days of an expected lack (H,).

    It follows what an hour differs from the mean of the 24 hours around it; where the limit is too low for a day's
    peak, all of it is followed in the same part. A day among equal days ends as it began. Losses are left out. The
    first and the last days lack what is around them: ask for two days more on either side.
    """
    half = HOURS_PER_DAY // 2
    sums = np.concatenate([[0.0], np.cumsum(expected)])
    hours = np.arange(len(expected))
    around = (sums[np.minimum(hours + half, len(expected))] - sums[np.maximum(hours - half, 0)]) / HOURS_PER_DAY
    course = expected - around
    peaks = np.maximum(np.abs(course).reshape(-1, HOURS_PER_DAY).max(axis=1), np.finfo(float).tiny)
    noons = np.arange(len(peaks)) * HOURS_PER_DAY + half
    return np.asarray(np.clip(course * np.interp(hours, noons, np.minimum(1.0, limit / peaks)), -limit, limit))
