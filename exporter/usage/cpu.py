"""CPU use between two readings."""

from dataclasses import dataclass

from exporter.core.clock import STEP_TOLERANCE
from exporter.core.units import Ratio, Seconds
from exporter.sources.reading import CpuTimes, Timed
from exporter.usage.events import Events

IDLE_FALL = Seconds(3.0)
"""Idle time and iowait may run backwards (proc_stat(5)); for node_exporter a fall beyond this is a reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuUsage:
    """CPU use over an interval of awake time."""

    utilization: Ratio
    elapsed: Seconds


def cpu_usage(previous: Timed[CpuTimes] | None, current: Timed[CpuTimes] | None, events: Events) -> CpuUsage | None:
    """Return busy time as a share of the time for which the online CPUs could have been busy.

    The time available comes from the clock and not from idle time, which runs backwards: a sum that is too small
    would read as load. CPUs that came or went meanwhile all count, so that the share errs on the low side.
    """
    if previous is None or current is None:
        return None
    before, now = previous.value, current.value
    elapsed = Seconds(current.at - previous.at)
    if elapsed <= 0.0 or stands_still(previous, current):
        events.discard("cpu", "standstill")
        return None
    busy = now.busy - before.busy
    if busy < 0.0 or min(now.idle - before.idle, now.iowait - before.iowait) < -IDLE_FALL:
        events.reset("cpu")
    if busy < 0.0:
        events.discard("cpu", "reset")
        return None
    cpus = max(before.cpus, now.cpus)
    if busy > cpus * (elapsed + STEP_TOLERANCE):
        events.discard("cpu", "implausible")
        return None
    # The counters go by ticks, and are read a moment after the clock: at full load the share can pass 1 by as much.
    return CpuUsage(utilization=Ratio(min(1.0, busy / (cpus * elapsed))), elapsed=elapsed)


def stands_still(previous: Timed[CpuTimes] | None, current: Timed[CpuTimes] | None) -> bool:
    """Tell whether two readings hold the same counters: a tick has not passed, or the source repeats itself."""
    if previous is None or current is None:
        return False
    before, now = previous.value, current.value
    return (before.busy, before.idle, before.iowait) == (now.busy, now.idle, now.iowait)
