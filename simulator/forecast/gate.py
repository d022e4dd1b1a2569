"""The choice of the model that is served: by its errors on validation days, or the reference where none is better.

It is made for each band of horizons by itself: what tells of the next hour seldom tells of the next day. What is served
are a mean and bands, so squared errors of the one and the CRPS of the others count alike.

Some sixty days say little of two good models, and who takes the least error takes its luck along. So one model, which
was the best over a whole year of another site, is preferred to those that are not shown to be better.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulator.arrays import FloatArray
from simulator.forecast.scores import COLUMN

REFERENCE = "convex"
"""Name of the reference that is served where no model is better."""

PREFERRED = "MLP"
"""Name of the model that is served where it is better than the reference and no other is shown to be better still. On a
third site, Miami, it had the least errors for the sun and the wind together."""

STANDARD_ERRORS = 2.0
"""Standard errors of a mean difference between two models, paired by day, beyond which it is shown: about one chance in
twenty otherwise (Student's t)."""

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


def choose(scores: Mapping[str, FloatArray]) -> tuple[Choice, ...]:
    """Return the choice of each band among models by the sums (D, H, M) of their scores by day of the validation part.

    Compared is the mean over horizons of the errors over those of the reference, so that no horizon counts by its size.
    A model that tells nothing of some horizon is not served there. Raises KeyError without the reference.
    """
    ends = band_ends(scores[REFERENCE].shape[1])
    return tuple(_choose(scores, begin, end) for begin, end in itertools.pairwise((0, *ends)))


def band_ends(horizons: int) -> tuple[int, ...]:
    """Return the end of each band, where the longest of all horizons has this number."""
    return tuple(end * horizons // BAND_ENDS[-1] for end in BAND_ENDS)


def _choose(scores: Mapping[str, FloatArray], begin: int, end: int) -> Choice:
    reference = scores[REFERENCE][:, begin:end]
    errors = {name: _errors(found[:, begin:end], reference) for name, found in scores.items() if name != REFERENCE}
    errors = {name: found for name, found in errors.items() if np.isfinite(found).all()}
    best = min(errors, key=lambda name: errors[name].sum(), default=None)
    if best is None:
        alone = len(scores) == 1
        why = "there is no model beside the reference" if alone else "no model can be compared with the reference"
        return Choice(begin=begin, end=end, model=REFERENCE, why=why)
    served = best
    if PREFERRED in errors and errors[PREFERRED].sum() < 1.0 and not _shown(errors[PREFERRED] - errors[best]):
        served = PREFERRED
    told = f"error on validation days {abs(1.0 - errors[served].sum()):.1%} {{}} that of {REFERENCE}"
    if errors[served].sum() >= 1.0:
        why = f"no model is better: {served} has an {told.format('above')}"
        return Choice(begin=begin, end=end, model=REFERENCE, why=why)
    why = told.format("below")
    if served != best:
        why += f"; {best} is not shown to be better, with {1.0 - errors[best].sum():.1%}"
    return Choice(begin=begin, end=end, model=served, why=why)


def _errors(found: FloatArray, reference: FloatArray) -> FloatArray:
    """Return the errors (D,) of a model by day as parts of all those of the reference, in the mean over horizons.

    They are not finite where either is unknown, or the reference makes none: a series that never changes has such a
    reference, and nothing is better than none.
    """
    if not np.array_equal(found[..., COLUMN["count"]], reference[..., COLUMN["count"]]):
        return np.full(len(found), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [found[..., column] / reference[..., column].sum(axis=0) for column in _MEASURES]
    errors: FloatArray = np.mean(parts, axis=(0, 2))
    return errors


_MEASURES = (COLUMN["squared"], COLUMN["crps"])


def _shown(differences: FloatArray) -> bool:
    """Return whether differences by day are above zero in the mean by more than chance."""
    count = len(differences)
    error = differences.std() / np.sqrt(max(count - 1, 1))
    return bool(differences.mean() > STANDARD_ERRORS * error)
