"""The supply that a scenario's data centres would procure: from its weather to the cheapest portfolio."""

from collections.abc import Mapping

import numpy as np

from simulator.assembly.layout import layout_of
from simulator.experiments.plan.work import Procurement
from simulator.procurement.costs import annual_costs
from simulator.procurement.matching import Matching, cheapest
from simulator.run.generation import daily_generation

YEAR_DAYS = 365
"""Days over which supply and load are matched: a year, of which no season is left out."""

STEPS_PER_DAY = 8
"""Steps of a day: three hours, the coarser of the two resolutions of the study. Each is the mean of its weather."""


def procured(work: Procurement) -> Mapping[str, float]:
    """Return the cost of the cheapest supply, and kilowatts and kilowatt-hours for a kilowatt of load in the mean.

    Raises MatchingError where none matches the load.
    """
    return procured_over(work, YEAR_DAYS)


def procured_over(work: Procurement, days: int) -> Mapping[str, float]:
    """Return the same over so many days; the costs are those of a year that is made of such days."""
    layout = layout_of(work.scenario, work.seed)
    generated = daily_generation(layout, work.seed)
    watts = np.concatenate([generated(day) for day in range(days)], axis=1)
    solar, wind = watts.reshape(2, days * STEPS_PER_DAY, -1, len(layout.buses)).mean(axis=2)
    found = cheapest(
        Matching(
            solar=solar / np.array([bus.supply.solar_peak_watts for bus in layout.buses]),
            wind=wind / np.array([bus.supply.wind_rated_watts for bus in layout.buses]),
            per_day=STEPS_PER_DAY,
            flexible=work.flexible,
            between_sites=work.between_sites,
            costs=annual_costs(),
        )
    )
    return {
        "matching_euros_per_mwh": found.euros_per_mwh,
        "panel_kilowatts": float(found.solar.mean()),
        "turbine_kilowatts": float(found.wind.mean()),
        "storage_kilowatt_hours": float(found.storage.mean()),
    }
