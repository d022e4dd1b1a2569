"""Supplies that combine others, and the supply that generates nothing."""

from dataclasses import dataclass

import numpy as np

from simulator.arrays import FloatArray
from simulator.energy.interface import POINTS_PER_DAY, WeatherDay
from simulator.energy.solar import SolarArray
from simulator.energy.wind import WindTurbine


@dataclass(frozen=True, slots=True)
class Hybrid:
    """A panel and a turbine side by side."""

    solar: SolarArray
    wind: WindTurbine

    @property
    def kind(self) -> str:
        """See `Supply.kind`."""
        return "hybrid"

    def watts(self, weather: WeatherDay) -> FloatArray:
        """Return the power (288,) of panel and turbine together, in watts."""
        return self.solar.watts(weather) + self.wind.watts(weather)


@dataclass(frozen=True, slots=True)
class NoSupply:
    """A node that has only the grid."""

    @property
    def kind(self) -> str:
        """See `Supply.kind`."""
        return "grid"

    def watts(self, weather: WeatherDay) -> FloatArray:  # noqa: ARG002 - the protocol's
        """Return zeros (288,)."""
        return np.zeros(POINTS_PER_DAY)
