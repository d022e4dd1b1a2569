"""Totals since the state file began."""

from exporter.core.metrics import Row
from exporter.exposition.family import gauge, one
from exporter.snapshot import Snapshot


def _counted(snapshot: Snapshot, total: float) -> float | None:
    """Return a total, or None where it is zero because nothing is counted."""
    return total if total or snapshot.counted_scopes() else None


ROWS: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecotrack_lifetime_energy_joules",
        unit="joules",
        help="Electric energy of host and network since the state file began; continues across reboots.",
        read=one(lambda snapshot: _counted(snapshot, snapshot.totals.lifetime_energy)),
    ),
    gauge(
        name="ecotrack_lifetime_emissions_grams",
        unit="grams",
        help="CO2e emissions of host and network since the state file began; continues across reboots.",
        read=one(lambda snapshot: _counted(snapshot, snapshot.totals.lifetime_emissions)),
    ),
    gauge(
        name="ecotrack_lifetime_start_timestamp_seconds",
        unit="seconds",
        help="Time at which the state file began.",
        read=one(lambda snapshot: snapshot.totals.since),
    ),
)
