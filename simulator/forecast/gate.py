"""The choice of the model that is served: the best on validation days, or the reference where none is better.

It is made for each band of horizons by itself: what tells of the next hour seldom tells of the next day.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulator.arrays import FloatArray

REFERENCE = "convex"
"""Name of the reference that is served where no model is better."""

BAND_ENDS = (1, 6, 24)
"""Last horizons, in 24ths of the longest, of the bands: the next hour, the next six, the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The name of the model to serve from horizon `begin` to below `end`, counted from 0, and the reason in words."""

    begin: int
    end: int
    model: str
    why: str

    @property
    def horizons(self) -> str:
        """The horizons, counted from 1, in words."""
        return str(self.end) if self.end == self.begin + 1 else f"{self.begin + 1} to {self.end}"


def choose(errors: Mapping[str, FloatArray]) -> tuple[Choice, ...]:
    """Return the choice of each band among models by their root mean squared errors (H,) on validation days.

    Compared is the mean over horizons of the error over that of the reference, so that no horizon counts by its size.
    A model that tells nothing of some horizon is not served there. Raises KeyError without the reference.
    """
    horizons = len(errors[REFERENCE])
    ends = [end * horizons // BAND_ENDS[-1] for end in BAND_ENDS]
    return tuple(_choose(errors, begin, end) for begin, end in zip([0, *ends[:-1]], ends, strict=True))


def _choose(errors: Mapping[str, FloatArray], begin: int, end: int) -> Choice:
    reference = errors[REFERENCE][begin:end]
    ratios = {name: _ratio(found[begin:end], reference) for name, found in errors.items() if name != REFERENCE}
    ratios = {name: ratio for name, ratio in ratios.items() if np.isfinite(ratio)}
    best = min(ratios, key=lambda name: ratios[name], default=None)
    if best is None:
        alone = len(errors) == 1
        why = "there is no model beside the reference" if alone else "no model can be compared with the reference"
        return Choice(begin=begin, end=end, model=REFERENCE, why=why)
    told = f"error on validation days {abs(1.0 - ratios[best]):.1%} {{}} that of {REFERENCE}"
    if ratios[best] >= 1.0:
        why = f"no model is better: {best} has an {told.format('above')}"
        return Choice(begin=begin, end=end, model=REFERENCE, why=why)
    return Choice(begin=begin, end=end, model=best, why=told.format("below"))


def _ratio(found: FloatArray, reference: FloatArray) -> float:
    """Return the mean of errors over the reference's; not finite where either is unknown, or the reference makes none.

    A series that never changes has such a reference, and nothing is better than none.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.mean(found / reference))
