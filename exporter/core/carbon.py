"""Energy times carbon intensity, and the emission factors with their sources."""

from dataclasses import dataclass

from exporter.core.units import JOULES_PER_KWH, Grams, GramsPerKwh, GramsPerSecond, Joules, Watts


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """Published constant: its value and unit, who published it and for which year."""

    value: float
    unit: str
    source: str
    year: int


GRID_FACTORS: dict[str, Factor] = {
    "ecotrack": Factor(
        value=475.0,
        unit="g/kWh",
        source="IEA, Global Energy & CO2 Status Report 2019: world average (EcoTrack's default)",
        year=2018,
    ),
    "cep": Factor(
        value=500.0,
        unit="g/kWh",
        source="CEP technical report, section 2.1.2: round world average",
        year=2024,
    ),
}
"""Carbon intensity of electricity by preset."""


def emissions(spent: Joules, intensity: GramsPerKwh) -> Grams:
    """Return the CO2e of an amount of electricity."""
    return Grams(spent / JOULES_PER_KWH * intensity)


def emission_rate(power: Watts, intensity: GramsPerKwh) -> GramsPerSecond:
    """Return the CO2e per second of a power."""
    return GramsPerSecond(power / JOULES_PER_KWH * intensity)
