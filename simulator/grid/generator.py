"""Hours of a grid from a seed: demand, weather, and the merit order of the power stations that meet what is left.

Weather and breakdowns are drawn hour by hour: a longer run begins like a shorter one of the same seed, and nothing that
is drawn for later changes what was before.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR
from simulator.arrays import FloatArray
from simulator.grid.demand import COLDEST_DAY, demand_gigawatts, demand_shape, mean_shape, storage_course
from simulator.grid.emission_factors import LIFE_CYCLE, Fuel
from simulator.grid.merit_order import Offer, clear, total
from simulator.grid.power_system import ConstantGrid, GridPreset, PowerSystem
from simulator.grid.renewables import mean_wind_and_sun, solar_gigawatts, wind_gigawatts
from simulator.grid.series import KWH_PER_MWH, GridError, GridSeries
from simulator.grid.weather import DAYS_PER_YEAR, Memory, days_of_year, processes, year_course

TEMPERATURE = Memory(days=4.0, hours=6.0)
CLOUDS = Memory(days=1.0, hours=2.0)
WIND = Memory(days=1.25, hours=2.5)
HABITS = Memory(days=1.0, hours=1.0)
OUTAGES = Memory(days=10.0, hours=24.0)
"""Memory of the processes, assumed: air masses stay for some days, lows and their clouds pass in one to two, and
stations that fail are away for a week or two."""

PLANNED_DAYS = 2
"""Days before and after a run by which its storage plans: those that its course depends on."""

RENEWABLES_CHEAP = -80.0
RENEWABLES_DEAR = -5.0
"""EUR/MWh at which wind farms and panels begin to be switched off, from the last to the first: standing still loses
subsidies of about 5 to 80 EUR/MWh (range of the German market premium in 2020, rounded)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """Hours of a power system in gigawatts: `output` (H, kinds) of each of the `kinds`, of `grams_per_kwh` (kinds,).

    `imported` and `stored` (H,) are negative where power leaves; `price` (H,) is in EUR/MWh.
    """

    kinds: tuple[str, ...]
    grams_per_kwh: FloatArray
    output: FloatArray
    demand: FloatArray
    imported: FloatArray
    stored: FloatArray
    price: FloatArray


def generate(preset: GridPreset, start: datetime, hours: int, random: np.random.Generator) -> GridSeries:
    """Return hours of a grid from `start` on, at least one. Raises GridError for a start without a time zone."""
    if start.tzinfo is None or hours < 1:
        raise GridError(f"{preset.zone}: expected a start with its time zone and hours >= 1, got {start} and {hours}")
    match preset.model:
        case ConstantGrid(grams_per_kwh=grams, price_per_kwh=constant):
            intensity, price = np.full(hours, grams), np.full(hours, constant)
        case PowerSystem() as system:
            run = dispatch(system, start, hours, random)
            intensity, price = carbon_intensity(run, system), run.price / KWH_PER_MWH
    return GridSeries(
        zone=preset.zone,
        start=start,
        step_seconds=round(SECONDS_PER_HOUR),
        intensity_grams_per_kwh=intensity,
        price_per_kwh=price,
        source=preset.source,
    )


def carbon_intensity(run: Dispatch, system: PowerSystem) -> FloatArray:
    """Return the carbon intensity (H,) in g/kWh of all that is made and imported; exports take the same mix."""
    imports = np.maximum(run.imported, 0.0)
    parts = [*run.output.T, imports]
    grams = [*run.grams_per_kwh.tolist(), system.exchange.grams_per_kwh]
    return total([part * gram for part, gram in zip(parts, grams, strict=True)]) / total(parts)


def dispatch(system: PowerSystem, start: datetime, hours: int, random: np.random.Generator) -> Dispatch:
    """Return the hours of a power system from `start` on."""
    return dispatched(system, start, processes(memories(system), hours, random))


def memories(system: PowerSystem) -> tuple[Memory, ...]:
    """Return the memories of the processes that a power system is subject to: air, habits, clouds, wind, outages."""
    return (TEMPERATURE, HABITS, CLOUDS, WIND, *(OUTAGES for _ in system.plants))


def dispatched(system: PowerSystem, start: datetime, drawn: FloatArray) -> Dispatch:
    """Return the hours of a power system from `start` on under its processes (H, processes)."""
    first, hours = start.astimezone(UTC), len(drawn)
    days = days_of_year(first, hours)
    air, habits, clouds, weather, *outages = drawn.T
    shape, stored = _courses(system, first, hours)
    demand = demand_gigawatts(system.demand, shape, days, air, habits)
    sun, wind = solar_gigawatts(system, days, clouds), wind_gigawatts(system.wind, days, weather)
    missing = np.zeros(hours)
    offers = [Offer(available=one, cheap=RENEWABLES_CHEAP, dear=RENEWABLES_DEAR) for one in (wind, sun)]
    for plants, deviation in zip(system.plants, outages, strict=True):
        share = 1 + plants.season * year_course(days, COLDEST_DAY) + plants.outages * deviation
        available = plants.gigawatts * np.maximum(share, 0.0)
        offers.append(Offer(available=available, cheap=plants.cheap, dear=plants.dear))
        missing += plants.gigawatts - available
    imported = _imports(system, demand - sun - wind - stored + missing)
    price, output = clear(demand - imported - stored, offers)
    fuels = (system.wind.fuel, Fuel.SOLAR, *(plants.fuel for plants in system.plants))
    return Dispatch(
        kinds=("wind", "solar", *(plants.name for plants in system.plants)),
        grams_per_kwh=np.array([LIFE_CYCLE[fuel] for fuel in fuels]),
        output=output,
        demand=demand,
        imported=imported,
        stored=stored,
        price=price,
    )


def _courses(system: PowerSystem, first: datetime, hours: int) -> tuple[FloatArray, FloatArray]:
    """Return the shape of the demand (H,) and the output of storage (H,), which looks at the days around, too."""
    before = first.hour + PLANNED_DAYS * HOURS_PER_DAY
    planned = (-(-(first.hour + hours) // HOURS_PER_DAY) + 2 * PLANNED_DAYS) * HOURS_PER_DAY
    begin = first - timedelta(hours=before)
    shape = demand_shape(system.demand, system.time_zone, begin, planned)
    days = days_of_year(first, planned) - before / HOURS_PER_DAY
    expected = system.demand.base_gigawatts * shape - solar_gigawatts(system, days, 0.0)
    stored = storage_course(expected, system.storage_gigawatts)
    return shape[before : before + hours], stored[before : before + hours]


def _imports(system: PowerSystem, lacking: FloatArray) -> FloatArray:
    """Return what neighbours send (H,) when wind and sun leave this much of the demand."""
    lines = system.exchange
    wanted = lines.mean_import_gigawatts + lines.share * (lacking - mean_lacking(system))
    return np.clip(wanted, -lines.limit_gigawatts, lines.limit_gigawatts)


@lru_cache(maxsize=16)
def mean_lacking(system: PowerSystem) -> float:
    """Return the demand, in gigawatts, that wind and sun leave in the mean of a year of mean weather."""
    days = np.arange(0.0, DAYS_PER_YEAR, 1 / HOURS_PER_DAY)
    demand = demand_gigawatts(system.demand, mean_shape(system.demand), days, 0.0, 0.0)
    return float(demand.mean()) - mean_wind_and_sun(system, days)
