"""A machine's embodied carbon by the moments of its life, which count one by one and each of them once.

The share of a time is that time over the whole life. It needs no state, so budgets have it right whatever the exporter
and the clock went through. Only the counter needs to know how far it has come: a clock that steps back counts nothing
twice, and one that was ahead counts nothing until the time comes.
"""

from dataclasses import dataclass

from exporter.core.units import Grams, GramsPerSecond, UnixSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbodiedCarbon:
    """Embodied carbon of a machine with its range, the ends of its life, and where the figure comes from."""

    grams: Grams
    low: Grams
    high: Grams
    start: UnixSeconds
    end: UnixSeconds
    source: str

    def between(self, start: UnixSeconds, end: UnixSeconds) -> Grams:
        """Return the share of a time; of what lies outside the life there is none."""
        lived = max(0.0, min(end, self.end) - max(start, self.start))
        return Grams(self.grams * lived / (self.end - self.start))

    def rate(self, now: UnixSeconds) -> GramsPerSecond:
        """Return the grams per second at a moment: the same through the life, and none outside it."""
        alive = self.start <= now < self.end
        return GramsPerSecond(self.grams / (self.end - self.start) if alive else 0.0)
