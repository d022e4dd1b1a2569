"""Bands of estimates: factors that hold nine machines in ten, read from the table of what was tested."""

from dataclasses import dataclass

from exporter.core.units import Ratio
from exporter.power.tables import read

HALF_LOAD = 0.5
"""CPU utilization at which the errors of "half load" were measured: the load step of 50% of the published results."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Factors f by load: the true power lies from estimate / f to estimate x f for 90% of machines."""

    idle: float
    mid: float
    full: float

    def __post_init__(self) -> None:
        """Refuse a factor below 1, whose band would not hold the estimate itself."""
        if min(self.idle, self.mid, self.full) < 1.0:
            raise ValueError("expected factors of a band of at least 1")

    def at(self, utilization: Ratio) -> float:
        """Return the factor at a utilization, linear between the loads at which errors were measured."""
        if utilization <= HALF_LOAD:
            return self.idle + (self.mid - self.idle) * utilization / HALF_LOAD
        return self.mid + (self.full - self.mid) * (utilization - HALF_LOAD) / (1.0 - HALF_LOAD)


def band_of(rung: str) -> Band:
    """Return the band of a rung of the ladder; `docs/reference/accuracy.md` is written from the same rows."""
    row = next(row for row in read("rungs") if row["rung"] == rung)
    return Band(idle=float(row["factor_idle"]), mid=float(row["factor_mid"]), full=float(row["factor_full"]))
