"""Costs of panels, turbines and batteries, as annual payments for what is installed."""

import math
from dataclasses import dataclass

DISCOUNT_RATE = 0.07
"""Interest on capital by year: that of the study which is repeated (Riepin, Brown and Zavala, arXiv 2405.00036, file
`config.yaml`)."""

SOLAR_EUROS_PER_KILOWATT = 473.1
WIND_EUROS_PER_KILOWATT = 1139.9
INVERTER_EUROS_PER_KILOWATT = 227.5
STORAGE_EUROS_PER_KWH = 197.9
"""Investment in utility-scale panels, onshore turbines, and inverters and cells of a battery, in 2025: the Danish
Energy Agency's Technology Data in euros of 2020 as PyPSA's technology-data has them (outputs/costs_2025.csv, 2024). The
study takes them from its version 0.6.2, with turbines and batteries in euros of 2015, some 6% lower."""

SOLAR_YEARS = 37.5
WIND_YEARS = 28.5
INVERTER_YEARS = 10.0
STORAGE_YEARS = 22.5
"""Technical lives of the same, in years, from the same file."""

SOLAR_UPKEEP = 0.021982
WIND_UPKEEP = 0.012347
INVERTER_UPKEEP = 0.002512
"""Fixed operation and maintenance by year, as shares of the investment, from the same file; that of cells is none. The
1.5 euros per MWh that a turbine costs while it runs are left out."""

ROUND_TRIP_EFFICIENCY = 0.955
"""Energy out of a battery per energy in, from the same file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnualCosts:
    """Euros a year for a kilowatt of panels, turbines and inverters, and for a kilowatt-hour of cells."""

    solar: float
    wind: float
    inverter: float
    storage: float


def annuity(rate: float, years: float) -> float:
    """Return the yearly payment for a debt of 1 that is paid off in so many years at a rate above 0."""
    return rate / (1.0 - math.pow(1.0 + rate, -years))


def annual_costs() -> AnnualCosts:
    """Return the costs of a year, interest and upkeep included."""
    return AnnualCosts(
        solar=SOLAR_EUROS_PER_KILOWATT * (annuity(DISCOUNT_RATE, SOLAR_YEARS) + SOLAR_UPKEEP),
        wind=WIND_EUROS_PER_KILOWATT * (annuity(DISCOUNT_RATE, WIND_YEARS) + WIND_UPKEEP),
        inverter=INVERTER_EUROS_PER_KILOWATT * (annuity(DISCOUNT_RATE, INVERTER_YEARS) + INVERTER_UPKEEP),
        storage=STORAGE_EUROS_PER_KWH * annuity(DISCOUNT_RATE, STORAGE_YEARS),
    )
