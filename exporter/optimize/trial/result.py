"""Result of a trial."""

import math
from typing import Annotated

import msgspec
from msgspec import Meta

from exporter.core.units import Ratio, UnixSeconds, Watts
from exporter.power.component import Coverage


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate, and the ends of its interval of 95%."""

    low: float
    estimate: float
    high: float

    def __post_init__(self) -> None:
        """Refuse what is in no order."""
        if not self.low <= self.high:
            raise ValueError("expected an interval whose low end is not above its high end")


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """Effect of a strategy over all pairs: the share of power that it saved, the change in watts and that of the load.

    `off` and `on` are mean watts and utilization of the phases. Power of 0.03 less is a `reduction` of 0.03.
    """

    pairs: int
    off_watts: Watts
    on_watts: Watts
    off_utilization: Ratio
    on_utilization: Ratio
    reduction: Interval
    change_watts: Interval
    change_utilization: Interval

    @property
    def shown(self) -> bool:
        """Tell whether an effect is shown: whether zero lies outside the interval."""
        return not self.reduction.low <= 0.0 <= self.reduction.high


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """Effect that a trial has measured by `source`; pairs are lost where that did not tell of a phase."""

    strategy: Annotated[str, Meta(max_length=64)]
    began: UnixSeconds
    ended: UnixSeconds
    source: Annotated[str, Meta(max_length=64)]
    covers: Coverage
    lost_pairs: Annotated[int, Meta(ge=0)]
    effect: Effect

    def __post_init__(self) -> None:
        """Refuse what no trial has."""
        if self.covers not in {Coverage.MACHINE, Coverage.PACKAGE}:
            raise ValueError("expected power of the machine or of its packages")
        if not (math.isfinite(self.ended) and 0.0 < self.began <= self.ended):
            raise ValueError("expected a trial that ends after it began")
