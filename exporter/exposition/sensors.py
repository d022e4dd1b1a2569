"""Energy as each sensor counts it, whatever it covers, without what is discarded."""

from collections.abc import Iterator

from exporter.core.metrics import Row, Sample
from exporter.exposition.family import counter
from exporter.snapshot import Snapshot


def _measured(snapshot: Snapshot) -> Iterator[Sample]:
    for name, energy in snapshot.totals.exported.sensors.items():
        source, _, sensor = name.partition(" ")
        yield (source, sensor), energy


ROWS: tuple[Row[Snapshot], ...] = (
    counter(
        name="ecotrack_measured_joules_total",
        unit="joules",
        labels=("source", "sensor"),
        help=(
            "Energy that each sensor counted. Sensors overlap, so that only the components of "
            "ecotrack_energy_joules_total may be added up."
        ),
        read=_measured,
    ),
)
