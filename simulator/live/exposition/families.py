"""Short forms of a row for each kind of family, and the reader of a family without labels."""

from collections.abc import Callable, Iterable
from functools import partial

from exporter.core.metrics import Kind, Row, Sample
from simulator.live.snapshot import Snapshot

gauge = partial(Row, kind=Kind.GAUGE)
counter = partial(Row, kind=Kind.COUNTER)
info = partial(Row, kind=Kind.INFO)


def one(read: Callable[[Snapshot], float | None]) -> Callable[[Snapshot], Iterable[Sample]]:
    """Read a family without labels."""
    return lambda snapshot: [((), read(snapshot))]
