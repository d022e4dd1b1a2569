"""Days without a cloud: what a panel could give at most is known beforehand."""

import numpy as np

from simulator.energy.clear_sky import sky_day
from simulator.energy.interface import POINTS_PER_DAY, Site, WeatherDay
from simulator.energy.solar import NOMINAL_AIR_CELSIUS
from simulator.energy.weather import standard_pressure


class CloudlessWeather:
    """The weather of a site under a cloudless sky, without wind, in air as warm as panels are rated for.

    It depends on the place and the date alone, so that it may be known of any day to come.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._celsius = np.full(POINTS_PER_DAY, NOMINAL_AIR_CELSIUS)
        self._pressure = np.full(POINTS_PER_DAY, standard_pressure(site.altitude_metres))
        self._calm = np.zeros(POINTS_PER_DAY)

    def day(self, index: int) -> WeatherDay:
        """See `WeatherSource.day`; there is no end."""
        sky = sky_day(self._site, index)
        return WeatherDay(
            sun=sky.sun,
            ghi_watts_per_square_metre=np.maximum(sky.clear_sky_watts_per_square_metre, 0.0),
            clear_sky_watts_per_square_metre=sky.clear_sky_watts_per_square_metre,
            air_celsius=self._celsius,
            wind_metres_per_second=self._calm,
            pressure_pascals=self._pressure,
        )
