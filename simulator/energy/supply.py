"""Local supplies: a panel, a turbine, both side by side, or neither."""

from dataclasses import dataclass

import numpy as np

from simulator.energy.interface import POINTS_PER_DAY, Power, WeatherDay
from simulator.energy.solar import SolarArray
from simulator.energy.wind import WindTurbine


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSupply:
    """The supply of a node; without panel and turbine the node has only the grid."""

    solar: SolarArray | None = None
    wind: WindTurbine | None = None

    @property
    def kind(self) -> str:
        """See `Supply.kind`."""
        if self.solar is not None and self.wind is not None:
            return "hybrid"
        return "solar" if self.solar is not None else "wind" if self.wind is not None else "grid"

    @property
    def solar_peak_watts(self) -> float:
        """See `Supply.solar_peak_watts`."""
        return 0.0 if self.solar is None else self.solar.peak_watts

    @property
    def wind_rated_watts(self) -> float:
        """See `Supply.wind_rated_watts`."""
        return 0.0 if self.wind is None else self.wind.rated_watts

    def power(self, weather: WeatherDay) -> Power:
        """See `Supply.power`."""
        nothing = np.zeros(POINTS_PER_DAY)
        return Power(
            solar=nothing if self.solar is None else self.solar.watts(weather),
            wind=nothing if self.wind is None else self.wind.watts(weather),
        )
