"""Photovoltaic panels: their power, the irradiance that they take in, and the temperature of their cells."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from simulator.arrays import FloatArray
from simulator.energy.interface import WeatherDay

TEMPERATURE_COEFFICIENT = -0.004
"""Change of a crystalline silicon panel's power per kelvin above 25 degrees Celsius; -0.0035 to -0.0047 are common
(Dobos, PVWatts Version 5 Manual, NREL 2014)."""

REFERENCE_CELSIUS = 25.0
STANDARD_IRRADIANCE = 1000.0
"""Cell temperature, and W/m2, at which an efficiency is stated: standard test conditions (IEC 60904-3)."""

NOMINAL_CELL_CELSIUS = 45.0
NOMINAL_AIR_CELSIUS = 20.0
NOMINAL_IRRADIANCE = 800.0
"""A typical panel in 20 degrees Celsius and 800 W/m2 heats up to 45 degrees Celsius: nominal operating cell temperature
(IEC 61215; Ross 1976)."""

GROUND_ALBEDO = 0.2
"""Share of the irradiance that bare or grassy ground reflects (Liu and Jordan 1963; the default of PVWatts)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarArray:
    """A panel: area x efficiency at 25 degrees Celsius x irradiance taken in, corrected for the cells' temperature,
    less the share `system_losses_ratio`.

    It is tilted from the horizontal towards `azimuth_degrees`, which count from the north by way of the east.
    `incidence_coefficient` is that of ASHRAE's model of reflection; 0 reflects nothing.
    """

    area_square_metres: float
    efficiency: float
    tilt_degrees: float
    azimuth_degrees: float
    system_losses_ratio: float
    incidence_coefficient: float

    @property
    def peak_watts(self) -> float:
        """The power under standard test conditions, before losses."""
        return self.efficiency * self.area_square_metres * STANDARD_IRRADIANCE

    def watts(self, weather: WeatherDay) -> FloatArray:
        """Return the power (288,) in watts, never below 0."""
        irradiance = self.irradiance(weather)
        excess = cell_celsius(weather.air_celsius, irradiance) - REFERENCE_CELSIUS
        power = self.efficiency * self.area_square_metres * irradiance * (1 + TEMPERATURE_COEFFICIENT * excess)
        return np.maximum(power, 0.0) * (1 - self.system_losses_ratio)

    def irradiance(self, weather: WeatherDay) -> FloatArray:
        """Return the irradiance (288,) in W/m2 that enters the panel.

        The global irradiance is divided by Erbs and others (1982) into that of the sun's disc and that of the sky, and
        these are turned to the panel by Hay and Davies (1980). Glass reflects more of the light the flatter it comes:
        of the disc by ASHRAE's model (Souka and Safwat 1966), of sky and ground by its mean over them (Marion 2017).
        """
        ghi, tilt, azimuth = weather.ghi_watts_per_square_metre, self.tilt_degrees, self.azimuth_degrees
        if tilt == 0.0 and self.incidence_coefficient == 0.0:
            return ghi
        from pvlib import iam, irradiance  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import

        sun = weather.sun.zenith_degrees, weather.sun.azimuth_degrees
        divided = irradiance.erbs(ghi, sun[0], weather.sun.day_of_year)
        disc, sky = divided["dni"], divided["dhi"]
        extra = irradiance.get_extra_radiation(weather.sun.day_of_year)
        turned = irradiance.haydavies(tilt, azimuth, sky, disc, extra, *sun, return_components=True)
        angle = irradiance.aoi(tilt, azimuth, *sun)
        beam = np.maximum(disc * np.cos(np.radians(angle)), 0.0) + turned["poa_circumsolar"]
        ground = irradiance.get_ground_diffuse(tilt, ghi, GROUND_ALBEDO)
        of_sky, of_ground = _diffuse_transmission(tilt, self.incidence_coefficient)
        beam = beam * iam.ashrae(angle, self.incidence_coefficient)
        return np.asarray(beam + turned["poa_isotropic"] * of_sky + ground * of_ground)


@lru_cache(maxsize=256)
def _diffuse_transmission(tilt_degrees: float, incidence_coefficient: float) -> tuple[float, float]:
    """Return the shares of the light of the sky, and of that of the ground, that a panel's glass lets in."""
    from pvlib import iam  # noqa: PLC0415 - slow to import

    shares = iam.marion_diffuse("ashrae", tilt_degrees, b=incidence_coefficient)
    return float(shares["sky"]), float(shares["ground"])


def cell_celsius(air_celsius: FloatArray, irradiance: FloatArray) -> FloatArray:
    """Return the cells' temperature, which exceeds the air's in proportion to the irradiance in W/m2 (Ross 1976)."""
    return air_celsius + (NOMINAL_CELL_CELSIUS - NOMINAL_AIR_CELSIUS) / NOMINAL_IRRADIANCE * irradiance
