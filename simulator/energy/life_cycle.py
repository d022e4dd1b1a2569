"""Grams of CO2e that the making of panels, turbines and batteries cost: a scope of its own, beside the operation's.

They are attributed either to the energy that is generated, or evenly to the life of what is installed. Batteries are
always attributed to their life.
"""

from dataclasses import dataclass

from exporter.core.units import Seconds
from simulator.arrays import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeCycle:
    """Life-cycle emissions of N nodes: those that each generated joule brings, and those (N,) of each second."""

    solar_grams_per_joule: float
    wind_grams_per_joule: float
    standing_grams_per_second: FloatArray

    def grams(self, solar: FloatArray, wind: FloatArray, seconds: Seconds) -> FloatArray:
        """Return the grams (N,) of a step in which sun and wind gave so many joules (N,)."""
        generated = solar * self.solar_grams_per_joule + wind * self.wind_grams_per_joule
        return generated + self.standing_grams_per_second * seconds
