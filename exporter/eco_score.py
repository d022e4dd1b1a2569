"""The eco score: one number in [0, 1], 1 is best, and the factors that say why.

Every factor is 1 / (1 + x / half): 1 at no load, 1/2 at the half point, towards 0 without end, smooth and falling in x.
The score is the arithmetic mean of the factors that are known. In PromQL, from the other series:

    1 / (1 + ecotrack_grid_carbon_intensity_grams_per_kwh / 475)
    1 / (1 + sum by (job, instance) (ecotrack_power_watts{scope="host"}) / 50)
    1 / (1 + sum by (job, instance) (ecotrack_network_throughput_bytes_per_second) / 1e6)
    1 / (1 + ecotrack_budget_projected_grams{period="day"} / ecotrack_budget_limit_grams{period="day"})
    avg by (job, instance) (ecotrack_eco_score_factor_ratio)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from exporter.core.carbon import GRID_FACTORS, Factor
from exporter.core.units import Ratio
from exporter.power.presets import CEP_IDLE


class ScoreFactor(StrEnum):
    """Factor of the score: the grid, the host's watts, the network's bytes per second, or the day's budget."""

    GRID = "grid"
    POWER = "power"
    NETWORK = "network"
    BUDGET = "budget"


HALF_POINTS: dict[ScoreFactor, Factor] = {
    ScoreFactor.GRID: GRID_FACTORS["ecotrack"],
    ScoreFactor.POWER: CEP_IDLE,
    ScoreFactor.NETWORK: Factor(
        value=1e6, unit="B/s", source="EcoTrack design document: streaming begins at 8 Mbit/s", year=2026
    ),
    ScoreFactor.BUDGET: Factor(value=1.0, unit="ratio", source="by definition: exactly on budget", year=2026),
}
"""Quantities at which a factor is 1/2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EcoScore:
    """The score and its factors."""

    value: Ratio
    factors: Mapping[ScoreFactor, Ratio]


def eco_score(quantities: Mapping[ScoreFactor, float | None]) -> EcoScore | None:
    """Return the score of what is known (None is not), or None if nothing is.

    Quantities are not negative and in the units of `HALF_POINTS`.
    """
    factors = {
        factor: Ratio(1.0 / (1.0 + quantity / HALF_POINTS[factor].value))
        for factor, quantity in quantities.items()
        if quantity is not None
    }
    if not factors:
        return None
    return EcoScore(value=Ratio(sum(factors.values()) / len(factors)), factors=factors)
