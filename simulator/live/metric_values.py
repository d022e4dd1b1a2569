"""How each metric family of the simulator is read from a snapshot: label values, and the value or None if missing."""

from collections.abc import Callable, Iterable, Iterator

from exporter.core.metrics import Distribution, Sample
from simulator.arrays import FloatArray
from simulator.live.snapshot import NodeFacts, Readings, Snapshot
from simulator.models.profile import Measurement
from simulator.run.totals import LATENCY_BOUNDS, Totals
from simulator.scheduling.weights import TERMS

Pick = Callable[[Readings], FloatArray]
"""A figure (N,) of the last step."""


def one(read: Callable[[Snapshot], float | None]) -> Callable[[Snapshot], Iterable[Sample]]:
    """A family without labels."""
    return lambda snapshot: [((), read(snapshot))]


def run(snapshot: Snapshot) -> Iterator[Sample]:
    facts = snapshot.facts
    described = (facts.version, facts.python_version, facts.scenario, str(facts.seed), speed_text(facts.speed))
    parts = (facts.forecaster, facts.ledger, facts.compression_digest, facts.ledger_cost_digest)
    yield (*described, *parts), 1.0


def speed_text(speed: float) -> str:
    """A wished speed as people write it."""
    return "max" if speed == float("inf") else f"{speed:g}"


def clock_time(snapshot: Snapshot) -> Iterator[Sample]:
    yield (), snapshot.facts.start + snapshot.clock


def node_info(snapshot: Snapshot) -> Iterator[Sample]:
    for node in snapshot.facts.nodes:
        yield (node.name, node.device, node.supply), 1.0


def node_energy(snapshot: Snapshot) -> Iterator[Sample]:
    totals = snapshot.totals
    for index, node in enumerate(snapshot.facts.nodes):
        yield (node.name, "renewable"), float(totals.renewable[index])
        yield (node.name, "battery"), float(totals.battery[index])
        yield (node.name, "grid"), float(totals.grid[index])


def node_total(snapshot: Snapshot, read: Callable[[Totals], FloatArray]) -> Iterator[Sample]:
    for node, value in zip(snapshot.facts.nodes, read(snapshot.totals), strict=True):
        yield (node.name,), float(value)


def supply_total(snapshot: Snapshot, read: Callable[[Totals], FloatArray]) -> Iterator[Sample]:
    for node, value in zip(snapshot.facts.nodes, read(snapshot.totals), strict=True):
        if node.generates:
            yield (node.name, node.supply), float(value)


def node_reading(snapshot: Snapshot, read: Pick) -> Iterator[Sample]:
    for node, value in _readings(snapshot, read):
        yield (node.name,), value


def supply_reading(snapshot: Snapshot, read: Pick) -> Iterator[Sample]:
    for node, value in _readings(snapshot, read):
        if node.generates:
            yield (node.name, node.supply), value


def _readings(snapshot: Snapshot, read: Pick) -> Iterator[tuple[NodeFacts, float]]:
    if snapshot.readings is not None:
        for node, value in zip(snapshot.facts.nodes, read(snapshot.readings), strict=True):
            yield node, float(value)


def node_tasks(snapshot: Snapshot) -> Iterator[Sample]:
    for node, (completed, late) in zip(snapshot.facts.nodes, snapshot.totals.node_tasks, strict=True):
        yield (node.name, "on_time"), float(completed - late)
        yield (node.name, "late"), float(late)


def class_tasks(snapshot: Snapshot) -> Iterator[Sample]:
    for name, (completed, late, dropped) in zip(snapshot.facts.classes, snapshot.totals.class_tasks, strict=True):
        yield (name, "on_time"), float(completed - late)
        yield (name, "late"), float(late)
        yield (name, "dropped"), float(dropped)


def deadline_misses(snapshot: Snapshot) -> Iterator[Sample]:
    for name, (_, late, dropped) in zip(snapshot.facts.classes, snapshot.totals.class_tasks, strict=True):
        yield (name,), float(late + dropped)


def latency(snapshot: Snapshot) -> Iterator[Sample]:
    totals = snapshot.totals
    for name, buckets, sums in zip(snapshot.facts.classes, totals.histogram, totals.latency, strict=True):
        counts = tuple(int(count) for count in buckets)
        yield (name,), Distribution(upper_bounds=LATENCY_BOUNDS[:-1], counts=counts, total=float(sums[0]))


def placements(snapshot: Snapshot) -> Iterator[Sample]:
    for node, counts in zip(snapshot.facts.nodes, snapshot.totals.placements, strict=True):
        for level, count in enumerate(counts, start=1):
            yield (node.name, str(level)), float(count)


def score_terms(snapshot: Snapshot) -> Iterator[Sample]:
    """Means over the tasks placed since simulated midnight; a policy without a score has none."""
    now, midnight = snapshot.totals, snapshot.at_midnight
    placed, sums = float((now.placed - midnight.placed).sum()), now.terms - midnight.terms
    if placed > 0 and sums.any():
        for term, value in zip(TERMS, sums, strict=True):
            yield (term,), float(value) / placed


def policy(snapshot: Snapshot) -> Iterator[Sample]:
    yield (snapshot.facts.policy,), 1.0


def weights(snapshot: Snapshot) -> Iterator[Sample]:
    for objective, weight in snapshot.facts.weights.items():
        yield (objective,), weight


def models(snapshot: Snapshot, read: Callable[[Measurement], float]) -> Iterator[Sample]:
    for measured in snapshot.facts.models:
        yield (measured.model, measured.precision), float(read(measured))


def experiment(snapshot: Snapshot, name: str) -> Iterator[Sample]:
    for outcome in snapshot.facts.outcomes:
        if (estimate := outcome.metrics.get(name)) is not None:
            labels = (outcome.experiment, outcome.scenario, outcome.method)
            yield (*labels, "mean"), estimate.mean
            yield (*labels, "low"), estimate.low
            yield (*labels, "high"), estimate.high
            yield (*labels, "published"), estimate.published
