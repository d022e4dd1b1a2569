"""Recent traffic in bins, and the verdict that stands on it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from exporter.core.units import BytesPerSecond, MonotonicSeconds, Seconds


class Activity(StrEnum):
    """Activity classes. `unknown` stands while too little has been seen for a verdict."""

    IDLE = "idle"
    BROWSING = "browsing"
    STREAMING = "streaming"
    DOWNLOAD = "download"
    UPLOAD = "upload"
    CALL = "call"
    UNKNOWN = "unknown"


FIRST_VERDICT_AFTER = Seconds(20.0)
"""EcoTrack: four samples of 5 s."""

BIN = Seconds(5.0)
"""EcoTrack's sample. Shorter samples are joined to bins this long or longer: sampling faster does not raise peaks."""

FULL_RATIO = 0.99
"""A bin is full at this share of its length, because a sampler may wake a moment early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Traffic of a stretch of time: its end, its length, and the bytes by direction."""

    end: MonotonicSeconds
    duration: Seconds
    received_bytes: int
    sent_bytes: int

    @property
    def received(self) -> BytesPerSecond:
        """Bytes received per second."""
        return BytesPerSecond(self.received_bytes / self.duration)

    @property
    def sent(self) -> BytesPerSecond:
        """Bytes sent per second."""
        return BytesPerSecond(self.sent_bytes / self.duration)

    @property
    def rate(self) -> BytesPerSecond:
        """Bytes per second in both directions."""
        return BytesPerSecond((self.received_bytes + self.sent_bytes) / self.duration)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Rule of activity: what the bins of the last `span` say, with at least `fewest` of them where samples are long.

    A class takes the place of another once `confirmations` full bins in succession have said so.
    """

    classify: Callable[[Sequence[Bin]], Activity]
    span: Seconds
    fewest: int = 1
    confirmations: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Recent traffic in bins, oldest first, the bin that is still filling, and the activity that stands.

    The bin that is filling has no say: one busy second of it would be a peak that slower sampling never sees.
    """

    bins: tuple[Bin, ...] = ()
    filling: Bin | None = None
    activity: Activity = Activity.UNKNOWN
    challenger: Activity = Activity.UNKNOWN
    confirmed: int = 0

    def with_sample(self, sample: Bin, rule: Rule) -> "Window":
        """Return the window with a sample added, without what has left it, and with the rule's verdict."""
        filled = sample if self.filling is None else _join(self.filling, sample)
        if filled.duration < BIN * FULL_RATIO:
            return replace(self, filling=filled)
        bins = (*self.bins, filled)
        recent = sum(one.end > filled.end - rule.span for one in bins)
        bins = bins[-max(recent, rule.fewest) :]
        if sum(one.duration for one in bins) < FIRST_VERDICT_AFTER:
            return Window(bins=bins)
        found = rule.classify(bins)
        confirmed = self.confirmed + 1 if found is self.challenger else 1
        stands = confirmed >= rule.confirmations or self.activity is Activity.UNKNOWN
        return Window(bins=bins, activity=found if stands else self.activity, challenger=found, confirmed=confirmed)


def _join(first: Bin, second: Bin) -> Bin:
    return Bin(
        end=second.end,
        duration=Seconds(first.duration + second.duration),
        received_bytes=first.received_bytes + second.received_bytes,
        sent_bytes=first.sent_bytes + second.sent_bytes,
    )
