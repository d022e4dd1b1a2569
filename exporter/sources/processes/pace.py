"""Readings that are made less often the more they cost."""

import math

from exporter.core.units import MonotonicSeconds, Ratio, Seconds

MOST_OF_A_CPU = Ratio(0.005)
"""Share of one CPU that attribution takes at most. Judgement: what measures energy should not be among its users."""


class Pace:
    """Pace of readings, each of which is followed by so long a time that its CPU time is at most a share of it."""

    def __init__(self, share: Ratio = MOST_OF_A_CPU) -> None:
        self._share = share
        self._asked = -math.inf
        self._usual = Seconds(math.inf)
        self._due = -math.inf
        self.wait = Seconds(0.0)

    @property
    def is_put_off(self) -> bool:
        """True where the next reading waits for longer than the usual time between samples."""
        return self.wait > self._usual

    def is_due(self, now: MonotonicSeconds) -> bool:
        """Tell whether the time for a reading has come. To be asked at each sample."""
        if now > self._asked > -math.inf:
            self._usual = Seconds(now - self._asked)
        self._asked = now
        return now >= self._due

    def took(self, cost: Seconds, now: MonotonicSeconds) -> None:
        """Take the CPU time of the reading that was due."""
        self.wait = Seconds(cost / self._share)
        self._due = now + self.wait
