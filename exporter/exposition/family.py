"""The parts of every row: one constructor for each type of metric, and a reader of one value."""

from collections.abc import Callable, Iterable
from functools import partial

from exporter.core.metrics import Kind, Row, Sample
from exporter.snapshot import Snapshot

gauge = partial(Row, kind=Kind.GAUGE)
counter = partial(Row, kind=Kind.COUNTER)
info = partial(Row, kind=Kind.INFO)


def one(read: Callable[[Snapshot], float | None]) -> Callable[[Snapshot], Iterable[Sample]]:
    """Return the reader of a family without labels, whose value is `read` from the snapshot."""
    return lambda snapshot: [((), read(snapshot))]
