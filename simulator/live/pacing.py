"""Simulated time against the wall clock: when the next step is due, and the speed that the clock achieves."""

from collections import deque

from exporter.core.clock import Clock
from exporter.core.units import Seconds
from simulator.energy.interface import WEATHER_STEP

PATIENCE = Seconds(1.0)
"""Delay beyond which the clock lets the time go in place of catching up."""

WINDOW = Seconds(10.0)
"""Time over which the achieved speed is measured."""

MOST_CHOICES = 3000.0
"""Choices per second of wall time, each of a task for a node, up to which a live run is lean. In plain Python they take
10 to 20 us each, together 5% of a core of 2026; numba makes them many times faster and takes 55 MiB."""

FASTEST_LEAN = 14_400.0
"""Simulated seconds per second up to which a live run is lean: a day lasts six seconds, in which a child process has
long computed the next days."""


def is_lean(*, speed: float, choices_per_second: float) -> bool:
    """Return whether a live run is slow enough to do without numba, pvlib, pandas and scipy; its figures are the same.

    Its kernels are then interpreted, and child processes compute the weather.
    """
    return speed <= FASTEST_LEAN and choices_per_second <= MOST_CHOICES


def step_for(speed: float) -> Seconds:
    """Return the longest step that divides the weather's and comes at least once a second; 1 s for slower speeds."""
    possible = (step for step in range(1, round(WEATHER_STEP) + 1) if WEATHER_STEP % step == 0)
    return Seconds(float(max(step for step in possible if step <= max(1.0, speed))))


class Pace:
    """The times at which steps are due; `speed` is simulated seconds per second, infinite for as soon as possible.

    Time is let go while the machine is suspended or the program stopped, and where the machine cannot keep up:
    there is never a burst of steps.
    """

    def __init__(self, clock: Clock, *, speed: float, step: Seconds) -> None:
        self._clock = clock
        self._apart = step / speed
        self._due = clock.awake() + self._apart

    def until_due(self) -> Seconds:
        """Return the time to wait for the next step."""
        return Seconds(max(0.0, self._due - self._clock.awake()))

    def stepped(self) -> Seconds:
        """Take note of a step, and return the time that was let go because of it, usually none."""
        now = self._clock.awake()
        self._due += self._apart
        late = now - self._due
        if self._apart > 0.0 and late > PATIENCE:
            self._due = now
            return Seconds(late)
        return Seconds(0.0)


class SpeedMeter:
    """The speed of the simulated clock over the last seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._points: deque[tuple[float, float]] = deque()

    def read(self, simulated: Seconds) -> float | None:
        """Return simulated seconds per second until now; None where there is no earlier reading to compare with."""
        self._points.append((self._clock.awake(), simulated))
        while len(self._points) > 2 and self._points[-1][0] - self._points[1][0] >= WINDOW:
            self._points.popleft()
        (began, first), (now, last) = self._points[0], self._points[-1]
        return (last - first) / (now - began) if now > began else None
