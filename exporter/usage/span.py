"""Stretches of awake time, and what is left of one when others are taken out."""

from collections.abc import Iterable
from dataclasses import dataclass

from exporter.core.units import MonotonicSeconds, Seconds


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """The awake time from `start` up to `end`."""

    start: MonotonicSeconds
    end: MonotonicSeconds

    @property
    def length(self) -> Seconds:
        """Seconds between the two ends."""
        return Seconds(self.end - self.start)


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same time as spans in order, none of which touches another."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(start=joined[-1].start, end=max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


def uncovered(whole: Span, covers: Iterable[Span]) -> Seconds:
    """Return how much of `whole` none of the covers overlaps."""
    overlaps = (min(whole.end, one.end) - max(whole.start, one.start) for one in union(covers))
    return Seconds(max(0.0, whole.length - sum(overlap for overlap in overlaps if overlap > 0.0)))
