"""Synthetic weather: a clear sky behind passing clouds, and gusty wind, correlated in time and over distance."""

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR
from simulator.arrays import FloatArray
from simulator.energy.clear_sky import calendar_day, sky_day
from simulator.energy.climate import Climate, in_month
from simulator.energy.gaussian import GaussianProcess, Noise, Which
from simulator.energy.interface import POINTS_PER_DAY, WEATHER_STEP, Site, WeatherDay

CLEARNESS_BOUNDS = (0.05, 1.1)
"""Bounds of the clear-sky index: the thickest clouds pass some light, and edges of clouds reflect additional light."""

WARMEST_HOUR = 15
"""Local standard time at which the air is warmest, some three hours after noon (Ahrens, Meteorology Today, 2012)."""

CLOUD_LENGTH_KILOMETRES = 300.0
"""Distance in which the correlation of cloudiness falls to 1/e. An order of magnitude: such distances grow in
proportion to the time scale (Perez and others, Solar Energy 86, 2012); in the five hours of the default climate, clouds
that drift at 15 m/s travel 270 km."""

WIND_LENGTH_KILOMETRES = 600.0
"""Distance in which the correlation of hourly wind falls to 1/e: some 500 km in the Nordic countries (Holttinen, Wind
Energy 8, 2005) to 700 km over Europe (Giebel, Riso National Laboratory, 2000)."""


class SyntheticWeather:
    """Weather of a site, driven by noises that other sites may share.

    A day is the same in whatever order days are asked for; ascending order is cheapest.
    """

    def __init__(self, *, site: Site, climate: Climate, clouds: Noise, wind: Noise) -> None:
        place = site.latitude, site.longitude
        self._site = site
        self._climate = climate
        self._clouds = GaussianProcess(clouds, place, climate.clearness_correlation)
        self._wind = GaussianProcess(wind, place, climate.wind_correlation)

    def day(self, index: int) -> WeatherDay:
        """See `WeatherSource.day`; synthetic weather has no end. Months begin and end at midnight."""
        climate, sky = self._climate, sky_day(self._site, index)
        month = calendar_day(self._site.first_day, index).month
        clear_sky, clouds = sky.clear_sky_watts_per_square_metre, self._clouds.day(index)
        clearness = in_month(climate.clearness_mean, month) + in_month(climate.clearness_deviation, month) * clouds
        celsius = in_month(climate.mean_celsius, month) + in_month(climate.swing_celsius, month) * daily_course()
        return WeatherDay(
            sun=sky.sun,
            ghi_watts_per_square_metre=clear_sky * np.clip(clearness, *CLEARNESS_BOUNDS),
            clear_sky_watts_per_square_metre=clear_sky,
            air_celsius=celsius,
            wind_metres_per_second=wind_speed(climate, month, self._gusts(index, clouds)),
            pressure_pascals=np.full(POINTS_PER_DAY, standard_pressure(self._site.altitude_metres)),
        )

    def _gusts(self, index: int, clouds: FloatArray) -> FloatArray:
        """Return the process of the wind, standard normal like its two parts."""
        cloudy = self._climate.cloudy_wind
        return math.sqrt(1.0 - cloudy**2) * self._wind.day(index) - cloudy * clouds


def correlated_weather(sites: Mapping[str, tuple[Site, Climate]], seed: int) -> dict[str, SyntheticWeather]:
    """Return the weather of each site by its name.

    It depends on the places and their climates, not on names or order; sites at one place with one climate have the
    same weather. The correlation between two sites is that of their distance, a little less where their climates have
    different times of correlation. Another site leaves the weather of those to its south as it was.
    """
    places = [(site.latitude, site.longitude) for site, _ in sites.values()]
    clouds = Noise(places, seed=seed, which=Which.CLOUDS, length_kilometres=CLOUD_LENGTH_KILOMETRES)
    wind = Noise(places, seed=seed, which=Which.WIND, length_kilometres=WIND_LENGTH_KILOMETRES)
    return {
        name: SyntheticWeather(site=site, climate=climate, clouds=clouds, wind=wind)
        for name, (site, climate) in sites.items()
    }


def wind_speed(climate: Climate, month: int, normal: FloatArray) -> FloatArray:
    """Return the wind speed (288,) of a day in m/s, from standard normal values (288,)."""
    calm = in_month(climate.wind_calm, month)
    windy_mean = in_month(climate.wind_mean, month) / (1.0 - calm)
    course = 1.0 + in_month(climate.wind_swing, month) * daily_course()
    return weibull_quantile(normal, windy_mean, in_month(climate.wind_shape, month), calm=calm) * course


def weibull_quantile(normal: FloatArray, mean: float, shape: float, *, calm: float = 0.0) -> FloatArray:
    """Map standard normal values to values of equal probability: 0 for the share `calm`, then Weibull distributed."""
    from scipy.special import gamma, log_ndtr  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import

    scale = mean / gamma(1 + 1 / shape)
    # The logarithm of the upper tail stays exact where 1 - probability would round to 0.
    beyond = np.log1p(-calm) - log_ndtr(-normal)
    return np.asarray(scale * np.maximum(beyond, 0.0) ** (1 / shape))


@lru_cache(maxsize=1)
def daily_course() -> FloatArray:
    """Return the course (288,) of a day's temperature, from -1 in the coldest step to 1 in the warmest."""
    hours = (np.arange(POINTS_PER_DAY) + 0.5) * WEATHER_STEP / SECONDS_PER_HOUR
    return np.cos(2 * np.pi * (hours - WARMEST_HOUR) / HOURS_PER_DAY)


def standard_pressure(altitude_metres: float) -> float:
    """Return the air pressure in pascals of the standard atmosphere (pvlib's alt2pres)."""
    from pvlib.atmosphere import alt2pres  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import

    return float(alt2pres(altitude_metres))
