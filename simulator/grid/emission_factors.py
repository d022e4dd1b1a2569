"""Carbon that a kWh of electricity emits by what it is made from: published medians."""

from enum import StrEnum


class Fuel(StrEnum):
    """Kinds of power stations that the emission factors tell apart."""

    BIOMASS = "biomass"
    COAL = "coal"
    GAS = "gas"
    GEOTHERMAL = "geothermal"
    HYDRO = "hydro"
    MARINE = "marine"
    NUCLEAR = "nuclear"
    OIL = "oil"
    SOLAR = "solar"
    WIND_OFFSHORE = "offshore wind"
    WIND_ONSHORE = "onshore wind"


LIFE_CYCLE = {
    Fuel.BIOMASS: 230.0,
    Fuel.COAL: 820.0,
    Fuel.GAS: 490.0,
    Fuel.GEOTHERMAL: 38.0,
    Fuel.HYDRO: 24.0,
    Fuel.MARINE: 17.0,
    Fuel.NUCLEAR: 12.0,
    Fuel.OIL: 840.0,
    Fuel.SOLAR: 48.0,
    Fuel.WIND_OFFSHORE: 12.0,
    Fuel.WIND_ONSHORE: 11.0,
}
"""g/kWh CO2e over the life cycle: medians of the IPCC (Schloemer and others 2014, AR5, Working Group III, Annex III,
table A.III.2; solar is that of large plants, coal pulverised coal, gas combined cycle). It has no oil: 840 is that of
the IPCC's report on renewable energy (SRREN 2011, Annex II, table A.II.4)."""

DIRECT = {
    Fuel.BIOMASS: 0.0,
    Fuel.COAL: 760.0,
    Fuel.GAS: 370.0,
    Fuel.GEOTHERMAL: 0.0,
    Fuel.HYDRO: 0.0,
    Fuel.MARINE: 0.0,
    Fuel.NUCLEAR: 0.0,
    Fuel.OIL: 700.0,
    Fuel.SOLAR: 0.0,
    Fuel.WIND_OFFSHORE: 0.0,
    Fuel.WIND_ONSHORE: 0.0,
}
"""g/kWh CO2 from the stack: medians of the same table. Biomass counts as 0, as in national inventories (IPCC 2006
Guidelines, volume 2). Oil is not in the table: 77.4 kg/GJ of residual fuel oil (the same Guidelines) at an assumed
efficiency of 0.4, rounded."""
