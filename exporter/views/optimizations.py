"""Findings of strategies as JSON: the answer of `/api/v1/optimizations`, and that of `ecotrack optimize --json`.

Units are in the names. What nobody can estimate is null, never zero.
"""

import msgspec

from exporter.core.units import GramsPerKwh
from exporter.optimize.found import Finding, Found, Optimizations
from exporter.optimize.setting import Change
from exporter.snapshot import Snapshot


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every part of the JSON."""


class ChangeView(_View, frozen=True):
    """A setting: its kind, its attribute below `/sys` or `/proc`, the value before, and the one that saves."""

    setting: str
    attribute: str
    old: str
    new: str


class FindingView(_View, frozen=True):
    """A finding, its advice, and the watts that it may save; see `Finding`. Nothing is null that is text."""

    text: str
    advice: str
    command: str
    processes: str
    changes: list[ChangeView]
    low_watts: float | None
    high_watts: float | None
    basis: str


class StrategyView(_View, frozen=True):
    """Findings of a strategy, and the sums of the estimates that there are."""

    strategy: str
    findings: list[FindingView]
    low_watts: float | None
    high_watts: float | None
    low_grams_per_day: float | None
    high_grams_per_day: float | None


class StandingView(_View, frozen=True):
    """Settings that are not as they were; `running` tells whether the run that will set them back is under way."""

    strategy: str
    running: bool
    changes: list[ChangeView]


class OptimizationsView(_View, frozen=True):
    """Findings of the last look, and settings that are not as they were; `trouble` says why those are not known."""

    looked_at: float | None
    strategies: list[StrategyView]
    standing: StandingView | None
    trouble: str


def optimizations(snapshot: Snapshot) -> OptimizationsView:
    """Return what a snapshot knows of strategies and settings; nothing where no strategy is chosen."""
    known, intensity = snapshot.optimizations or Optimizations(), snapshot.readings.intensity
    standing = known.standing
    return OptimizationsView(
        looked_at=known.looked_at,
        strategies=[strategy_view(one, None if intensity is None else intensity.value) for one in known.found],
        standing=None
        if standing is None
        else StandingView(
            strategy=standing.strategy,
            running=standing.is_running,
            changes=[_change(one) for one in standing.changes],
        ),
        trouble=known.trouble,
    )


def strategy_view(found: Found, intensity: GramsPerKwh | None) -> StrategyView:
    """Return the view of a strategy's findings, at a carbon intensity."""
    low, high = found.savings() or (None, None)
    low_grams, high_grams = found.grams_per_day(intensity) or (None, None)
    return StrategyView(
        strategy=found.strategy,
        findings=[_finding(one) for one in found.findings],
        low_watts=low,
        high_watts=high,
        low_grams_per_day=low_grams,
        high_grams_per_day=high_grams,
    )


def _finding(one: Finding) -> FindingView:
    estimate = one.estimate
    return FindingView(
        text=one.text,
        advice=one.advice,
        command=one.command,
        processes=one.private,
        changes=[_change(change) for change in one.changes],
        low_watts=None if estimate is None else estimate.low,
        high_watts=None if estimate is None else estimate.high,
        basis="" if estimate is None else estimate.basis,
    )


def _change(one: Change) -> ChangeView:
    return ChangeView(setting=one.setting.kind, attribute=one.setting.attribute, old=one.old, new=one.new)
