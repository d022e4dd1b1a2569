"""Description of a zone's power system, from which the generator makes its hours. Capacities and powers are in GW."""

from dataclasses import dataclass

from simulator.grid.emission_factors import Fuel


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Demand for electricity, losses included.

    On a workday it is `base_gigawatts` times the `workday` factor of the local hour (24, of any scale: only their
    course counts); `saturday` and `sunday` are further factors. `heating_gigawatts_per_kelvin` come on top for each
    kelvin below the heating threshold; the air has `mean_celsius` in the mean, and `swing_celsius` less in midwinter.
    """

    base_gigawatts: float
    workday: tuple[float, ...]
    saturday: float
    sunday: float
    heating_gigawatts_per_kelvin: float
    mean_celsius: float
    swing_celsius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wind:
    """Wind farms: their capacity factor is the normal probability of a Gaussian process of this `deviation`.

    Its mean is `capacity_factor`, and more by the share `season` in midwinter.
    """

    gigawatts: float
    fuel: Fuel
    capacity_factor: float
    season: float
    deviation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Solar:
    """Solar panels: `performance` is their power in 1000 W/m2 on the ground for each watt of capacity, `clearness` the
    mean share of a clear sky's light that reaches them."""

    gigawatts: float
    performance: float
    clearness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plants:
    """Power stations of a kind: `gigawatts` are available in the mean, by the share `season` more in midwinter.

    `outages` is the deviation of the available share. The first of them runs from the price `cheap` on, in EUR/MWh, all
    of them from `dear` on. A negative price is what they pay rather than stop.
    """

    name: str
    fuel: Fuel
    gigawatts: float
    cheap: float
    dear: float
    season: float = 0.0
    outages: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Lines to neighbours, who give or take a `share` of what wind, sun and demand differ from their mean.

    `mean_import_gigawatts` is negative for an exporter; an import has `grams_per_kwh`.
    """

    mean_import_gigawatts: float
    share: float
    limit_gigawatts: float
    grams_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerSystem:
    """Power system of a zone; pumped storage of `storage_gigawatts` evens out the expected course of each day."""

    latitude: float
    longitude: float
    time_zone: str
    demand: Demand
    wind: Wind
    solar: Solar
    plants: tuple[Plants, ...]
    storage_gigawatts: float
    exchange: Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantGrid:
    """Grid that never changes: its carbon intensity in g/kWh and its price per kWh."""

    grams_per_kwh: float
    price_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GridPreset:
    """Named grid; `source` says after what it was made, and in which currency its prices are."""

    zone: str
    source: str
    model: PowerSystem | ConstantGrid
