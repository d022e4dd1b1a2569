"""Power, energy and emissions by component, and where the power comes from."""

from collections.abc import Iterator

from exporter.core.metrics import Row, Sample
from exporter.exposition.family import counter, gauge, info, one
from exporter.power import presets
from exporter.power.component import Component
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


def _uncertainty(snapshot: Snapshot) -> Iterator[Sample]:
    for origin in snapshot.provenance:
        yield (origin.component,), origin.uncertainty


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
        help="Origin of each component's power: the kind of source, and the model or preset.",
        read=_provenance,
    ),
    gauge(
        name="ecotrack_power_uncertainty_ratio",
        unit="ratio",
        labels=("component",),
        help=(
            "Relative half-width of the uncertainty band around a component's power: 1 is plus or minus 100%, and no "
            "band reaches below 0. Whole servers lie outside the bands of the presets: factors of "
            f"{presets.CEP_SERVERS_IDLE.value:g} to {presets.CEP_SERVERS_FULL.value:g} (cep) or "
            f"{presets.CLOUD_SERVERS_FULL.value:g} to {presets.CLOUD_SERVERS_IDLE.value:g} (aws, gcp, azure) "
            "hold nine servers in ten."
        ),
        read=_uncertainty,
    ),
)
