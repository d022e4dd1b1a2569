"""Seeded traffic of a machine by what it is used for: bytes received and sent in each half second, and their label.

Every figure of a kind is drawn from a `Span`. The middle of each span is for choosing thresholds, its two ends are held
out, and so are the seeds from `HELD_OUT_SEEDS`. A mixture has the label of the part with the most bytes, and what would
be browsing with less than `IDLE_MBIT` in the mean is idle.

Sources of the figures. Lines: Ofcom, UK home broadband performance 2023 (medians 69 Mbit/s down, 18 up), with ten
times less and more. TCP: ten segments at first, doubled each round trip (RFC 6928, RFC 5681), and an acknowledgement
of 66 bytes for every one or two segments of 1514 (RFC 5681), which is 2 to 4%. Video: bursts at the line's rate
between pauses, after a buffer was filled (Rao et al., Network characteristics of video streaming traffic, CoNEXT
2011), segments of 2 to 10 s (DASH-IF and HLS authoring guides), up to 25 Mbit/s (Netflix and Apple recommend 15 to 25
for 4K). Audio: 96 to 320 kbit/s, fetched about 15 s ahead (Kreitz and Niemela, Spotify, IEEE P2P 2010). Calls: 0.6 to
3.8 Mbit/s each way with video and 60 to 80 kbit/s with voice (Zoom, Calculating bandwidth usage); 50 packets a second
of 54 bytes of headers; talkspurts of 1.0 s and pauses of 1.6 s (ITU-T P.59). Pages: median 2.65 MB in 71 requests
(HTTP Archive, Web Almanac 2024). Games: 40 to 150 MB an hour, more down than up. Photos: 2 to 8 MB each (12 to 48
megapixels). Pauses, bursts of chat and of background programs are assumed.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TICK = 0.5
"""Seconds that a trace is cut into; sampling intervals are multiples of it."""

LENGTH = 600.0
"""Seconds that a trace lasts."""

IDLE_MBIT = 0.05
MBIT = 125_000.0
"""Bytes per second."""

INITIAL_WINDOW = 10 * 1460.0
"""Bytes that TCP sends at first (RFC 6928)."""

DEVELOPMENT_SEEDS = range(40)
HELD_OUT_SEEDS = range(1000, 1040)

Bytes = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Span:
    """Values that a figure can take, even in their logarithm."""

    low: float
    high: float

    def draw(self, generator: np.random.Generator, *, outer: bool) -> float:
        """Return a value from the middle three fifths, or from the two fifths beyond them."""
        place = generator.uniform(0.2, 0.8)
        if outer:
            place = generator.uniform(0.0, 0.4)
            place += 0.6 if place > 0.2 else 0.0
        return float(self.low * (self.high / self.low) ** place)


class Source:
    """Means by which a kind of activity makes its traffic: a generator, the line, and the bytes so far."""

    def __init__(self, generator: np.random.Generator, *, outer: bool) -> None:
        """Draw a line."""
        self.generator = generator
        self.outer = outer
        self.ticks = int(LENGTH / TICK)
        self.received: Bytes = np.zeros(self.ticks)
        self.sent: Bytes = np.zeros(self.ticks)
        self.line_down = self.draw(10.0, 1000.0)  # Mbit/s
        self.line_up = self.draw(2.0, 200.0)
        self.round_trip = self.draw(0.005, 0.1)
        self.acknowledged = self.draw(0.015, 0.045)

    def draw(self, low: float, high: float) -> float:
        """Return a figure of this trace."""
        return Span(low, high).draw(self.generator, outer=self.outer)

    def around(self, median: float, sigma: float) -> float:
        """Return a value that varies within the trace, log-normal about a median."""
        return float(median * math.exp(self.generator.normal(0.0, sigma)))

    def transfer(self, at: float, size: float, mbit: float, *, up: bool = False) -> float:
        """Move bytes over TCP from a moment on, at a rate once it has grown to it; return the moment of their end."""
        rate = self.around(mbit, 0.08) * MBIT
        at_first = INITIAL_WINDOW / self.round_trip
        ramp = self.round_trip * max(0.0, math.log2(rate / at_first))
        missed = rate * ramp / 2.0  # the line's rate is reached late by this much
        end = at + max(self.round_trip, (size + missed) / rate)
        first, last = int(at / TICK), int(end / TICK)
        edges = np.clip(np.arange(first, last + 2) * TICK, at, end) - at
        # In proportion to time, but for the ramp, in which the rate grows as its square.
        moved = np.where(edges < ramp, rate * edges**2 / (2.0 * max(ramp, 1e-9)), rate * (edges - ramp / 2.0))
        parts = np.diff(moved)
        total = float(parts.sum())
        parts = parts * (size / total) if total > 0.0 else parts
        parts *= np.clip(1.0 + 0.08 * self.generator.standard_normal(len(parts)), 0.5, 1.5)
        parts = parts[: max(0, self.ticks - first)]
        there, back = (self.sent, self.received) if up else (self.received, self.sent)
        there[first : first + len(parts)] += parts
        back[first : first + len(parts)] += parts * self.acknowledged
        return end

    def packet(self, at: float, received: float, sent: float) -> None:
        """Move a few bytes at once."""
        tick = int(at / TICK)
        if tick < self.ticks:
            self.received[tick] += received
            self.sent[tick] += sent

    def moments(self, median: float, sigma: float) -> list[float]:
        """Return moments with log-normal pauses between them, from some time within the first pause on."""
        at, found = float(self.generator.uniform(0.0, median)), []
        while at < LENGTH:
            found.append(at)
            at += self.around(median, sigma)
        return found

    def steady(self, mbit: float, spread: float) -> Bytes:
        """Return bytes of each tick at a mean rate that wanders by `spread` of it, with a memory of a few seconds."""
        noise = self.generator.standard_normal(self.ticks)
        for index in range(1, self.ticks):
            noise[index] = 0.85 * noise[index - 1] + math.sqrt(1 - 0.85**2) * noise[index]
        rates: Bytes = mbit * MBIT * TICK * np.clip(1.0 + spread * noise, 0.1, 3.0)
        return rates


def _adaptive_video(source: Source) -> None:
    top, segment = source.draw(1.0, 25.0), source.draw(2.0, 10.0)
    spread, buffered = source.draw(0.1, 0.4), source.draw(10.0, 60.0)
    line = max(source.line_down, 1.5 * top)
    mbit, at, played = top, float(source.generator.uniform(0.0, 5.0)), -buffered
    while at < LENGTH:
        if source.generator.random() < 0.03:
            mbit = top * float(source.generator.choice([0.4, 0.65, 1.0], p=[0.15, 0.25, 0.6]))
        source.packet(at, 500.0, 1500.0)
        end = source.transfer(at, source.around(mbit * MBIT * segment, spread), line)
        played += segment
        at = max(end, played) if played > 0.0 else end
        at += abs(float(source.generator.normal(0.0, 0.1)))


def _constant_video(source: Source) -> None:
    rates = source.steady(source.draw(1.0, 25.0), source.draw(0.02, 0.12))
    source.received += rates
    source.sent += rates * source.acknowledged


def _audio(source: Source) -> None:
    mbit = source.draw(0.096, 0.32)
    if source.generator.random() < 0.5:
        rates = source.steady(mbit, source.draw(0.02, 0.1))
        source.received += rates
        source.sent += rates * source.acknowledged
        return
    ahead = source.draw(4.0, 25.0)
    for at in source.moments(ahead, 0.05):
        source.packet(at, 500.0, 1200.0)
        source.transfer(at, source.around(mbit * MBIT * ahead, 0.1), min(source.line_down, 20.0))


def _file_download(source: Source) -> None:
    share, size, pause = source.draw(0.5, 1.0), source.draw(2e8, 1e10), source.draw(1.0, 20.0)
    at = float(source.generator.uniform(0.0, 5.0))
    while at < LENGTH:
        # Cut into pieces of ten seconds, so that the rate wanders as competing traffic comes and goes.
        left = source.around(size, 0.5)
        while left > 0.0 and at < LENGTH:
            piece = min(left, source.line_down * share * MBIT * 10.0)
            at = source.transfer(at, piece, source.line_down * share)
            left -= piece
        at += source.around(pause, 0.5)


def _game_update(source: Source) -> None:
    busy, slow, slowed = source.draw(8.0, 60.0), source.draw(3.0, 20.0), source.draw(0.15, 0.6)
    at = float(source.generator.uniform(0.0, 5.0))
    while at < LENGTH:
        for median, share in ((busy, 1.0), (slow, slowed)):  # while it unpacks, it writes and receives less
            mbit = source.around(0.85 * share * source.line_down, 0.1)
            at = source.transfer(at, mbit * MBIT * source.around(median, 0.4), mbit)


def _backup(source: Source) -> None:
    share, chunk, pause = source.draw(0.3, 0.95), source.draw(4e6, 64e6), source.draw(0.3, 10.0)
    at = float(source.generator.uniform(0.0, 5.0))
    while at < LENGTH:
        source.packet(at, 2000.0, 2000.0)
        at = source.transfer(at, source.around(chunk, 0.3), source.line_up * share, up=True)
        at += source.around(pause, 0.7)


def _photo_upload(source: Source) -> None:
    photo, pause, between = source.draw(2e6, 8e6), source.draw(0.1, 3.0), source.draw(3.0, 20.0)
    at = float(source.generator.uniform(0.0, 5.0))
    while at < LENGTH:
        for _ in range(int(source.generator.integers(5, 25))):
            at = source.transfer(at, source.around(photo, 0.4), source.line_up * 0.8, up=True)
            at += source.around(pause, 0.5)
        at += source.around(between, 0.5)


def _video_call(source: Source) -> None:
    sent, ratio, spread = source.draw(0.4, 3.8), source.draw(0.5, 2.5), source.draw(0.08, 0.3)
    adapted = np.ones(source.ticks)
    for at in source.moments(120.0, 0.7):  # a spell with less of it, as the line or the picture allows
        adapted[int(at / TICK) : int((at + source.around(15.0, 0.5)) / TICK)] = source.generator.uniform(0.4, 0.8)
    source.sent += source.steady(sent, spread) * adapted
    source.received += source.steady(sent * ratio, spread) * adapted


def _voice_call(source: Source) -> None:
    codec, packets = source.draw(16e3, 64e3), source.draw(33.0, 60.0)
    bytes_per_tick = (codec / 8.0 + packets * 54.0) * TICK
    silence = 0.15 if source.generator.random() < 0.5 else 1.0  # discontinuous transmission, or none
    for direction, ratio in ((source.received, source.draw(0.8, 1.25)), (source.sent, 1.0)):
        at = 0.0
        while at < LENGTH:
            for mean, share in ((1.0, 1.0), (1.6, silence)):
                end = at + max(TICK, float(source.generator.exponential(mean)))
                direction[int(at / TICK) : int(end / TICK)] += source.around(bytes_per_tick * ratio * share, 0.1)
                at = end


def _pages(source: Source) -> None:
    weight, reading = source.draw(0.8e6, 8e6), source.draw(6.0, 60.0)
    for at in source.moments(reading, 0.8):
        size = source.around(weight, 1.0)
        source.packet(at, 0.0, 71 * 900.0)
        for part in (0.6, 0.3, 0.1):  # page, pictures, what loads later
            begin = at + (1.0 - part) * float(source.generator.uniform(0.0, 4.0))
            source.transfer(begin, size * part, min(source.line_down, source.around(30.0, 0.5)))
    for at in source.moments(5.0, 0.8):
        source.packet(at, source.around(1500.0, 1.0), source.around(1500.0, 1.0))


def _chat(source: Source) -> None:
    for at in source.moments(source.draw(3.0, 25.0), 0.9):
        source.packet(at, source.around(3000.0, 0.8), source.around(2000.0, 0.8))
    for at in source.moments(source.draw(10.0, 90.0), 0.9):
        up = source.generator.random() < 0.3
        mbit = source.line_up if up else source.line_down
        source.transfer(at, source.around(source.draw(1e5, 8e5), 0.8), min(mbit, 20.0), up=up)


def _gaming(source: Source) -> None:
    sent, ratio, spread = source.draw(0.02, 0.1), source.draw(1.5, 6.0), source.draw(0.08, 0.3)
    played = np.ones(source.ticks)
    for at in source.moments(240.0, 0.4):  # the lobby between rounds
        played[int(at / TICK) : int((at + source.around(25.0, 0.4)) / TICK)] = 0.15
    source.sent += source.steady(sent, spread) * played
    source.received += source.steady(sent * ratio, spread) * played


def _background_sync(source: Source) -> None:
    mbit, pause = source.draw(0.05, 0.5), source.draw(5.0, 60.0)
    size = 0.6 * mbit * MBIT * pause  # the mean of a log-normal with this spread is 1.7 times its median
    for at in source.moments(pause, 0.6):
        up = source.generator.random() < 0.3
        line = source.line_up if up else source.line_down
        source.transfer(at, source.around(size, 0.9), min(line, 20.0), up=up)


def _idle(source: Source) -> None:
    for at in source.moments(source.draw(5.0, 40.0), 0.6):
        source.packet(at, source.around(400.0, 0.8), source.around(300.0, 0.8))
    for at in source.moments(source.draw(60.0, 300.0), 0.6):
        source.packet(at, source.around(20e3, 0.8), source.around(4e3, 0.8))


Kind = Callable[[Source], None]

KINDS: Mapping[str, tuple[str, Kind]] = {
    "adaptive video": ("streaming", _adaptive_video),
    "constant video": ("streaming", _constant_video),
    "audio": ("streaming", _audio),
    "file download": ("download", _file_download),
    "game update": ("download", _game_update),
    "backup": ("upload", _backup),
    "photo upload": ("upload", _photo_upload),
    "video call": ("call", _video_call),
    "voice call": ("call", _voice_call),
    "pages": ("browsing", _pages),
    "chat": ("browsing", _chat),
    "gaming": ("browsing", _gaming),
    "background sync": ("browsing", _background_sync),
    "idle": ("idle", _idle),
}
"""Uses of a machine, their labels, and what makes their traffic."""

MIXTURES = 3
"""Mixtures of two kinds with different labels, per seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Traffic of one kind: bytes in each tick, and the label of the whole."""

    kind: str
    label: str
    received: Bytes
    sent: Bytes

    @property
    def total_bytes(self) -> float:
        """Bytes in both directions."""
        return float(self.received.sum() + self.sent.sum())


def trace(kind: str, seed: int, *, outer: bool = False) -> Trace:
    """Return the trace of a kind and a seed; `outer` takes its figures from the ends of their spans."""
    label, make = KINDS[kind]
    source = Source(np.random.default_rng([seed, list(KINDS).index(kind), outer]), outer=outer)
    make(source)
    return _labelled(kind, label, np.round(source.received), np.round(source.sent))


def mixture(seed: int, number: int, *, outer: bool = False) -> Trace:
    """Return two kinds at once that have different labels."""
    generator = np.random.default_rng([seed, len(KINDS) + number, outer])
    first = str(generator.choice(list(KINDS)))
    second = str(generator.choice([kind for kind in KINDS if KINDS[kind][0] != KINDS[first][0]]))
    parts = [trace(kind, seed, outer=outer) for kind in (first, second)]
    most = max(parts, key=lambda one: one.total_bytes)
    received, sent = parts[0].received + parts[1].received, parts[0].sent + parts[1].sent
    return _labelled("mixture", most.label, received, sent)


def _labelled(kind: str, label: str, received: Bytes, sent: Bytes) -> Trace:
    mean = float(received.sum() + sent.sum()) / LENGTH / MBIT
    quiet = label == "browsing" and mean < IDLE_MBIT
    return Trace(kind=kind, label="idle" if quiet else label, received=received, sent=sent)


def traces(seeds: range, *, outer: bool = False) -> list[Trace]:
    """Return every kind and some mixtures, for each seed."""
    singles = [trace(kind, seed, outer=outer) for seed in seeds for kind in KINDS]
    mixed = [mixture(seed, number, outer=outer) for seed in seeds for number in range(MIXTURES)]
    return singles + mixed


def samples(one: Trace, interval: float) -> list[tuple[int, int]]:
    """Return bytes received and sent in each sampling interval."""
    step = round(interval / TICK)
    whole = len(one.received) // step * step
    return [
        (int(received), int(sent))
        for received, sent in zip(
            one.received[:whole].reshape(-1, step).sum(axis=1),
            one.sent[:whole].reshape(-1, step).sum(axis=1),
            strict=True,
        )
    ]
