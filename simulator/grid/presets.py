"""Grids by name: three after countries in 2020, and one that never changes.

Capacities, yearly energies and prices are from general knowledge of the statistics that each preset names, rounded to
two digits. Two figures of each country are fitted, by `python -m bench.grid_bench --calibrate`, to the mean and the
standard deviation of its hourly carbon intensity in 2020: `base_gigawatts` of the demand, which statistics count with
or without losses and industry's own stations, and the `share` of the exchange, which none gives. They are rounded, and
nothing else was fitted.

Prices of offers follow from 2020's fuels: gas 4 to 18 EUR/MWh (TTF) and coal 40 to 60 USD/t (API2), carbon 16 to 32
EUR/t (EU ETS) and, in Britain, 18 GBP/t more (carbon price support), with the efficiencies of new and old stations, 0.6
to 0.4. Stations that make heat, or lose a subsidy, run at negative prices.
"""

from simulator.grid.emission_factors import Fuel
from simulator.grid.power_system import (
    ConstantGrid,
    Demand,
    Exchange,
    GridPreset,
    Plants,
    PowerSystem,
    Solar,
    Wind,
)

GB_WORKDAY = (
    0.80, 0.77, 0.76, 0.75, 0.76, 0.80, 0.90, 1.04, 1.10, 1.10, 1.09, 1.09,
    1.09, 1.08, 1.06, 1.07, 1.13, 1.20, 1.21, 1.17, 1.12, 1.05, 0.95, 0.86,
)  # fmt: skip
DE_WORKDAY = (
    0.82, 0.79, 0.77, 0.77, 0.80, 0.87, 0.98, 1.07, 1.11, 1.13, 1.15, 1.16,
    1.15, 1.12, 1.09, 1.07, 1.07, 1.10, 1.11, 1.09, 1.04, 0.99, 0.94, 0.87,
)  # fmt: skip
FR_WORKDAY = (
    0.93, 0.89, 0.88, 0.85, 0.83, 0.85, 0.91, 1.00, 1.06, 1.07, 1.07, 1.08,
    1.10, 1.08, 1.05, 1.03, 1.02, 1.05, 1.11, 1.12, 1.07, 1.02, 1.02, 1.00,
)  # fmt: skip
"""Course of demand by the hours of a workday in local time, of the day's mean (load at ENTSO-E's Transparency Platform,
2020, rounded by eye)."""

GREAT_BRITAIN = PowerSystem(
    latitude=52.5,
    longitude=-1.5,
    time_zone="Europe/London",
    demand=Demand(
        base_gigawatts=31.75,
        workday=GB_WORKDAY,
        saturday=0.92,
        sunday=0.90,
        heating_gigawatts_per_kelvin=0.75,
        mean_celsius=10.0,
        swing_celsius=6.0,
    ),
    wind=Wind(gigawatts=24.2, fuel=Fuel.WIND_ONSHORE, capacity_factor=0.355, season=0.3, deviation=0.7),
    solar=Solar(gigawatts=13.4, performance=0.95, clearness=0.6),
    plants=(
        Plants(name="hydro", fuel=Fuel.HYDRO, gigawatts=0.78, season=0.35, outages=0.15, cheap=-20.0, dear=0.0),
        Plants(name="biomass", fuel=Fuel.BIOMASS, gigawatts=4.4, outages=0.05, cheap=-40.0, dear=5.0),
        Plants(name="nuclear", fuel=Fuel.NUCLEAR, gigawatts=5.7, season=0.05, outages=0.1, cheap=-30.0, dear=10.0),
        Plants(name="gas", fuel=Fuel.GAS, gigawatts=26.0, cheap=22.0, dear=58.0),
        Plants(name="coal", fuel=Fuel.COAL, gigawatts=4.5, cheap=36.0, dear=75.0),
        Plants(name="oil", fuel=Fuel.OIL, gigawatts=6.0, cheap=60.0, dear=150.0),
    ),
    storage_gigawatts=2.8,
    exchange=Exchange(mean_import_gigawatts=2.05, share=0.244, limit_gigawatts=5.0, grams_per_kwh=190.0),
)
"""After Great Britain: capacities and energy by fuel (BEIS, Digest of UK Energy Statistics 2021, chapters 5 and 6: wind
75 TWh, solar 13, nuclear 50, biomass 39, hydro 7, net import 18), lines and storage (National Grid ESO), what a kelvin
adds (about 0.75 GW, National Grid ESO's winter outlooks), temperature (Met Office). Imports have the mix of those from
France, Belgium and the Netherlands."""

GERMANY = PowerSystem(
    latitude=51.0,
    longitude=10.0,
    time_zone="Europe/Berlin",
    demand=Demand(
        base_gigawatts=54.42,
        workday=DE_WORKDAY,
        saturday=0.87,
        sunday=0.79,
        heating_gigawatts_per_kelvin=0.6,
        mean_celsius=9.5,
        swing_celsius=9.0,
    ),
    wind=Wind(gigawatts=62.0, fuel=Fuel.WIND_ONSHORE, capacity_factor=0.24, season=0.4, deviation=0.75),
    solar=Solar(gigawatts=51.5, performance=0.91, clearness=0.62),
    plants=(
        Plants(name="hydro", fuel=Fuel.HYDRO, gigawatts=1.8, season=-0.2, outages=0.1, cheap=-20.0, dear=0.0),
        Plants(name="biomass", fuel=Fuel.BIOMASS, gigawatts=5.1, cheap=-40.0, dear=5.0),
        Plants(name="nuclear", fuel=Fuel.NUCLEAR, gigawatts=7.0, outages=0.05, cheap=-30.0, dear=10.0),
        Plants(name="lignite", fuel=Fuel.COAL, gigawatts=14.5, outages=0.08, cheap=-20.0, dear=48.0),
        Plants(name="gas for heat", fuel=Fuel.GAS, gigawatts=4.0, season=0.5, cheap=-20.0, dear=10.0),
        Plants(name="gas", fuel=Fuel.GAS, gigawatts=18.0, cheap=16.0, dear=60.0),
        Plants(name="coal", fuel=Fuel.COAL, gigawatts=18.0, cheap=26.0, dear=58.0),
        Plants(name="oil", fuel=Fuel.OIL, gigawatts=3.0, cheap=60.0, dear=150.0),
    ),
    storage_gigawatts=9.4,
    exchange=Exchange(mean_import_gigawatts=-2.1, share=0.339, limit_gigawatts=15.0, grams_per_kwh=250.0),
)
"""After Germany: capacities (Bundesnetzagentur, list of power stations 2020; the pumped storage of Luxembourg and
Austria that feeds its grid included), energy by fuel (Fraunhofer ISE and SMARD: wind 131 TWh, solar 51, nuclear 61,
biomass 44, hydro 16, net export 19), temperature (Deutscher Wetterdienst). What a kelvin adds is assumed."""

FRANCE = PowerSystem(
    latitude=46.5,
    longitude=2.5,
    time_zone="Europe/Paris",
    demand=Demand(
        base_gigawatts=44.64,
        workday=FR_WORKDAY,
        saturday=0.92,
        sunday=0.87,
        heating_gigawatts_per_kelvin=2.4,
        mean_celsius=12.5,
        swing_celsius=8.0,
    ),
    wind=Wind(gigawatts=17.0, fuel=Fuel.WIND_ONSHORE, capacity_factor=0.267, season=0.4, deviation=0.7),
    solar=Solar(gigawatts=10.0, performance=0.99, clearness=0.68),
    plants=(
        Plants(name="hydro", fuel=Fuel.HYDRO, gigawatts=7.4, season=0.15, outages=0.12, cheap=-20.0, dear=0.0),
        Plants(name="biomass", fuel=Fuel.BIOMASS, gigawatts=1.1, cheap=-40.0, dear=5.0),
        Plants(name="nuclear", fuel=Fuel.NUCLEAR, gigawatts=39.5, season=0.18, outages=0.05, cheap=-10.0, dear=24.0),
        Plants(name="gas for heat", fuel=Fuel.GAS, gigawatts=1.6, season=0.7, cheap=-20.0, dear=10.0),
        Plants(name="gas", fuel=Fuel.GAS, gigawatts=9.0, cheap=16.0, dear=60.0),
        Plants(name="coal", fuel=Fuel.COAL, gigawatts=2.5, cheap=28.0, dear=60.0),
        Plants(name="oil", fuel=Fuel.OIL, gigawatts=3.0, cheap=60.0, dear=150.0),
    ),
    storage_gigawatts=4.9,
    exchange=Exchange(mean_import_gigawatts=-4.9, share=0.676, limit_gigawatts=13.0, grams_per_kwh=300.0),
)
"""After France: capacities, energy by fuel and what a kelvin adds (RTE, Bilan electrique 2020: nuclear 335 TWh, hydro
65, wind 40, gas 34, solar 13, net export 43; 2.4 GW), temperature (Meteo-France). Nuclear stations follow the load, so
that they are not all offered at once."""

UNCHANGING = ConstantGrid(grams_per_kwh=400.0, price_per_kwh=0.12)
"""Intensity and price of the published model of EcoChain-ML, in USD."""

PRESETS = {
    "gb": GridPreset(zone="GB", source="generated after Great Britain in 2020, EUR", model=GREAT_BRITAIN),
    "de": GridPreset(zone="DE", source="generated after Germany in 2020, EUR", model=GERMANY),
    "fr": GridPreset(zone="FR", source="generated after France in 2020, EUR", model=FRANCE),
    "flat": GridPreset(zone="flat", source="constant, as in EcoChain-ML, USD", model=UNCHANGING),
}
"""All presets by name."""
