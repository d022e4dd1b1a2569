"""The device's usual week: how many grams it emits in each hour of the local week, learned while it runs.

Each of the 168 hours has an exponentially weighted mean of the grams per hour that were emitted in it. An observation
loses 1 - 1/e of its weight in `MEMORY_WEEKS`, so the profile follows a change of habits within a month and is not
thrown by one odd week. Time in which nothing was counted (the machine was off or asleep) is time without emissions; an
hour that has not come round since counting began is unseen, which is not the same.

Hours are those of the local clock. A day of 23 hours leaves one out, and a day of 25 hours sees one twice.
"""

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import lru_cache
from operator import mul

from exporter.core.units import SECONDS_PER_HOUR, Grams, Ratio, Seconds, UnixSeconds

HOURS = 168
"""Hours in a week, by the local clock."""

KEPT_SPANS = 8
"""Spans of time whose hours are kept: of a day, a week and a month, all of it and up to this hour, and two more."""

MEMORY_WEEKS = 4.0
"""About a month: five samples of each hour count, which averages out single days, and the seasons are followed."""

MAX_GAP = Seconds(HOURS * SECONDS_PER_HOUR)
"""A longer time between two runs of the exporter counts as one week without emissions. A clock that was years ahead at
a start therefore takes no more than a week's worth from what has been learned."""

_NOTHING = (0.0,) * HOURS


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekProfile:
    """Profile of the device's week, as far as it is known.

    `rates` are grams per hour, and `weights` the hours that each rests on, newer ones counting more. Both change when
    an hour ends; until then its grams and seconds stand apart. Kept to a few digits, which the state file repeats.
    """

    rates: tuple[float, ...] = _NOTHING
    weights: tuple[float, ...] = _NOTHING
    at: UnixSeconds | None = None  # up to when time has been counted
    hour: int = 0  # of the week, the one that is being counted
    hour_grams: Grams = Grams(0.0)  # noqa: RUF009 - a number
    hour_seconds: Seconds = Seconds(0.0)  # noqa: RUF009 - a number

    @property
    def learned(self) -> Ratio:
        """Share of the week's hours that have been seen to their end."""
        return Ratio(sum(weight > 0.0 for weight in self.weights) / HOURS)

    @property
    def counted(self) -> Seconds:
        """Time that the profile rests on. Before the hours come round again it is all the time that was counted."""
        return Seconds(sum(self.weights) * SECONDS_PER_HOUR + self.hour_seconds)

    def between(self, start: UnixSeconds, end: UnixSeconds, zone: tzinfo) -> Grams:
        """Return the profile's grams for the time from `start` to `end`, by the local hours in between."""
        return Grams(sum(map(mul, self.rates, _hours_of_week(start, end, zone))))


def observe(profile: WeekProfile, grams: Grams, now: UnixSeconds, elapsed: Seconds | None, zone: tzinfo) -> WeekProfile:
    """Return `profile` with `grams` that were emitted in the time up to `now`.

    `elapsed` is the time since the last observation by a clock that cannot be set, or None for the first one of a run:
    then the wall clock gives it. A wall clock that is set while the exporter runs therefore neither adds nor takes
    time; grams observed while it is wrong fall into the hours that it shows.
    """
    if profile.at is None:
        return replace(profile, at=now, hour=_hour_of_week(datetime.fromtimestamp(now, zone)))
    passed = now - profile.at if elapsed is None else elapsed
    passed = min(max(0.0, passed), MAX_GAP)
    # A run's first grams are of the moment; later ones were emitted over the whole time, however long it was.
    spread = passed if elapsed is not None and passed > 0.0 else 0.0
    for hour, seconds in _local_hours(UnixSeconds(now - passed), now, zone):
        if hour != profile.hour:
            profile = replace(_with_hour_learned(profile), hour=hour)
        profile = replace(
            profile,
            hour_seconds=Seconds(profile.hour_seconds + seconds),
            hour_grams=Grams(profile.hour_grams + (grams * seconds / spread if spread else 0.0)),
        )
    return replace(profile, at=now, hour_grams=Grams(profile.hour_grams + (0.0 if spread else grams)))


def skip(profile: WeekProfile, now: UnixSeconds, zone: tzinfo) -> WeekProfile:
    """Return `profile` up to `now`, with nothing learned of the time since its last observation.

    An hour that has ended is learned from the part of it that was observed.
    """
    hour = _hour_of_week(datetime.fromtimestamp(now, zone))
    return replace(profile if hour == profile.hour else _with_hour_learned(profile), at=now, hour=hour)


def _with_hour_learned(profile: WeekProfile) -> WeekProfile:
    """Add the hour that was counted to its mean: older hours fade by as much time as it lasted."""
    hours = profile.hour_seconds / SECONDS_PER_HOUR
    if hours > 0.0:
        hour = profile.hour
        faded = profile.weights[hour] * math.exp(-hours / MEMORY_WEEKS)
        rate = (profile.rates[hour] * faded + profile.hour_grams) / (faded + hours)
        profile = replace(
            profile,
            rates=_with_item(profile.rates, hour, float(f"{rate:.4g}")),
            weights=_with_item(profile.weights, hour, float(f"{faded + hours:.3g}")),
        )
    return replace(profile, hour_grams=Grams(0.0), hour_seconds=Seconds(0.0))


def _with_item(items: tuple[float, ...], place: int, item: float) -> tuple[float, ...]:
    return (*items[:place], item, *items[place + 1 :])


def _hours_of_week(start: UnixSeconds, end: UnixSeconds, zone: tzinfo) -> "array[float]":
    """Return how much of each hour of the week lies between two moments, in hours.

    Whole local hours are summed once: a month has 744 of them, and the question comes with every sample.
    """
    local = datetime.fromtimestamp(end, zone)
    # Rounded, or the last digits of `end` would make the cache miss every time.
    began = max(start, UnixSeconds(float(round(end - _seconds_into_hour(local)))))
    found = _whole_hours(start, began, zone)[:]
    for hour, seconds in _local_hours(began, end, zone):
        found[hour] += seconds / SECONDS_PER_HOUR
    return found


@lru_cache(maxsize=KEPT_SPANS)
def _whole_hours(start: UnixSeconds, end: UnixSeconds, zone: tzinfo) -> "array[float]":
    """Return the same array to all who ask; a span takes as much memory on the first day of a month as on the last."""
    found = array("d", [0.0]) * HOURS
    for hour, seconds in _local_hours(start, end, zone):
        found[hour] += seconds / SECONDS_PER_HOUR
    return found


def _local_hours(start: UnixSeconds, end: UnixSeconds, zone: tzinfo) -> Iterator[tuple[int, float]]:
    """Cut the time between two moments where the local hour changes: hour of the week, and seconds in it."""
    while start < end:
        local = datetime.fromtimestamp(start, zone)
        following = min(UnixSeconds(start + SECONDS_PER_HOUR - _seconds_into_hour(local)), end)
        yield _hour_of_week(local), following - start
        start = following


def _hour_of_week(local: datetime) -> int:
    return local.weekday() * 24 + local.hour


def _seconds_into_hour(local: datetime) -> float:
    return local.minute * 60.0 + local.second + local.microsecond / 1e6
