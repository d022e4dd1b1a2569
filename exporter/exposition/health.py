"""Metric families of the exporter's own health: samples, what went wrong with them, the state file and the build."""

from collections.abc import Iterator

from exporter.core.metrics import Row, Sample
from exporter.exposition.family import counter, gauge, info, one
from exporter.snapshot import Snapshot
from exporter.usage.events import Event, EventKind

KNOWN_EVENTS = (
    *(Event(kind=EventKind.GAP, reason=reason) for reason in ("late", "suspend", "clock_step")),
    *(Event(kind=EventKind.RESET, source=source) for source in ("cpu", "disk", "network")),
    *(
        Event(kind=EventKind.DISCARD, source=source, reason="error")
        for source in ("cpu", "memory", "disk", "network", "sockstat", "connections", "optimize", "sampler")
    ),
    Event(kind=EventKind.DISCARD, source="cpu", reason="reset"),
    Event(kind=EventKind.DISCARD, source="cpu", reason="standstill"),
    Event(kind=EventKind.DISCARD, source="cpu", reason="implausible"),
    Event(kind=EventKind.DISCARD, source="disk", reason="reset"),
    Event(kind=EventKind.DISCARD, source="network", reason="reset"),
    Event(kind=EventKind.DISCARD, source="network", reason="implausible"),
    Event(kind=EventKind.DISCARD, source="process_bytes", reason="exceeds_devices"),
    Event(kind=EventKind.DISCARD, source="grid", reason="unavailable"),
    Event(kind=EventKind.DISCARD, source="journal", reason="unwritten"),
    Event(kind=EventKind.DISCARD, source="state", reason="damaged"),
    Event(kind=EventKind.DISCARD, source="state", reason="future_version"),
    Event(kind=EventKind.DISCARD, source="state", reason="unsaved"),
)
"""Exported from zero on, so that `increase()` sees the first of each."""


def _events(snapshot: Snapshot, kind: EventKind) -> Iterator[tuple[Event, int]]:
    known = {event: 0 for event in KNOWN_EVENTS if event.source not in snapshot.off}
    known |= {Event(kind=EventKind.DISCARD, source=one.collector, reason="error"): 0 for one in snapshot.outcomes}
    sensors = [one.collector for one in snapshot.outcomes if one.replaced]
    known |= {Event(kind=EventKind.RESET, source=source): 0 for source in sensors}
    known |= {
        Event(kind=EventKind.DISCARD, source=source, reason=reason): 0
        for source in sensors
        for reason in ("reset", "frozen", "implausible", "parts_exceed_whole")
    }
    known |= snapshot.totals.exported.events
    return ((event, count) for event, count in known.items() if event.kind is kind)


def _gaps(snapshot: Snapshot) -> Iterator[Sample]:
    for event, count in _events(snapshot, EventKind.GAP):
        yield (event.reason,), count


def _resets(snapshot: Snapshot) -> Iterator[Sample]:
    for event, count in _events(snapshot, EventKind.RESET):
        yield (event.source,), count


def _discarded(snapshot: Snapshot) -> Iterator[Sample]:
    for event, count in _events(snapshot, EventKind.DISCARD):
        yield (event.source, event.reason), count


def _build(snapshot: Snapshot) -> Iterator[Sample]:
    yield (snapshot.version, snapshot.python_version), 1.0


ROWS: tuple[Row[Snapshot], ...] = (
    counter(
        name="ecotrack_samples_total",
        help="Samples that the exporter has taken.",
        read=one(lambda snapshot: snapshot.totals.exported.samples),
    ),
    counter(
        name="ecotrack_sample_gaps_total",
        labels=("reason",),
        help="Samples that came late, spanned a suspension of the machine, or met a clock that was set.",
        read=_gaps,
    ),
    counter(
        name="ecotrack_resets_total",
        labels=("source",),
        help="Falls of a source's counters: counters that began anew, and idle time that ran backwards.",
        read=_resets,
    ),
    counter(
        name="ecotrack_discarded_readings_total",
        labels=("source", "reason"),
        help="Readings that failed or were implausible; no such reading became a value.",
        read=_discarded,
    ),
    gauge(
        name="ecotrack_sample_interval_seconds",
        unit="seconds",
        help="Configured interval between samples.",
        read=one(lambda snapshot: snapshot.interval),
    ),
    gauge(
        name="ecotrack_last_sample_timestamp_seconds",
        unit="seconds",
        help="Time of the last sample.",
        read=one(lambda snapshot: snapshot.sampled_at),
    ),
    gauge(
        name="ecotrack_sample_duration_seconds",
        unit="seconds",
        help="Duration of the last sample: reading, deriving and saving.",
        read=one(lambda snapshot: snapshot.sample_duration),
    ),
    gauge(
        name="ecotrack_state_save_timestamp_seconds",
        unit="seconds",
        help="Time at which the totals on disk last equalled the totals in memory.",
        read=one(lambda snapshot: snapshot.state_saved_at),
    ),
    gauge(
        name="ecotrack_config_last_reload_successful",
        help="Success of the last reading of the configuration, at the start or for SIGHUP: 1, or 0 after a mistake.",
        read=one(lambda snapshot: float(snapshot.config.is_good)),
    ),
    gauge(
        name="ecotrack_config_last_reload_success_timestamp_seconds",
        unit="seconds",
        help="Time of the last reading of the configuration without a mistake.",
        read=one(lambda snapshot: snapshot.config.good_at),
    ),
    gauge(
        name="ecotrack_web_certificate_start_timestamp_seconds",
        unit="seconds",
        help="Time from which the certificate of the exporter's own server is valid; missing without TLS.",
        read=one(lambda snapshot: None if snapshot.certificate is None else snapshot.certificate.start),
    ),
    gauge(
        name="ecotrack_web_certificate_expiry_timestamp_seconds",
        unit="seconds",
        help="Time at which the certificate of the exporter's own server expires; missing without TLS.",
        read=one(lambda snapshot: None if snapshot.certificate is None else snapshot.certificate.expiry),
    ),
    counter(
        name="ecotrack_web_refused_logins_total",
        labels=("reason",),
        help="Requests without a right password and connections without a right certificate that the exporter's own "
        "server refused since the start; missing where neither is asked for.",
        read=lambda snapshot: (((reason,), count) for reason, count in snapshot.refused_logins.items()),
    ),
    info(
        name="ecotrack_build_info",
        labels=("version", "python"),
        help="Version of the exporter and of Python.",
        read=_build,
    ),
)
