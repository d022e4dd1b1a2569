"""The clocks, as one object that tests replace."""

import time
from typing import Protocol

from exporter.core.units import MonotonicSeconds, Seconds, UnixSeconds

STEP_TOLERANCE = Seconds(2.0)
"""Clocks may part by this much between two samples before it counts as a suspension or a step; slewing stays below."""


class Clock(Protocol):
    """The program's only source of time."""

    def wall(self) -> UnixSeconds:
        """Return civil time; it can be stepped."""

    def awake(self) -> MonotonicSeconds:
        """Return a time that never steps and stands still while the machine is suspended."""

    def elapsed(self) -> Seconds:
        """Return a time that never steps and goes on while the machine is suspended."""


class SystemClock:
    """The clocks of this machine.

    Where the platform cannot tell suspended time apart (anything but Linux), `elapsed` equals `awake` and a suspension
    shows as a gap between samples instead.
    """

    def wall(self) -> UnixSeconds:
        """See `Clock.wall`."""
        return UnixSeconds(time.time())

    def awake(self) -> MonotonicSeconds:
        """See `Clock.awake`."""
        return MonotonicSeconds(time.monotonic())

    def elapsed(self) -> Seconds:
        """See `Clock.elapsed`."""
        boottime = getattr(time, "CLOCK_BOOTTIME", None)
        return Seconds(time.monotonic() if boottime is None else time.clock_gettime(boottime))
