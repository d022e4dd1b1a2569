"""Parts of a series by day: those that a model learns from, that calibrate it, and that score it.

A typical year is made of months of different years, so every part has days of each month, or a season would have none.
Within a month the parts are blocks of days: training, validation, calibration, then the test. Six periods move them on
by a block each time, with the year as a ring: only in January does what precedes the test come from the month's end.
A model is given the series with everything but its own part missing (`Series.only`), so nothing else can leak.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from simulator.arrays import BoolArray
from simulator.forecast.interface import Series

BLOCK_ENDS = (5, 10, 15, 20, 25, 31)
"""Last days of the month of the six blocks of the rolled periods: five days each, and what is left for the last."""

PERIODS = len(BLOCK_ENDS)

FIXED_ENDS = (12, 17, 22, 31)
"""Last days of the month of training, validation, calibration and test in the fixed split: its test is day 23 on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The parts of a series, as steps (T,). `training` is all that a model may learn from, `validation` included.

    Hyper-parameters and the number of rounds are chosen by `validation`, with models that learnt from the rest of
    `training`, which is `fitting`.
    """

    name: str
    training: BoolArray
    validation: BoolArray
    calibration: BoolArray
    test: BoolArray

    @property
    def fitting(self) -> BoolArray:
        """Training without validation."""
        return self.training & ~self.validation


def fixed_split(series: Series) -> Split:
    """Return the split whose test is day 23 of each month on."""
    block = _block(series, FIXED_ENDS)
    return Split(name="fixed", training=block <= 1, validation=block == 1, calibration=block == 2, test=block == 3)


def period(series: Series, number: int) -> Split:
    """Return the rolled period `number`, from 0: its test is that block of each month, what precedes it calibrates."""
    back = (number - _block(series, BLOCK_ENDS)) % PERIODS
    return Split(
        name=f"period {number + 1}", training=back >= 2, validation=back == 2, calibration=back == 1, test=back == 0
    )


def splits(series: Series) -> Iterator[Split]:
    """Yield the fixed split and the six periods."""
    yield fixed_split(series)
    for number in range(PERIODS):
        yield period(series, number)


def by_name(series: Series) -> Mapping[str, Split]:
    """Return all splits by their names."""
    return MappingProxyType({one.name: one for one in splits(series)})


def _block(series: Series, ends: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    return np.searchsorted(np.array(ends), series.day_of_month(np.arange(len(series.values))))
