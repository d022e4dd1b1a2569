"""EcoTrack's rule of thumb with an idle and an upload class: a mean and a peak. A 5 Mbit/s video reads as browsing."""

from collections.abc import Sequence

from exporter.activity.window import Activity, Bin, Rule
from exporter.core.units import BytesPerSecond, Seconds, megabits_per_second

SUSTAINED_MBIT = 8.0
"""EcoTrack: a mean above this is streaming if steady."""

PEAK_MBIT = 20.0
"""EcoTrack: a peak above this is a download if not steady."""

STEADY_PEAK_TO_MEAN = 2.0
"""EcoTrack: below this ratio of peak to mean the traffic is steady."""

IDLE_MBIT = 0.05
"""Below this mean nobody is waiting for bytes: what remains is an operating system's background (6 kB/s)."""


def classify(bins: Sequence[Bin]) -> Activity:
    """Return the class of a window's bins."""
    covered = sum(one.duration for one in bins)
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


ECOTRACK = Rule(classify=classify, span=Seconds(60.0))
"""EcoTrack looks at twelve samples of 5 s."""
