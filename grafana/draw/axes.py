"""Axes of a graph: round steps, and places in pixels."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
TICKS = 4
"""Steps that an axis has at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Axis from `low` to `high`, drawn from pixel `start` to pixel `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return round values along the axis."""
        step = round_step((self.high - self.low) or 1.0)
        first = math.ceil(self.low / step - 1e-9)
        return [step * number for number in range(first, math.floor(self.high / step + 1e-9) + 1)]


def round_step(span: float) -> float:
    """Return the greatest round step of which `TICKS` fit into the span."""
    rough = span / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return max(factor * power for factor in STEPS if factor * power <= rough * 1.0000001)


def limits(values: Iterable[float], low: float | None, high: float | None) -> tuple[float, float]:
    """Return the ends of an axis that shows all values, and reaches from `low` to `high` at least."""
    found = [value for value in values if math.isfinite(value)]
    found += [end for end in (low, high) if end is not None]
    least, most = min(found, default=0.0), max(found, default=1.0)
    if least == most:
        least, most = min(least, 0.0), max(most, 0.0) or 1.0
    step = round_step(most - least)
    return step * math.floor(least / step + 1e-9), step * math.ceil(most / step - 1e-9)
