"""Photovoltaic panels: their power, and the temperature of their cells."""

from dataclasses import dataclass

import numpy as np

from simulator.arrays import FloatArray
from simulator.energy.interface import WeatherDay

TEMPERATURE_COEFFICIENT = -0.004
"""Change of a crystalline silicon panel's power per kelvin above 25 degrees Celsius; -0.0035 to -0.0047 are common
(Dobos, PVWatts Version 5 Manual, NREL 2014)."""

REFERENCE_CELSIUS = 25.0
"""Cell temperature at which an efficiency is stated: standard test conditions (IEC 60904-3)."""

NOMINAL_CELL_CELSIUS = 45.0
NOMINAL_AIR_CELSIUS = 20.0
NOMINAL_IRRADIANCE = 800.0
"""A typical panel in 20 degrees Celsius and 800 W/m2 heats up to 45 degrees Celsius: nominal operating cell temperature
(IEC 61215; Ross 1976)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarArray:
    """A horizontal panel: area x efficiency at 25 degrees Celsius x irradiance, corrected for its temperature."""

    area_square_metres: float
    efficiency: float

    @property
    def kind(self) -> str:
        """See `Supply.kind`."""
        return "solar"

    def watts(self, weather: WeatherDay) -> FloatArray:
        """Return the power (288,) in watts, never below 0."""
        irradiance = weather.ghi_watts_per_square_metre
        excess = cell_celsius(weather.air_celsius, irradiance) - REFERENCE_CELSIUS
        power = self.efficiency * self.area_square_metres * irradiance * (1 + TEMPERATURE_COEFFICIENT * excess)
        return np.maximum(power, 0.0)


def cell_celsius(air_celsius: FloatArray, irradiance: FloatArray) -> FloatArray:
    """Return the cells' temperature, which exceeds the air's in proportion to the irradiance in W/m2 (Ross 1976)."""
    return air_celsius + (NOMINAL_CELL_CELSIUS - NOMINAL_AIR_CELSIUS) / NOMINAL_IRRADIANCE * irradiance
