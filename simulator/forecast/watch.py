"""The watch on a model in use: what it told is compared with what came, and the reference stands in where it is worse.

It is kept for each band of horizons by itself, as the gate chooses models. A forecast counts once its step has been
observed, unless it is night, and only where the model told something of its own; both count in the same steps.

**Rule.** The model is *behind* while the squared errors of its forecasts of the last seven days sum to more than the
reference's, and *ahead* while to less. When it has been behind at every observed step of a whole day, it hands over to
the reference; when it has then been ahead at every observed step of a whole day, it takes over again. Between the two
nothing changes, so a pair that is even does not go back and forth. A step that was not observed counts for nobody: it
has no error, and it neither lengthens nor ends a day's run. After seven days without any the run begins anew.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exporter.core.units import DAYS_PER_WEEK
from simulator.arrays import BoolArray, CountArray, FloatArray
from simulator.forecast.scores import NOMINAL

WINDOW_DAYS = DAYS_PER_WEEK
"""Days over which errors, skill and coverage are taken: a judgement. Weather of a week has both clouds and sun."""

_ENDS = [row for ends in NOMINAL.values() for row in ends]

_COLUMNS = ("count", "model", "reference", "model in 80", "model in 90", "reference in 80", "reference in 90")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A forecast of the steps to come: `mean` (H,), NaN where there is none, and `quantiles` (Q, H) at LEVELS."""

    mean: FloatArray
    quantiles: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The standing of a model, in horizons `begin` to below `end` counted from 0; None is not known yet.

    Errors are root mean squares, `skill` is one less their ratio. `coverage` is the share of what came within the bands
    that are in force, by their nominal percentage: the model's, or the reference's after a hand-over.
    """

    begin: int
    end: int
    model_error: float | None
    reference_error: float | None
    skill: float | None
    coverage: dict[int, float | None]
    handed_over: bool
    hand_overs: int
    returns: int


class Watch:
    """The watch on one series, whose forecasts reach over `steps_per_day` steps in bands that end at `ends`."""

    def __init__(self, steps_per_day: int, ends: Sequence[int]) -> None:
        self._day = steps_per_day
        self._bands = [slice(begin, end) for begin, end in zip((0, *ends[:-1]), ends, strict=True)]
        self._window = np.zeros((WINDOW_DAYS * steps_per_day, len(ends), len(_COLUMNS)))
        self._sums: FloatArray = np.zeros((len(ends), len(_COLUMNS)))
        # What was told of a step, in the row that is its number modulo a day, and the column of its horizon.
        self._told: FloatArray = np.full((2 * (1 + 2 * len(NOMINAL)), steps_per_day, steps_per_day), np.nan)
        self._last = -1
        self._behind: CountArray = np.zeros(len(ends), np.int64)
        self._ahead: CountArray = np.zeros(len(ends), np.int64)
        self._over: BoolArray = np.zeros(len(ends), np.bool_)
        self._counts: CountArray = np.zeros((2, len(ends)), np.int64)

    @property
    def handed_over(self) -> tuple[bool, ...]:
        """True for each band in which the reference stands in."""
        return tuple(bool(one) for one in self._over)

    def told(self, origin: int, model: Prediction, reference: Prediction) -> None:
        """Take note of what both tell of the day after the step `origin`.

        A step that nobody spoke of before was not observed. Raises ValueError where a later one has ended.
        """
        if origin > self._last:
            self.came(origin, np.nan)
        if origin < self._last:
            raise ValueError(f"expected a forecast from step {self._last}, got one from {origin}")
        rows, columns = (origin + 1 + np.arange(self._day)) % self._day, np.arange(self._day)
        self._told[:, rows, columns] = np.concatenate([_kept(model), _kept(reference)])

    def came(self, step: int, value: float, *, counts: bool = True) -> None:
        """Take note of what a step brought: NaN where it was not observed; by night it does not count.

        Steps that were left out were not observed. Raises ValueError for a step that is not after the last.
        """
        if step <= self._last:
            raise ValueError(f"expected a step after {self._last}, got {step}")
        self._forget(step)
        observed = bool(np.isfinite(value))
        if observed and counts:
            self._window[step % len(self._window)] = self._scored(step, value)
        self._told[:, step % self._day] = np.nan
        self._last = step
        self._sums = self._window.sum(axis=0)
        if observed:
            self._judge()
        elif not self._sums[:, 0].any():
            self._behind[:] = self._ahead[:] = 0

    def renew(self, bands: BoolArray) -> None:
        """Begin anew in bands (B,) that have another model or reference from now on; the model is in force there.

        Hand-overs so far stay counted.
        """
        self._window[:, bands] = self._sums[bands] = 0.0
        for band in (one for one, is_new in zip(self._bands, bands, strict=True) if is_new):
            self._told[:, :, band] = np.nan
        self._behind[bands] = self._ahead[bands] = 0
        self._over[bands] = False

    def standing(self) -> tuple[Standing, ...]:
        """Return how the model stands in each band."""
        return tuple(self._standing(number, self._sums[number]) for number in range(len(self._bands)))

    def _forget(self, step: int) -> None:
        """Drop what was told of steps that were left out, and what left the window."""
        since = np.arange(max(self._last + 1, step - len(self._window) + 1), step + 1)
        self._window[since % len(self._window)] = 0.0
        self._told[:, since[:-1] % self._day] = np.nan

    def _scored(self, step: int, value: float) -> FloatArray:
        """Return the sums (B, columns) of the forecasts of a step from all origins of the day before it."""
        told = self._told[:, step % self._day]
        half = len(told) // 2
        both = np.isfinite(told[0]) & np.isfinite(told[half])
        ends = [(told[row], told[row + 1]) for start in (1, half + 1) for row in range(start, start + half - 1, 2)]
        with np.errstate(over="ignore", invalid="ignore"):
            measured = [np.ones(self._day), np.square(told[0] - value), np.square(told[half] - value)]
            measured += [((low <= value) & (value <= high)).astype(np.float64) for low, high in ends]
        counted = np.where(both, np.stack(measured), 0.0)
        return np.stack([counted[:, band].sum(axis=1) for band in self._bands])

    def _judge(self) -> None:
        model, reference = self._sums[:, 1], self._sums[:, 2]
        self._behind = np.where(model > reference, self._behind + 1, 0)
        self._ahead = np.where(model < reference, self._ahead + 1, 0)
        leaves = ~self._over & (self._behind >= self._day)
        returns = self._over & (self._ahead >= self._day)
        self._counts += np.stack([leaves, returns])
        self._over = (self._over | leaves) & ~returns

    def _standing(self, number: int, sums: FloatArray) -> Standing:
        count, model, reference, *inside = sums.tolist()
        over = bool(self._over[number])
        mine = inside[len(NOMINAL) :] if over else inside[: len(NOMINAL)]
        known = count > 0.0
        return Standing(
            begin=self._bands[number].start,
            end=self._bands[number].stop,
            model_error=math.sqrt(model / count) if known else None,
            reference_error=math.sqrt(reference / count) if known else None,
            skill=1.0 - math.sqrt(model / reference) if known and 0.0 < reference < math.inf else None,
            coverage={level: one / count if known else None for level, one in zip(NOMINAL, mine, strict=True)},
            handed_over=over,
            hand_overs=int(self._counts[0, number]),
            returns=int(self._counts[1, number]),
        )


def _kept(told: Prediction) -> FloatArray:
    """Return the mean and the ends of each band (1 + 2 x bands, H)."""
    return np.concatenate([told.mean[np.newaxis], told.quantiles[_ENDS]])
