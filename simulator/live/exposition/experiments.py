"""Results of experiments that are shown beside the run."""

from collections.abc import Iterator

from exporter.core.metrics import Row, Sample
from simulator.experiments.find.series import FAMILIES, Family
from simulator.live.exposition.families import gauge, info
from simulator.live.snapshot import Snapshot


def _row(family: Family) -> Row[Snapshot]:
    def read(snapshot: Snapshot) -> Iterator[Sample]:
        for shown in snapshot.facts.shown:
            yield from family.read(shown)

    kind = info if family.fact else gauge
    return kind(name=family.name, unit=family.unit, labels=family.labels, help=family.help, read=read)


EXPERIMENTS: tuple[Row[Snapshot], ...] = tuple(_row(family) for family in FAMILIES)
