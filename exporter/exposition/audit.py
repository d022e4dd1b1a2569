"""Metric families of the last audit that was kept: what its checks found."""

from collections.abc import Iterator

from exporter.core.metrics import Row, Sample
from exporter.exposition.family import gauge, one
from exporter.snapshot import Snapshot


def _differences(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.audit is not None:
        for check, difference in snapshot.audit.differences.items():
            yield (check,), difference


def _checks(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.audit is not None:
        yield ("holds",), snapshot.audit.holds
        yield ("fails",), snapshot.audit.fails
        yield ("not_checked",), snapshot.audit.not_checked


ROWS: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecotrack_audit_difference_ratio",
        unit="ratio",
        labels=("check",),
        help="Largest difference that a check of the last kept audit found between figures that should be the same.",
        read=_differences,
    ),
    gauge(
        name="ecotrack_audit_checks",
        labels=("outcome",),
        help="Number of checks of the last kept audit by outcome: held, failed, or not made for want of data.",
        read=_checks,
    ),
    gauge(
        name="ecotrack_audit_timestamp_seconds",
        unit="seconds",
        help="Unix time at which the last kept audit ended.",
        read=one(lambda snapshot: None if snapshot.audit is None else snapshot.audit.ended),
    ),
)
