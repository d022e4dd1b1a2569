"""A clock that moves when it is told to."""

from dataclasses import dataclass

from exporter.core.units import MonotonicSeconds, Seconds, UnixSeconds

NOON = UnixSeconds(1_772_452_800.0)
"""2026-03-02 12:00 UTC, a Monday."""


@dataclass(slots=True)
class FakeClock:
    """A clock that moves when it is told to."""

    wall_at: float = NOON
    awake_at: float = 1000.0
    elapsed_at: float = 1000.0

    def wall(self) -> UnixSeconds:
        return UnixSeconds(self.wall_at)

    def awake(self) -> MonotonicSeconds:
        return MonotonicSeconds(self.awake_at)

    def elapsed(self) -> Seconds:
        return Seconds(self.elapsed_at)

    def advance(self, seconds: float) -> None:
        self.awake_at += seconds
        self.sleep(seconds)

    def sleep(self, seconds: float) -> None:
        """Suspend the machine."""
        self.elapsed_at += seconds
        self.wall_at += seconds

    def step(self, seconds: float) -> None:
        """Set the wall clock forward or back."""
        self.wall_at += seconds
