"""The mean emission rate of the last hour, which budgets are projected with.

The recording rules compute the same from Prometheus's own samples and the exported start of counting. To agree with
them over restarts, a few marks of the lifetime emissions are kept with the totals. Time in which nothing was counted
(the machine was off) counts as time without emissions, as it does there.
"""

from dataclasses import dataclass
from itertools import pairwise

from exporter.core.units import Grams, GramsPerSecond, Seconds, UnixSeconds

WINDOW = Seconds(3600.0)
"""The rules use the same."""

SPACING = Seconds(300.0)
"""Time between marks, about; what was emitted between two of them is taken as even."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Lifetime emissions at a moment."""

    at: UnixSeconds
    emitted: Grams


def with_mark(marks: tuple[Mark, ...], mark: Mark) -> tuple[Mark, ...]:
    """Marks in order of time with the present as the last, and without those that the window has left behind.

    The last one gives way to the next unless `SPACING` has passed since the one before it; so it stays where a gap
    begins. One mark older than the window is kept, to know what had been emitted when that began. Marks that a clock
    stepping back has put into the future are dropped.
    """
    past = [one for one in marks if one.at <= mark.at]
    if len(past) > 1 and mark.at - past[-2].at < SPACING:
        past.pop()
    older = [one for one in past if mark.at - one.at > WINDOW][-1:]
    return (*older, *(one for one in past if mark.at - one.at <= WINDOW), mark)


def mean_rate(marks: tuple[Mark, ...], now: Mark, since: UnixSeconds) -> GramsPerSecond | None:
    """Mean rate over the window before `now`, or since counting began if that is later.

    None in the first moment of all, when there is nothing to divide by.
    """
    began = UnixSeconds(max(since, now.at - WINDOW))
    if now.at <= began:
        return None
    first = () if any(one.at <= since for one in marks) else (Mark(at=since, emitted=Grams(0.0)),)
    before = _emitted_at(began, (*first, *marks, now))
    return GramsPerSecond((now.emitted - before) / (now.at - began))


def _emitted_at(moment: UnixSeconds, marks: tuple[Mark, ...]) -> float:
    """Lifetime emissions at a moment, between marks by a straight line, before the first mark as at it."""
    for first, second in pairwise(marks):
        if first.at <= moment < second.at:
            share = (moment - first.at) / (second.at - first.at)
            return first.emitted + share * (second.emitted - first.emitted)
    return marks[0].emitted
