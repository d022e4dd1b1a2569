"""Savings that trials have measured, as JSON: the answer of `/api/v1/savings`.

Units are in the names. What nobody knows is null, never zero.
"""

import msgspec

from exporter.core.carbon import emissions
from exporter.core.units import SECONDS_PER_DAY, GramsPerKwh, Seconds, Watts, energy
from exporter.optimize.trial.result import Interval, Trial
from exporter.snapshot import Snapshot


class TrialView(msgspec.Struct, frozen=True, kw_only=True):
    """The last trial of a strategy: when it was, which sensor measured what, and the savings with their interval.

    `effect_shown` tells whether the interval leaves out that nothing was saved. Grams are those of a day of that saving
    at the carbon intensity of now.
    """

    strategy: str
    began: float
    ended: float
    source: str
    covers: str
    pairs: int
    lost_pairs: int
    off_watts: float
    on_watts: float
    off_cpu_ratio: float
    on_cpu_ratio: float
    reduction_ratio: Interval
    saved_watts: Interval
    saved_grams_per_day: Interval | None
    effect_shown: bool


class SavingsView(msgspec.Struct, frozen=True, kw_only=True):
    """The last trial of each strategy."""

    trials: list[TrialView]


def savings(snapshot: Snapshot) -> SavingsView:
    """Return what trials have measured; nothing where none was run."""
    known, intensity = snapshot.optimizations, snapshot.readings.intensity
    value = None if intensity is None else intensity.value
    return SavingsView(trials=[] if known is None else [_view(one, value) for one in known.trials])


def _view(trial: Trial, intensity: GramsPerKwh | None) -> TrialView:
    effect, change = trial.effect, trial.effect.change_watts
    saved = Interval(low=-change.high, estimate=-change.estimate, high=-change.low)
    return TrialView(
        strategy=trial.strategy,
        began=trial.began,
        ended=trial.ended,
        source=trial.source,
        covers=trial.covers,
        pairs=effect.pairs,
        lost_pairs=trial.lost_pairs,
        off_watts=effect.off_watts,
        on_watts=effect.on_watts,
        off_cpu_ratio=effect.off_utilization,
        on_cpu_ratio=effect.on_utilization,
        reduction_ratio=effect.reduction,
        saved_watts=saved,
        saved_grams_per_day=None if intensity is None else _grams_of_a_day(saved, intensity),
        effect_shown=effect.shown,
    )


def _grams_of_a_day(saved: Interval, intensity: GramsPerKwh) -> Interval:
    low, estimate, high = (
        emissions(energy(Watts(watts), Seconds(SECONDS_PER_DAY)), intensity)
        for watts in (saved.low, saved.estimate, saved.high)
    )
    return Interval(low=low, estimate=estimate, high=high)
