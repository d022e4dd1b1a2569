"""A live provider, asked in a child process beside the sampler, and the points that its answers left."""

from collections.abc import Callable, Collection
from dataclasses import replace

import msgspec

from exporter.core.asking_child import LIMIT, Repetitions, SteadyClock, TakenErrand, ask_in_child
from exporter.core.clock import Clock
from exporter.core.errand import Errand, Errands, ProgramErrand
from exporter.core.no_answer import NoAnswerError
from exporter.core.units import GramsPerKwh, Seconds, UnixSeconds
from exporter.intensity.exchange import MOST_POINTS, Told, encode_question
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

METHODS = {
    Method.MEASURED: "measured",
    Method.ESTIMATED: "estimated by the provider",
    Method.FORECAST: "the provider's forecast",
}
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
        interval = self._coverage.interval
        repetitions = Repetitions(clock, interval=interval, most_a_day=self._coverage.repetitions, draw=draw)
        self._errands = Errands(SteadyClock(clock), self._ask, interval=interval, limit=LIMIT, pause=repetitions.pause)
        self._points: tuple[Point, ...] = ()
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
        return TakenErrand(self._send(question), self.take)

    def _listen(self) -> None:
        """Take what has been answered. Raises IntensityUnavailableError while the last question is one that failed."""
        try:
            if self._errands.latest() is None:
                raise IntensityPendingError("no answer yet")
        except (NoAnswerError, OSError) as error:
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


def send_child(question: Question) -> ProgramErrand:
    """Start the process that asks."""
    return ask_in_child("exporter.intensity", encode_question(question), (SECRET_VARIABLE,))
