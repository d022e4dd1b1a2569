"""A live provider, asked in a child process beside the sampler, and the points that its answers left."""

import os
import sys
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import msgspec

import exporter
from exporter.core.clock import Clock
from exporter.core.units import (
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
    SECONDS_PER_MINUTE,
    GramsPerKwh,
    MonotonicSeconds,
    Seconds,
    UnixSeconds,
)
from exporter.intensity.exchange import LIMIT, MOST_POINTS, Told, encode_question
from exporter.intensity.providers.provider import FORECAST_INTERVAL, Question
from exporter.intensity.providers.table import LIVE_PROVIDERS
from exporter.intensity.reading import (
    SECRET_VARIABLE,
    IntensityPendingError,
    IntensityReading,
    IntensityUnavailableError,
    Method,
    Outlook,
    Point,
)
from exporter.sources.errand import Errand, Errands, ProgramErrand
from exporter.sources.reading import ReadingUnavailableError

RETRIES = 3
"""Questions that are repeated soon after a failure, before the interval holds again."""

REPEATED_SPAN = Seconds(SECONDS_PER_DAY + SECONDS_PER_HOUR)
"""Time within which `Coverage.repetitions` holds: a day, and the time at most from a failure to its repetition."""

FIRST_RETRY = Seconds(SECONDS_PER_MINUTE)
"""Time to the first of them on average; it doubles with each."""

METHODS = {
    Method.MEASURED: "measured",
    Method.ESTIMATED: "estimated by the provider",
    Method.FORECAST: "the provider's forecast",
}
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
INHERITED = ("PATH", *PROXIES, "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables of the environment that the child needs, beside the secret that is meant for it."""

DISCARD_REASONS = ("failed", "malformed", "late", "out_of_range")
"""Reasons for which an answer is discarded, and the last of them for single values."""


class LiveIntensity:
    """Provider of what a publisher of carbon intensity tells."""

    def __init__(
        self,
        question: Question,
        clock: Clock,
        *,
        send: Callable[[Question], Errand],
        draw: Callable[[], float],
    ) -> None:
        """Prepare to ask; `draw` gives numbers in [0, 1), by which retries of many machines spread."""
        self.name = question.provider
        self._question = question
        self._clock = clock
        self._send = send
        self._coverage = LIVE_PROVIDERS[question.provider].coverage()
        self._errands = Errands(
            _SteadyClock(clock),
            self._ask,
            interval=self._coverage.interval,
            limit=LIMIT,
            retry=lambda failures: self._pause(failures, draw()),
        )
        self._points: tuple[Point, ...] = ()
        self._repeated: list[Seconds] = []
        self._asked_forecast = False
        self._answered = True
        self._forecast_at: Seconds | None = None
        self._discarded = dict.fromkeys(DISCARD_REASONS, 0)

    def at(self, now: UnixSeconds) -> IntensityReading:
        """See `IntensityProvider.at`: a value for this time, unless the last question failed."""
        self._listen()
        return self._reading(now, METHODS)

    def expected(self, now: UnixSeconds) -> IntensityReading:
        """Return the forecast for this time of an earlier answer. Raises IntensityUnavailableError without one."""
        return self._reading(now, {Method.FORECAST})

    def outlook(self) -> Outlook:
        """Return what is known of the hours to come, and what was discarded."""
        return Outlook(provider=self.name, points=self._points, discarded=dict(self._discarded))

    def _ask(self) -> Errand:
        if self._coverage.forecast_holds_now:
            # After a failure the other question is asked: a server may still have an answer to that one.
            self._asked_forecast = self._answered or not self._asked_forecast
        else:
            told = self._forecast_at
            self._asked_forecast = told is None or self._clock.elapsed() - told >= FORECAST_INTERVAL
        self._answered = False
        question = replace(self._question, now=self._clock.wall(), with_forecast=self._asked_forecast)
        return _Answered(self._send(question), self.take)

    def _pause(self, failures: int, drawn: float) -> Seconds:
        """Return the time from a failed question to the next, by the number of failures in a row."""
        now, interval = self._clock.elapsed(), self._coverage.interval
        self._repeated = [one for one in self._repeated if now - one < REPEATED_SPAN]
        if failures > RETRIES or len(self._repeated) >= self._coverage.repetitions:
            return interval
        self._repeated.append(now)
        return Seconds(min(interval, FIRST_RETRY * 2.0 ** (failures - 1) * (0.5 + drawn)))

    def _listen(self) -> None:
        """Take what has been answered. Raises IntensityUnavailableError while the last question is one that failed."""
        try:
            if self._errands.latest() is None:
                raise IntensityPendingError("no answer yet")
        except (ReadingUnavailableError, OSError) as error:
            raise IntensityUnavailableError(str(error) or type(error).__name__) from error

    def take(self, content: bytes) -> None:
        """Keep the points of an answer that a grid can have; a forecast beyond the last of them stays.

        Raises IntensityUnavailableError where none is for the present: such an answer is discarded whole.
        """
        try:
            told = msgspec.json.decode(content, type=Told)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._discard("malformed", "its answer is not understood") from error
        if told.trouble:
            raise self._discard("failed", told.trouble)
        points = tuple(one for one in told.points if one.is_plausible())
        now = self._clock.wall()
        if len(points) < len(told.points):
            self._discarded["out_of_range"] += len(told.points) - len(points)
        if not any(one.covers(now) for one in points):
            if any(one.covers(now) for one in told.points):
                raise IntensityUnavailableError("its value is none that a grid can have")
            raise self._discard("late", "its answer has no value for this time")
        told_until = max((one.end for one in points if one.method is Method.FORECAST), default=0.0)
        before = (one for one in self._points if one.method is Method.FORECAST and one.end > now)
        self._points = (*points, *(one for one in before if one.start >= told_until))[:MOST_POINTS]
        self._answered = True
        if self._asked_forecast:
            self._forecast_at = self._clock.elapsed()

    def _discard(self, reason: str, told: str) -> IntensityUnavailableError:
        self._discarded[reason] += 1
        return IntensityUnavailableError(told)

    def _reading(self, now: UnixSeconds, methods: Collection[Method]) -> IntensityReading:
        """Return the newest point for a time, where there is one better than a forecast."""
        covering = [one for one in self._points if one.method in methods and one.covers(now)]
        if not covering:
            raise IntensityUnavailableError("no value for this time")
        point = max(covering, key=lambda one: (one.method is not Method.FORECAST, one.start))
        return IntensityReading(
            value=GramsPerKwh(point.value),
            zone=self._question.zone or self.name,
            provider=self.name,
            described_at=UnixSeconds(point.start),
            description=METHODS[point.method],
            method=point.method,
            basis=self._question.basis or self._coverage.basis,
        )


class _Answered:
    """A question on its way, whose answer is taken as soon as it is there."""

    def __init__(self, errand: Errand, take: Callable[[bytes], None]) -> None:
        self._errand = errand
        self._take = take
        self._is_given_up = False

    def answer(self) -> bytes | None:
        """See `Errand.answer`. Raises IntensityUnavailableError where the answer is of no use."""
        content = self._errand.answer()
        if content is not None and not self._is_given_up:
            self._take(content)
        return content

    def give_up(self) -> None:
        """See `Errand.give_up`: an answer that comes all the same is not taken."""
        self._is_given_up = True
        self._errand.give_up()


class _SteadyClock:
    """Clock that goes on while the machine is suspended: a machine that wakes asks at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.wall = clock.wall
        self.elapsed = clock.elapsed

    def awake(self) -> MonotonicSeconds:
        """See `Clock.awake`."""
        return MonotonicSeconds(self._clock.elapsed())


def ask_in_child(question: Question) -> ProgramErrand:
    """Start the process that asks; it finds this very package, and of the environment only what it needs."""
    inherited = {name: os.environ[name] for name in (*INHERITED, SECRET_VARIABLE) if name in os.environ}
    environment = inherited | {"PYTHONPATH": str(Path(exporter.__file__).parents[1]), "PYTHONSAFEPATH": "1"}
    arguments = (sys.executable, "-m", "exporter.intensity", encode_question(question))
    return ProgramErrand(arguments, environment)
