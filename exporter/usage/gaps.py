"""Time that is missing between two readings: a late sample, a suspended machine, a clock that was set."""

from exporter.core.clock import STEP_TOLERANCE
from exporter.core.units import Seconds
from exporter.sources.reading import HostReading
from exporter.usage.events import Events

LATE_AFTER_INTERVALS = 3.0
"""A sample this many intervals after the one before is counted as late."""


def was_suspended(previous: HostReading, current: HostReading) -> bool:
    """Tell whether the machine slept between two readings."""
    return current.elapsed - previous.elapsed - (current.awake - previous.awake) > STEP_TOLERANCE


def note_gaps(previous: HostReading, current: HostReading, interval: Seconds, events: Events) -> None:
    """Note a late sample, a suspension of the machine and a step of the wall clock between two readings."""
    elapsed = current.elapsed - previous.elapsed
    wall = current.wall - previous.wall
    if current.awake - previous.awake > LATE_AFTER_INTERVALS * interval:
        events.gap("late")
    if was_suspended(previous, current):
        events.gap("suspend")
    if abs(wall - elapsed) > STEP_TOLERANCE:
        events.gap("clock_step")
