"""How each metric family of the exporter is read from a snapshot: label values, and the value or None if missing."""

from collections.abc import Callable, Iterable, Iterator

from exporter.activity import Activity
from exporter.budget import BudgetStatus
from exporter.core.metrics import Sample
from exporter.power.component import Component
from exporter.snapshot import Snapshot
from exporter.totals import NO_DISK, ActivityTotal
from exporter.usage.events import Event, EventKind

KNOWN_EVENTS = (
    *(Event(kind=EventKind.GAP, reason=reason) for reason in ("late", "suspend", "clock_step")),
    *(Event(kind=EventKind.RESET, source=source) for source in ("cpu", "disk", "network")),
    *(
        Event(kind=EventKind.DISCARD, source=source, reason="error")
        for source in ("cpu", "memory", "disk", "network", "connections", "sampler")
    ),
    Event(kind=EventKind.DISCARD, source="cpu", reason="reset"),
    Event(kind=EventKind.DISCARD, source="cpu", reason="standstill"),
    Event(kind=EventKind.DISCARD, source="disk", reason="reset"),
    Event(kind=EventKind.DISCARD, source="network", reason="reset"),
    Event(kind=EventKind.DISCARD, source="network", reason="implausible"),
    Event(kind=EventKind.DISCARD, source="state", reason="damaged"),
    Event(kind=EventKind.DISCARD, source="state", reason="future_version"),
)
"""Exported from zero on, so that `increase()` sees the first of each."""


def one(read: Callable[[Snapshot], float | None]) -> Callable[[Snapshot], Iterable[Sample]]:
    """A family without labels."""
    return lambda snapshot: [((), read(snapshot))]


def power(snapshot: Snapshot) -> Iterator[Sample]:
    for component, power in snapshot.readings.powers.items():
        yield (component, component.scope), power


def energy(snapshot: Snapshot) -> Iterator[Sample]:
    for component in _components(snapshot):
        yield (component, component.scope), snapshot.totals.exported.energy.get(component, 0.0)


def emissions(snapshot: Snapshot) -> Iterator[Sample]:
    for component in _components(snapshot):
        yield (component, component.scope), snapshot.totals.exported.emissions.get(component, 0.0)


def _components(snapshot: Snapshot) -> list[Component]:
    """The components in force, and any that a configuration before this one has left totals of."""
    present = {one.component for one in snapshot.provenance} | snapshot.totals.exported.energy.keys()
    return [component for component in Component if component in present]


def provenance(snapshot: Snapshot) -> Iterator[Sample]:
    for one in snapshot.provenance:
        yield (one.component, one.source, one.model), 1.0


def uncertainty(snapshot: Snapshot) -> Iterator[Sample]:
    for one in snapshot.provenance:
        yield (one.component,), one.uncertainty


def network_counters(snapshot: Snapshot, *, received: str, sent: str) -> Iterator[Sample]:
    for device, traffic in sorted(snapshot.totals.exported.devices.items()):
        yield (device, "receive"), getattr(traffic, received)
        yield (device, "transmit"), getattr(traffic, sent)


def disk_bytes(snapshot: Snapshot) -> Iterator[Sample]:
    disk = snapshot.totals.exported.disk
    # A machine without disks has no disk counters, rather than two that stand at zero.
    if disk != NO_DISK or any(outcome.collector == "disk" for outcome in snapshot.outcomes):
        yield ("read",), disk.read
        yield ("write",), disk.written


def throughput(snapshot: Snapshot) -> Iterator[Sample]:
    throughput = snapshot.readings.throughput
    if throughput is not None:
        yield ("receive",), throughput.received
        yield ("transmit",), throughput.sent


def connections(snapshot: Snapshot) -> Iterator[Sample]:
    for state, count in sorted((snapshot.readings.connections or {}).items()):
        yield (state,), count


def intensity(snapshot: Snapshot) -> Iterator[Sample]:
    intensity = snapshot.readings.intensity
    if intensity is not None:
        yield (intensity.zone, intensity.provider), intensity.value


def intensity_time(snapshot: Snapshot) -> Iterator[Sample]:
    intensity = snapshot.readings.intensity
    if intensity is not None:
        yield (intensity.provider,), intensity.described_at


def provider_up(snapshot: Snapshot) -> Iterator[Sample]:
    intensity = snapshot.readings.intensity
    if intensity is not None:
        yield (intensity.provider,), 1.0


def activity_state(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.readings.activity is not None:
        for activity in Activity:
            yield (activity,), float(activity is snapshot.readings.activity)


def activity_total(snapshot: Snapshot, read: Callable[[ActivityTotal], float]) -> Iterator[Sample]:
    for activity in Activity:
        yield (activity,), read(snapshot.totals.exported.activities.get(activity, ActivityTotal()))


def budget(snapshot: Snapshot, read: Callable[[BudgetStatus], float | None]) -> Iterator[Sample]:
    for status in snapshot.readings.budgets:
        yield (status.period,), read(status)


def score_factors(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.readings.score is not None:
        for factor, value in snapshot.readings.score.factors.items():
            yield (factor,), value


def _events(snapshot: Snapshot, kind: EventKind) -> Iterator[tuple[Event, int]]:
    counts = snapshot.totals.exported.events
    known = dict.fromkeys(KNOWN_EVENTS, 0) | dict(counts)
    return ((event, count) for event, count in known.items() if event.kind is kind)


def gaps(snapshot: Snapshot) -> Iterator[Sample]:
    for event, count in _events(snapshot, EventKind.GAP):
        yield (event.reason,), count


def resets(snapshot: Snapshot) -> Iterator[Sample]:
    for event, count in _events(snapshot, EventKind.RESET):
        yield (event.source,), count


def discarded(snapshot: Snapshot) -> Iterator[Sample]:
    for event, count in _events(snapshot, EventKind.DISCARD):
        yield (event.source, event.reason), count


def collector_success(snapshot: Snapshot) -> Iterator[Sample]:
    for outcome in snapshot.outcomes:
        yield (outcome.collector,), float(outcome.success)


def collector_durations(snapshot: Snapshot) -> Iterator[Sample]:
    for outcome in snapshot.outcomes:
        yield (outcome.collector,), outcome.duration


def build(snapshot: Snapshot) -> Iterator[Sample]:
    yield (snapshot.version, snapshot.python_version), 1.0
