"""The default rule: how much, in which direction, and in what rhythm.

A call is as much up as down and hardly ever pauses. An upload sends more than it receives. A download fills the line.
A stream keeps coming, in bursts or evenly, at less than that; pages, chat and background programs come now and then.
What is called chosen was chosen on the development part of `tests/exporter/synthetic_traffic.py`, as scored by
`bench/activity_bench.py`.
"""

from collections.abc import Sequence
from operator import add

from exporter.activity.window import Activity, Bin, Rule
from exporter.core.units import Seconds, megabits_per_second

SPAN = Seconds(180.0)
"""Time over which the rhythm is looked at: people read a page or wait for a message for up to minutes. Chosen."""

RECENT = Seconds(60.0)
"""Time over which calls, uploads and downloads are looked for, which never pause for long. EcoTrack's window."""

FEWEST = 3
"""Bins that are looked at, at least, where samples are longer than 20 s. Chosen."""

CONFIRMATIONS = 2
"""Bins in succession that have to agree on a new verdict. Chosen."""

IDLE_MBIT = 0.05
"""Mean below which an even trickle is an operating system's background, and idle (6 kB/s). EcoTrack's rule has it."""

IDLE_IN_BURSTS_MBIT = 0.02
"""Mean below which bursts are: one of 450 kB within three minutes is more, such as a picture in a chat. Chosen."""

STEADY_RATIO = 0.4
"""Traffic is steady if its quietest quarter of bins moves more than so much of the mean in each. Chosen."""

CALL_MBIT = 0.03
"""Mean of a call, at least: both directions of a voice codec with pauses in it. Chosen."""

VOICE_BALANCE = 0.55
"""Smaller over larger direction of a voice call, bin by bin, at least; games receive more. Chosen."""

VIDEO_BALANCE = 0.4
"""The same of a video call, in which the pictures of both ends may differ in size. Chosen."""

VIDEO_CALL_MBIT = 0.6
"""Mean above which a call has pictures: few are below 0.4 Mbit/s in a direction. Chosen."""

UPLOAD_MBIT = 0.7
"""Mean of an upload, at least; pictures that are sent in a chat stay below it. Chosen."""

DOWNLOAD_MBIT = 18.0
"""Median above which incoming traffic is a download: few videos, up to 25 Mbit/s, and few lines are beyond. Chosen."""

BULK_MBIT = 40.0
"""Mean of a minute above which incoming traffic is a download even if it came at once: 300 MB. Judgement."""

STREAM_PEAK_RATIO = 4.0
"""Peak over mean of a stream that comes in bursts, at most. Chosen."""

FILL_PART = 18
"""Of so many bins the busiest does not count as a peak, since a player fills its buffer first. Chosen."""

INTERACTIVE_RATIO = 0.15
"""Sent over received bytes above which light traffic is no stream, whose acknowledgements are 2 to 4%. Chosen."""

INTERACTIVE_MBIT = 1.0
"""Mean below which traffic is light in that sense. Chosen."""

ENDED_MBIT = 1.0
"""Rate of two older bins in succession that may belong to an activity that has ended. Judgement."""

ENDED_RATIO = 4.0
"""They do if both are above so many times the peak of the last minute. Judgement."""


def classify(bins: Sequence[Bin]) -> Activity:
    """Return the class of a window's bins, oldest first."""
    since = bins[-1].end - RECENT
    few = min(len(bins), max(FEWEST, sum(one.end > since for one in bins)))
    received = [megabits_per_second(one.received) for one in bins]
    sent = [megabits_per_second(one.sent) for one in bins]
    recent = sorted(map(add, received[-few:], sent[-few:]))
    steady = recent[few // 4] > STEADY_RATIO * sum(recent) / few
    down, up = received[-few:], sent[-few:]
    if steady and _is_balanced(down, up):
        return Activity.CALL
    if sum(up) > max(sum(down), UPLOAD_MBIT * few):
        return Activity.UPLOAD
    if recent[few // 2] > DOWNLOAD_MBIT or sum(recent) > BULK_MBIT * few:
        return Activity.DOWNLOAD
    return _with_pauses(received, sent, few, steady=steady)


def _is_balanced(received: Sequence[float], sent: Sequence[float]) -> bool:
    """Tell whether both ends of a call may be talking: each bin brings about as much up as down."""
    less = sum(map(min, received, sent))
    more = sum(map(max, received, sent))
    mean = (less + more) / len(received)
    return mean > CALL_MBIT and less > (VIDEO_BALANCE if mean > VIDEO_CALL_MBIT else VOICE_BALANCE) * more


def _with_pauses(received: Sequence[float], sent: Sequence[float], few: int, *, steady: bool) -> Activity:
    """Return the class of what may pause, from Mbit/s of the whole span, whose last minute has a `few` bins."""
    rates = list(map(add, received, sent))
    first = _begin(rates, len(rates) - few, max(ENDED_MBIT, ENDED_RATIO * max(rates[-few:])))
    rates, count = rates[first:], len(rates) - first
    without_fill = sorted(rates)[: count - count // FILL_PART]
    even = steady or max(without_fill) < STREAM_PEAK_RATIO * sum(without_fill) / len(without_fill)
    if sum(rates) < (IDLE_MBIT if even else IDLE_IN_BURSTS_MBIT) * count:
        return Activity.IDLE
    down, up = sum(received[first:]), sum(sent[first:])
    if up > down or (up > INTERACTIVE_RATIO * down and sum(rates) < INTERACTIVE_MBIT * count):
        return Activity.BROWSING
    return Activity.STREAMING if even else Activity.BROWSING


def _begin(rates: Sequence[float], recent: int, bulk: float) -> int:
    """Return the first bin of the present activity: after two older bins in succession above `bulk`, of what ended."""
    for index in range(recent - 1, 0, -1):
        if rates[index] > bulk and rates[index - 1] > bulk:
            return index + 1
    return 0


RHYTHM = Rule(classify=classify, span=SPAN, fewest=FEWEST, confirmations=CONFIRMATIONS)
"""The rule that is used unless `activity.rule` says otherwise."""
