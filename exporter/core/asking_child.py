"""Questions to servers outside, each asked in a child: requests, TLS and odd answers cost that process alone."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from exporter.core.clock import Clock
from exporter.core.errand import Errand, ProgramErrand
from exporter.core.units import SECONDS_PER_DAY, SECONDS_PER_HOUR, SECONDS_PER_MINUTE, MonotonicSeconds, Seconds

LIMIT = Seconds(60.0)
"""Time after which the child is killed. Judgement: it may send three requests of ten silent seconds each."""

ALONE_LIMIT = Seconds(2 * LIMIT)
"""Time after which the child ends by itself: whoever would have killed it is gone, or very slow."""

RETRIES = 3
"""Questions that are repeated soon after a failure, before the interval holds again."""

REPEATED_SPAN = Seconds(SECONDS_PER_DAY + SECONDS_PER_HOUR)
"""Time within which the bound on repetitions holds: a day, and the time at most from a failure to its repetition."""

FIRST_RETRY = Seconds(SECONDS_PER_MINUTE)
"""Time to the first of them on average; it doubles with each."""

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
INHERITED = ("PATH", *PROXIES, "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables of the environment that the child needs, beside a secret that is meant for it."""


def ask_in_child(module: str, argument: str, secrets: Iterable[str] = ()) -> ProgramErrand:
    """Start the process that asks, a module of these very packages, with the variables of the environment it needs.

    Everybody on the machine can read the argument. Raises OSError where the process cannot be started.
    """
    inherited = {name: os.environ[name] for name in (*INHERITED, *secrets) if name in os.environ}
    environment = inherited | {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONSAFEPATH": "1"}
    return ProgramErrand((sys.executable, "-m", module, argument), environment)


class Repetitions:
    """The times between questions, of which some are repeated soon after a failure, and so many within a day at most.

    `draw` gives numbers in [0, 1), by which the repetitions of many machines spread.
    """

    def __init__(self, clock: Clock, *, interval: Seconds, most_a_day: int, draw: Callable[[], float]) -> None:
        self._clock = clock
        self._interval = interval
        self._most_a_day = most_a_day
        self._draw = draw
        self._repeated: list[Seconds] = []

    def pause(self, failures: int) -> Seconds:
        """Return the time from a question to the next, by the number of failures in a row."""
        now = self._clock.elapsed()
        self._repeated = [one for one in self._repeated if now - one < REPEATED_SPAN]
        if not 0 < failures <= RETRIES or len(self._repeated) >= self._most_a_day:
            return self._interval
        self._repeated.append(now)
        return Seconds(min(self._interval, FIRST_RETRY * 2.0 ** (failures - 1) * (0.5 + self._draw())))


class TakenErrand:
    """A question on its way, whose answer is taken as soon as it is there."""

    def __init__(self, errand: Errand, take: Callable[[bytes], None]) -> None:
        self._errand = errand
        self._take = take
        self._is_given_up = False

    def answer(self) -> bytes | None:
        """See `Errand.answer`. Raises what `take` raises, where the answer is of no use."""
        content = self._errand.answer()
        if content is not None and not self._is_given_up:
            self._take(content)
        return content

    def give_up(self) -> None:
        """See `Errand.give_up`: an answer that comes all the same is not taken."""
        self._is_given_up = True
        self._errand.give_up()

    def close(self) -> None:
        """See `Errand.close`."""
        self._errand.close()


class SteadyClock:
    """Clock that goes on while the machine is suspended: a machine that wakes asks at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.wall = clock.wall
        self.elapsed = clock.elapsed

    def awake(self) -> MonotonicSeconds:
        """See `Clock.awake`."""
        return MonotonicSeconds(self._clock.elapsed())
