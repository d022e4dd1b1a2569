"""The work to be expected, learnt from the work that has arrived."""

import numpy as np

from exporter.core.units import HOURS_PER_DAY
from simulator.arrays import FloatArray


class LearntArrivals:
    """The reference work that arrives in an hour, by class: the mean of the same hour of the days seen.

    Where none of that hour has been seen it is that of the last hour, `last` (K,). Hours count from the
    start of simulated time.
    """

    def __init__(self, classes: int) -> None:
        self._sums = np.zeros((HOURS_PER_DAY, classes))
        self._days = np.zeros(HOURS_PER_DAY)
        self._present = np.zeros(classes)
        self.last = np.zeros(classes)

    def add(self, work: FloatArray) -> None:
        """Take note of work (K,) that has arrived in the present hour."""
        self._present += work

    def close(self, hour: int) -> None:
        """End the present hour, of which all has been seen."""
        self._sums[hour % HOURS_PER_DAY] += self._present
        self._days[hour % HOURS_PER_DAY] += 1.0
        self.last = self._present
        self._present = np.zeros_like(self._present)

    @property
    def seen(self) -> bool:
        """Return whether an hour has ended."""
        return bool(self._days.any())

    def expected(self, hour: int, hours: int) -> FloatArray:
        """Return the work (H, K) expected in so many hours from one on; zeros where nothing has been seen."""
        of_day = (hour + np.arange(hours)) % HOURS_PER_DAY
        days = self._days[of_day][:, np.newaxis]
        found: FloatArray = np.where(days > 0.0, self._sums[of_day] / np.maximum(days, 1.0), self.last)
        return found
