"""Metric families of strategies: what they may save, what trials have measured, and settings not as they were."""

from collections.abc import Iterator

from exporter.core.metrics import Row, Sample
from exporter.exposition.family import gauge, one
from exporter.optimize.trial.result import Trial
from exporter.snapshot import Snapshot


def _savings(snapshot: Snapshot) -> Iterator[Sample]:
    known, intensity = snapshot.optimizations, snapshot.readings.intensity
    if known is None or intensity is None:
        return
    for found in known.found:
        grams = found.grams_per_day(intensity.value)
        if grams is not None:
            yield from (((found.strategy, bound), value) for bound, value in zip(("low", "high"), grams, strict=True))


def _applied(snapshot: Snapshot) -> Iterator[Sample]:
    known = snapshot.optimizations
    if known is not None and known.standing is not None and known.standing.is_running:
        yield (known.standing.strategy,), len(known.standing.changes)


def _unreverted(snapshot: Snapshot) -> int | None:
    """Return the number of settings that no run will set back; None where the journal cannot be read."""
    known = snapshot.optimizations
    if known is None or known.standing is None:
        return None if known is not None and known.trouble else 0
    return 0 if known.standing.is_running else len(known.standing.changes)


def _trial_watts(snapshot: Snapshot) -> Iterator[Sample]:
    for trial in _trials(snapshot):
        yield (trial.strategy, "off"), trial.effect.off_watts
        yield (trial.strategy, "on"), trial.effect.on_watts


def _trial_reduction(snapshot: Snapshot) -> Iterator[Sample]:
    for trial in _trials(snapshot):
        reduction = trial.effect.reduction
        for bound, value in (("low", reduction.low), ("estimate", reduction.estimate), ("high", reduction.high)):
            yield (trial.strategy, bound), value


def _trial_end(snapshot: Snapshot) -> Iterator[Sample]:
    yield from (((trial.strategy,), trial.ended) for trial in _trials(snapshot))


def _trials(snapshot: Snapshot) -> tuple[Trial, ...]:
    return () if snapshot.optimizations is None else snapshot.optimizations.trials


ROWS: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecotrack_optimization_savings_grams_per_day",
        labels=("strategy", "bound"),
        help="Estimate of the CO2e that the advice of a chosen strategy may save in a day, low and high.",
        read=_savings,
    ),
    gauge(
        name="ecotrack_optimization_trial_watts",
        unit="watts",
        labels=("strategy", "phase"),
        help="Mean power in the phases of a strategy's last trial, with its settings off and on.",
        read=_trial_watts,
    ),
    gauge(
        name="ecotrack_optimization_trial_reduction_ratio",
        unit="ratio",
        labels=("strategy", "bound"),
        help="Share of power that a strategy saved in its last trial, with the ends of the interval of 95%.",
        read=_trial_reduction,
    ),
    gauge(
        name="ecotrack_optimization_trial_end_timestamp_seconds",
        unit="seconds",
        labels=("strategy",),
        help="Unix time at which a strategy's last trial ended.",
        read=_trial_end,
    ),
    gauge(
        name="ecotrack_optimization_applied_settings",
        labels=("strategy",),
        help="Settings that a running ecotrack optimize or trial has changed and will set back.",
        read=_applied,
    ),
    gauge(
        name="ecotrack_optimization_unreverted_settings",
        help="Settings that a killed run has changed and that nobody has set back.",
        read=one(_unreverted),
    ),
)
