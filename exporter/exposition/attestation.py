"""Metric families of the last hour whose consumption was signed."""

from exporter.core.metrics import Row
from exporter.exposition.family import gauge, one
from exporter.snapshot import Snapshot

ROWS: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecotrack_attestation_timestamp_seconds",
        unit="seconds",
        help="Unix time at which the last attested hour ended; its proof says so, which the exporter does not check.",
        read=one(lambda snapshot: None if snapshot.attestation is None else snapshot.attestation.end),
    ),
    gauge(
        name="ecotrack_attestation_energy_joules",
        unit="joules",
        help="Energy of the machine in the last attested hour; its proof says so, which the exporter does not check.",
        read=one(lambda snapshot: None if snapshot.attestation is None else snapshot.attestation.energy),
    ),
)
