"""Sleep: the states in which a device waits without being able to work, and when they are worth their transitions."""

import math
from dataclasses import dataclass

from exporter.core.units import Joules, Seconds, Watts


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleep:
    """A sleep state of a device: suspended, or shut down until it is told to boot.

    `enter_seconds` pass from the decision to sleep until the device sleeps, `wake_seconds` from the wake until it can
    work; in each of them the whole device uses the joules of that transition, which are not on top of idle power. Once
    asleep it stays so for at least `minimum_dwell_seconds`.
    """

    watts: Watts
    enter_seconds: Seconds
    enter_joules: Joules
    wake_seconds: Seconds
    wake_joules: Joules
    minimum_dwell_seconds: Seconds
    source: str


def break_even_seconds(idle_watts: Watts, sleep: Sleep) -> Seconds:
    """Return the time asleep from which on sleeping uses less energy than idling does, both transitions included.

    It counts from the end of entering to the beginning of waking: idle power times all three parts equals the joules of
    both transitions and sleeping power times this time. It is zero where the transitions alone save energy, and
    infinite where sleeping power is not below idle power.
    """
    idle_joules = idle_watts * (sleep.enter_seconds + sleep.wake_seconds)
    extra_joules = sleep.enter_joules + sleep.wake_joules - idle_joules
    saved_watts = idle_watts - sleep.watts
    if saved_watts <= 0.0:
        return Seconds(math.inf)
    return Seconds(max(0.0, extra_joules / saved_watts))
