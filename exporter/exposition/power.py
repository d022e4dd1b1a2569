"""Power, energy and emissions by component, and where the power comes from."""

from collections.abc import Iterator

from exporter.core.metrics import Row, Sample
from exporter.exposition.family import counter, gauge, info, one
from exporter.power.component import PRECEDENCE, Component
from exporter.snapshot import Snapshot


def _power(snapshot: Snapshot) -> Iterator[Sample]:
    for component, power in snapshot.readings.powers.items():
        yield (component, component.scope), power


def _energy(snapshot: Snapshot) -> Iterator[Sample]:
    for component in _components(snapshot):
        yield (component, component.scope), snapshot.totals.exported.energy.get(component, 0.0)


def _emissions(snapshot: Snapshot) -> Iterator[Sample]:
    for component in _components(snapshot):
        yield (component, component.scope), snapshot.totals.exported.emissions.get(component, 0.0)


def _components(snapshot: Snapshot) -> list[Component]:
    """Return the components in force, and any of which an earlier configuration has left totals."""
    present = {origin.component for origin in snapshot.provenance} | snapshot.totals.exported.energy.keys()
    return [component for component in Component if component in present]


def _provenance(snapshot: Snapshot) -> Iterator[Sample]:
    for origin in snapshot.provenance:
        yield (origin.component, origin.source, origin.model), 1.0


def _low(snapshot: Snapshot) -> Iterator[Sample]:
    for origin in snapshot.provenance:
        power = snapshot.readings.powers.get(origin.component)
        if power is not None:
            yield (origin.component,), origin.low(power)


def _high(snapshot: Snapshot) -> Iterator[Sample]:
    for origin in snapshot.provenance:
        power = snapshot.readings.powers.get(origin.component)
        if power is not None:
            yield (origin.component,), origin.high(power)


ROWS: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecotrack_power_watts",
        unit="watts",
        labels=("component", "scope"),
        help="Mean electric power over the last sampling interval. The components of scope host are disjoint and sum "
        "to the power of the machine.",
        read=_power,
    ),
    counter(
        name="ecotrack_energy_joules_total",
        unit="joules",
        labels=("component", "scope"),
        help="Electric energy, integrated over samples. The components of scope host are disjoint and sum to the "
        "energy of the machine.",
        read=_energy,
    ),
    counter(
        name="ecotrack_emissions_grams_total",
        unit="grams",
        labels=("component", "scope"),
        help="CO2e emissions, integrated with the carbon intensity in force at each sample.",
        read=_emissions,
    ),
    gauge(
        name="ecotrack_emissions_grams_per_second",
        unit="grams_per_second",
        help="CO2e emission rate of host and network over the last sampling interval.",
        read=one(lambda snapshot: snapshot.readings.emission_rates.total()),
    ),
    info(
        name="ecotrack_power_source_info",
        labels=("component", "source", "model"),
        help=(
            "Origin of each component's power: the kind of source, and the row of a table, model or preset. "
            f"Measured by the sources {', '.join(PRECEDENCE)}, and estimated by every other."
        ),
        read=_provenance,
    ),
    gauge(
        name="ecotrack_power_low_watts",
        unit="watts",
        labels=("component",),
        help=(
            "Low end of the band around a component's power, in which nine machines in ten lie: power divided by a "
            "factor for this kind of source at this load."
        ),
        read=_low,
    ),
    gauge(
        name="ecotrack_power_high_watts",
        unit="watts",
        labels=("component",),
        help="High end of the same band: power multiplied by the factor.",
        read=_high,
    ),
    gauge(
        name="ecotrack_power_usage_effectiveness_ratio",
        unit="ratio",
        help="PUE of the machine room that the power of scope host has been multiplied by; 1 where none is configured.",
        read=one(lambda snapshot: snapshot.pue),
    ),
)
