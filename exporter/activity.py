"""The activity that the network is used for, judged by throughput over time alone.

EcoTrack's rule with an idle and an upload class. It looks at bytes per second of a sliding window; packets, addresses
and contents are never read. It is a rule of thumb: a 5 Mbit/s video reads as browsing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from exporter.core.units import BytesPerSecond, MonotonicSeconds, Seconds, megabits_per_second


class Activity(StrEnum):
    """Activity classes. `unknown` stands while too little has been seen for a verdict."""

    IDLE = "idle"
    BROWSING = "browsing"
    STREAMING = "streaming"
    DOWNLOAD = "download"
    UPLOAD = "upload"
    UNKNOWN = "unknown"


WINDOW = Seconds(60.0)
"""EcoTrack: twelve samples of 5 s."""

FIRST_VERDICT_AFTER = Seconds(20.0)
"""EcoTrack: four samples of 5 s."""

BIN = Seconds(5.0)
"""EcoTrack's sample. Shorter samples are joined to bins this long or longer: sampling faster does not raise peaks."""

FULL_RATIO = 0.99
"""A bin is full at this share of its length, because a sampler may wake a moment early."""

SUSTAINED_MBIT = 8.0
"""EcoTrack: a mean above this is streaming if steady."""

PEAK_MBIT = 20.0
"""EcoTrack: a peak above this is a download if not steady."""

STEADY_PEAK_TO_MEAN = 2.0
"""EcoTrack: below this ratio of peak to mean the traffic is steady."""

IDLE_MBIT = 0.05
"""Below this mean nobody is waiting for bytes: what remains is an operating system's background (6 kB/s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Traffic of a stretch of time: its end, its length, and the bytes by direction."""

    end: MonotonicSeconds
    duration: Seconds
    received_bytes: int
    sent_bytes: int

    @property
    def rate(self) -> BytesPerSecond:
        """Bytes per second in both directions."""
        return BytesPerSecond((self.received_bytes + self.sent_bytes) / self.duration)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Traffic of the last minute in bins, oldest first, and the bin that is still filling.

    The bin that is filling has no say: one busy second of it would be a peak that slower sampling never sees.
    """

    bins: tuple[Bin, ...] = ()
    filling: Bin | None = None

    def with_sample(self, sample: Bin) -> "Window":
        """Return the window with a sample added and without what has left it."""
        filled = sample if self.filling is None else _join(self.filling, sample)
        if filled.duration < BIN * FULL_RATIO:
            return Window(bins=self.bins, filling=filled)
        return Window(bins=tuple(one for one in (*self.bins, filled) if one.end > filled.end - WINDOW))

    def verdict(self) -> Activity:
        """Classify by the bins that are full."""
        return classify(self.bins)


def _join(first: Bin, second: Bin) -> Bin:
    return Bin(
        end=second.end,
        duration=Seconds(first.duration + second.duration),
        received_bytes=first.received_bytes + second.received_bytes,
        sent_bytes=first.sent_bytes + second.sent_bytes,
    )


def classify(bins: Sequence[Bin]) -> Activity:
    """Return the class of a window's bins, oldest first; `unknown` while they cover less than `FIRST_VERDICT_AFTER`."""
    covered = sum(one.duration for one in bins)
    if covered < FIRST_VERDICT_AFTER:
        return Activity.UNKNOWN
    received, sent = sum(one.received_bytes for one in bins), sum(one.sent_bytes for one in bins)
    mean = megabits_per_second(BytesPerSecond((received + sent) / covered))
    peak = max(megabits_per_second(one.rate) for one in bins)
    if mean < IDLE_MBIT:
        return Activity.IDLE
    steady = peak < STEADY_PEAK_TO_MEAN * mean
    bulk = (mean > SUSTAINED_MBIT and steady) or (peak > PEAK_MBIT and not steady)
    if not bulk:
        return Activity.BROWSING
    if sent > received:
        return Activity.UPLOAD
    return Activity.STREAMING if steady else Activity.DOWNLOAD
