"""Amounts of the time in which the exporter did not run."""

from collections.abc import Iterator, Mapping

from exporter.core.metrics import Row, Sample
from exporter.exposition.family import counter
from exporter.power.component import Component
from exporter.snapshot import Snapshot


def _by_component(snapshot: Snapshot, amounts: Mapping[Component, float]) -> Iterator[Sample]:
    """Return the amounts of the components in force, from zero on, and of any that an earlier configuration left."""
    present = {origin.component for origin in snapshot.provenance} | amounts.keys()
    for component in Component:
        if component in present:
            yield (component, component.scope), amounts.get(component, 0.0)


def _bytes(snapshot: Snapshot) -> Iterator[Sample]:
    found = snapshot.totals.exported.gap_devices
    for device in sorted(found.keys() | snapshot.totals.exported.devices.keys()):
        traffic = found.get(device)
        yield (device, "receive"), 0 if traffic is None else traffic.received_bytes
        yield (device, "transmit"), 0 if traffic is None else traffic.sent_bytes


ROWS: tuple[Row[Snapshot], ...] = (
    counter(
        name="ecotrack_gap_joules_total",
        unit="joules",
        labels=("component", "scope"),
        help="Electric energy of time in which the exporter did not run and the machine did, in no other counter.",
        read=lambda snapshot: _by_component(snapshot, snapshot.totals.exported.gap_energy),
    ),
    counter(
        name="ecotrack_gap_bytes_total",
        unit="bytes",
        labels=("device", "direction"),
        help="Bytes of time in which the exporter did not run and the machine did, in no other counter.",
        read=_bytes,
    ),
    counter(
        name="ecotrack_gap_emissions_grams_total",
        unit="grams",
        labels=("component", "scope"),
        help="CO2e emissions of time in which the exporter did not run, with the carbon intensity of the next start.",
        read=lambda snapshot: _by_component(snapshot, snapshot.totals.exported.gap_emissions),
    ),
)
