"""Small wind turbines: their power by wind speed and air density."""

from dataclasses import dataclass

import numpy as np

from simulator.arrays import FloatArray
from simulator.energy.interface import WeatherDay

GAS_CONSTANT_OF_DRY_AIR = 287.058
"""J/(kg K): the molar gas constant (CODATA 2018) over the molar mass of dry air, 28.96442 g/mol (ISO 2533:1975)."""

ZERO_CELSIUS = 273.15
"""Zero degrees Celsius in kelvin."""

SHEAR_EXPONENT = 0.143
"""Growth of wind speed with height over open land in neutral air, about 1/7 (Peterson and Hennessey 1978)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindTurbine:
    """A turbine: 1/2 x air density x area x speed^3 x power coefficient from `cut_in` to `rated`, though never above
    `rated_watts`; `rated_watts` from `rated` to `cut_out`; else nothing.

    The three speeds are metres per second at the hub. The weather's wind speed is that at the reference height.
    """

    rotor_square_metres: float
    rated_watts: float
    power_coefficient: float
    hub_height_metres: float
    reference_height_metres: float
    cut_in: float
    rated: float
    cut_out: float

    def watts(self, weather: WeatherDay) -> FloatArray:
        """Return the power (288,) in watts."""
        speed = self.hub_speed(weather.wind_metres_per_second)
        density = air_density(weather.pressure_pascals, weather.air_celsius)
        aerodynamic = 0.5 * density * self.rotor_square_metres * speed**3 * self.power_coefficient
        power = np.where(speed < self.rated, np.minimum(aerodynamic, self.rated_watts), self.rated_watts)
        return np.where((speed >= self.cut_in) & (speed <= self.cut_out), power, 0.0)

    def hub_speed(self, reference_speed: FloatArray) -> FloatArray:
        """Return the wind speed at the hub, in m/s, by the power law."""
        gain: float = (self.hub_height_metres / self.reference_height_metres) ** SHEAR_EXPONENT
        return reference_speed * gain


def air_density(pressure_pascals: FloatArray, air_celsius: FloatArray) -> FloatArray:
    """Return the density of dry air in kg/m3, as an ideal gas."""
    return pressure_pascals / (GAS_CONSTANT_OF_DRY_AIR * (air_celsius + ZERO_CELSIUS))
