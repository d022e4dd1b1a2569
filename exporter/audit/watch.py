"""Watching an exporter: every sample that it takes, and the machine's counters next to each."""

import math
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from exporter.audit.evidence import SAMPLED_AT, Moment
from exporter.audit.figures import Figures, parse
from exporter.audit.witness import Bracket, Own
from exporter.core.config import ConfigError
from exporter.core.units import Seconds
from exporter.core.web.asking import Deadline, ask, ask_json, silence_at
from exporter.core.web.listen_address import ListenAddress, parse_address
from exporter.views.summary import Summary

TICK_SECONDS = Seconds(0.05)
"""Time between two readings of the machine's counters. Chosen: a reading takes half a millisecond of CPU time."""

SHORT_TICK_SECONDS = Seconds(0.004)
"""The same around a sample that is due: what the counters held at its moment is known to what they gain in this time,
about a ten-thousandth of a minute's. Chosen."""

NEAR_SECONDS = Seconds(0.1)
"""Distance from the moment at which a sample is due within which it is expected. Chosen."""

ANSWER_SECONDS = Seconds(5.0)
"""Time in which an exporter has to answer; it does within milliseconds."""

LOOK_SECONDS = Seconds(0.2)
"""Time between two looks for a new sample that is due. Chosen: a look costs the exporter a millisecond."""

MAX_EXPOSITION_BYTES = 4_000_000
"""Length of an exposition that is read: a hundred times what the exporter has."""

PATIENCE_SECONDS = Seconds(60.0)
"""Time for which an exporter may not answer, as while it starts again."""

MOST_READINGS = 4096
"""Readings that are held for the next sample, the newest. Chosen: more than there are while an exporter may not answer,
which are some 2,500. An exporter may sample once an hour, in which there are 72,000."""

LEAST_SAMPLES = 3
"""Samples that an audit sees at least: the first is of a time before it. Chosen."""

MOST_INTERVAL = Seconds(3600.0)
"""Longest interval of samples that a configuration may say (`sampling.interval_seconds`), in seconds."""

_SAMPLED = re.compile(rf"^{SAMPLED_AT} (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """An exporter at an address."""

    address: str
    metrics_path: str

    @property
    def _listens(self) -> ListenAddress:
        return parse_address(self.address)

    def exposition(self) -> str | None:
        """Return what it exposes; None where it does not answer."""
        body = ask(self._listens, self.metrics_path, Deadline(ANSWER_SECONDS), MAX_EXPOSITION_BYTES)
        return None if body is None else body.decode("utf-8", "replace")

    def summary(self) -> Summary | None:
        """Return its summary; None where it does not answer."""
        return ask_json(self._listens, "/api/v1/summary", Deadline(ANSWER_SECONDS), Summary)


class Answers(Protocol):
    """Answers of an exporter."""

    def exposition(self) -> str | None:
        """Return the exposition, or None."""

    def summary(self) -> Summary | None:
        """Return the summary, or None."""


def begin(answers: Answers, address: str, wall: float) -> Figures:
    """Return the first figures of an exporter. Raises ConfigError where there is none that samples."""
    text = answers.exposition()
    if text is None:
        raise ConfigError([silence_at([address])])
    figures = figures_of(text, address)
    sampled_at, interval = figures.of(SAMPLED_AT), figures.of("ecotrack_sample_interval_seconds")
    if figures.of("ecotrack_samples_total") is None or interval is None or not 0.0 < interval <= MOST_INTERVAL:
        raise ConfigError([f"what answers at {address} is not ecotrack"])
    if sampled_at is not None and sampled_at - wall > interval + ANSWER_SECONDS:
        raise ConfigError([f"the exporter's clock is {sampled_at - wall:.0f} s ahead of this machine's"])
    return figures


def figures_of(text: str, address: str) -> Figures:
    """Return the figures of an exposition. Raises ConfigError where it is none."""
    try:
        return parse(text)
    except ValueError as error:
        raise ConfigError([f"what answers at {address} is no exposition of metrics"]) from error


@dataclass(slots=True, kw_only=True)
class Watch:
    """A watch over an exporter, which keeps what it has seen in `moments`."""

    answers: Answers
    address: str
    read: Callable[[], Own]
    wall: Callable[[], float]
    awake: Callable[[], float]
    wait: Callable[[float], object]
    interval: float
    moments: list[Moment] = field(default_factory=list)
    _own: deque[Own] = field(default_factory=lambda: deque(maxlen=MOST_READINGS))
    _open_until: float = 0.0  # how long the last sample waits for the reading after it; 0 for one that has it
    _looked_at: float = 0.0
    _answered_at: float = 0.0
    _sampled: str = ""  # time of the last sample, as it was exposed

    def run(self, seconds: float) -> Iterator[float]:
        """Watch for a time, and yield the seconds that are left now and then. Raises ConfigError.

        Where so short a time has shown too few samples, it is extended by as many intervals.
        """
        began = self._answered_at = self.awake()
        last: float | None = None
        while (left := began + seconds - self.awake()) > 0.0 or self._is_open or self._is_extended(left):
            self._own.append(self.read())
            self._close()
            if self._is_due(last):
                last = self._look(last)
            yield max(0.0, left)
            self.wait(self._pause(last))

    @property
    def _is_open(self) -> bool:
        """State of the wait for the last sample: it ends soon where its time is far off, as of a clock set back."""
        return self.awake() < self._open_until

    def _is_extended(self, left: float) -> bool:
        return len(self.moments) < LEAST_SAMPLES and left > -LEAST_SAMPLES * self.interval

    def _is_due(self, last: float | None) -> bool:
        """Tell whether there may be a new sample, and the last look for it was a while ago.

        Where the clock was set back, the last sample is of the future, and says nothing of the next.
        """
        is_near = last is not None and last <= self.wall() < last + self.interval
        return not is_near and self.awake() - self._looked_at >= LOOK_SECONDS

    def _pause(self, last: float | None) -> Seconds:
        """Return the time to the next reading: a short one where a sample is due, and where one has just been seen."""
        is_near = self._is_open or (last is not None and abs(self.wall() - last - self.interval) <= NEAR_SECONDS)
        return SHORT_TICK_SECONDS if is_near else TICK_SECONDS

    def _look(self, last: float | None) -> float | None:
        """Look for a new sample; return when the last one was taken. Raises ConfigError where nobody answers."""
        text = self.answers.exposition()
        now = self._looked_at = self.awake()
        if text is None:
            if now - self._answered_at > PATIENCE_SECONDS:
                raise ConfigError([f"the exporter at {self.address} has not answered for {PATIENCE_SECONDS:g} s"])
            return last
        self._answered_at = now
        found = _SAMPLED.search(text)
        if found is None or found[1] == self._sampled:
            return last
        figures = figures_of(text, self.address)
        at = figures.of(SAMPLED_AT)
        if at is None or not math.isfinite(at):
            return last
        self._sampled = found[1]
        summary = self.answers.summary()
        if summary is not None and summary.sampled_at != at:
            summary = None
        ahead = self.wall() - self.awake()
        self.moments.append(Moment(figures=figures, at=at, summary=summary, ahead=ahead))
        self._open_until = self.awake() + ANSWER_SECONDS
        return at

    def _close(self) -> None:
        """Give the last sample the readings before and after it, once there are both; forget those before it."""
        if not self._is_open:
            return
        moment = self.moments[-1]
        after = [one for one in self._own if one.began >= moment.at + moment.spread]
        if after:
            before = [one for one in self._own if one.ended <= moment.at]
            own = Bracket(before=before[-1], after=after[0]) if before else None
            self.moments[-1] = replace(moment, own=own)
            self._own, self._open_until = deque(after, MOST_READINGS), 0.0
