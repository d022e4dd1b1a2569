"""Every metric family of the exporter, in the order of the reference page, and the exposition made of them."""

from functools import cache

from prometheus_client import ProcessCollector

from exporter.core.metrics import Exposition, Row
from exporter.exposition import (
    activity,
    attestation,
    attribution,
    audit,
    budget,
    collectors,
    embodied,
    gaps,
    grid,
    health,
    lifetime,
    machine,
    optimizations,
    power,
    score,
    sensors,
)
from exporter.snapshot import Snapshot

ROWS: tuple[Row[Snapshot], ...] = (
    *power.ROWS,
    *sensors.ROWS,
    *machine.ROWS,
    *attribution.ROWS,
    *grid.ROWS,
    *activity.ROWS,
    *budget.ROWS,
    *lifetime.ROWS,
    *gaps.ROWS,
    *embodied.ROWS,
    *score.ROWS,
    *optimizations.ROWS,
    *audit.ROWS,
    *attestation.ROWS,
    *collectors.ROWS,
    *health.ROWS,
)


def exposition(snapshot: Snapshot) -> Exposition[Snapshot]:
    """Return the bodies of `/metrics` for a snapshot, with the cost of this process beside it."""
    return Exposition(ROWS, snapshot, beside=(_cost_of_this_process(),))


@cache
def _cost_of_this_process() -> ProcessCollector:
    """Return the one collector of this process: each new one reads when the machine started."""
    return ProcessCollector(registry=None)
