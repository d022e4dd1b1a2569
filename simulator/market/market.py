"""A market that is asked now and then, beside the run, and its last good price until that is too old."""

import logging
import random
from collections import Counter
from collections.abc import Callable

import msgspec

from exporter.core.asking_child import LIMIT, Repetitions, SteadyClock, TakenErrand, ask_in_child
from exporter.core.clock import Clock
from exporter.core.errand import Errand, Errands
from exporter.core.logs import Seldom
from exporter.core.no_answer import NoAnswerError
from exporter.core.units import SECONDS_PER_DAY, SECONDS_PER_HOUR, Seconds, UnixSeconds
from simulator.assembly.credit_prices import HIGHEST_PLAUSIBLE
from simulator.market.document import CLOCK_TOLERANCE, DocumentError
from simulator.market.exchange import Question, Reason, Told, question_of
from simulator.market.section import SHORTEST_INTERVAL, MarketSection
from simulator.market.state import MarketState, Quote

LOG = logging.getLogger(__name__)

TONNES = {"t": 1.0, "kg": 1e-3, "g": 1e-6, "short-ton": 0.90718474}
"""Tonnes in each unit; a short ton is 2,000 pounds of 0.45359237 kg (NIST Special Publication 811)."""

REPETITIONS_SHARE = 0.25
"""Questions repeated after failures within a day, as a share of the regular ones: as with grids, 6 beside 24."""

FEWEST_REPETITIONS = 6
"""Questions that may be repeated within a day, at least."""

SPREAD = 0.1
"""Greatest part of the interval by which a question comes later, by chance: many machines do not ask at once."""

DOLLAR_LIKE = frozenset({"CHF", "EUR", "GBP", "USD"})
"""Currencies in which a price above the highest in force is odd."""


def send_child(question: Question) -> Errand:
    """Start the process that asks."""
    return ask_in_child("simulator.market", msgspec.json.encode(question).decode())


class Market:
    """A market, asked by child processes. Nothing here ever waits."""

    def __init__(
        self,
        section: MarketSection,
        clock: Clock,
        *,
        send: Callable[[Question], Errand] = send_child,
        draw: Callable[[], float] = random.random,
        discarded: Counter[str] | None = None,
    ) -> None:
        """Prepare to ask; `draw` gives numbers in [0, 1), `discarded` are the counts of a market before this one."""
        self._section = section
        self._clock = clock
        self._send = send
        self._draw = draw
        interval = Seconds(section.interval_seconds)
        most = max(FEWEST_REPETITIONS, int(REPETITIONS_SHARE * SECONDS_PER_DAY / interval))
        self._repetitions = Repetitions(clock, interval=interval, most_a_day=most, draw=draw)
        self._errands = Errands(SteadyClock(clock), self._ask, interval=interval, limit=LIMIT, pause=self._pause)
        self._quote: Quote | None = None
        self._rest = 0.0
        self._failure: Exception | None = None
        self._is_up: bool | None = None
        self.discarded = Counter(dict.fromkeys(map(str, Reason), 0)) if discarded is None else discarded
        self._lines, self._odd = Seldom(), Seldom()

    def look(self) -> MarketState:
        """Take what has been answered, ask again where it is time, and return the market as it is now."""
        failure: Exception | None = None
        try:
            if self._errands.latest() is not None:
                self._is_up = True
        except (NoAnswerError, OSError) as error:
            failure, self._is_up = error, False
        if failure is not None and failure is not self._failure:
            self.discarded[getattr(failure, "reason", Reason.FAILED)] += 1
        self._failure = failure
        trouble = "" if failure is None else str(failure) or type(failure).__name__
        self._log(trouble)
        return self._state(trouble)

    def close(self) -> None:
        """End a child that is at work."""
        self._errands.close()

    def _ask(self) -> Errand:
        self._rest = 0.0
        return TakenErrand(self._send(question_of(self._section, self._clock.wall())), self._take)

    def _pause(self, failures: int) -> Seconds:
        """Return the time to the next question: never short, spread by chance, and as long as the server asks for."""
        pause = self._repetitions.pause(failures) * (1.0 + SPREAD * self._draw())
        return Seconds(max(SHORTEST_INTERVAL, pause, min(self._rest, SECONDS_PER_DAY)))

    def _take(self, content: bytes) -> None:
        """Keep the price of an answer that can be one. Raises NoAnswerError for any other, and keeps the last."""
        try:
            told = msgspec.json.decode(content, type=Told)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NoAnswerError("its answer is not understood") from error
        self._rest = told.retry_after or 0.0
        if told.price is None or told.time is None:
            raise DocumentError(told.reason or Reason.MALFORMED, told.trouble or "its answer has no price")
        self._quote = self._checked(told.price, told.time)

    def _checked(self, price: float, time: float) -> Quote:
        section, per_tonne = self._section, price / TONNES[self._section.per]
        age = self._clock.wall() - time
        if not section.lowest <= per_tonne <= section.highest:
            told = f"its price per tonne is not from {section.lowest:g} to {section.highest:,.0f} {section.currency}"
            raise DocumentError(Reason.OUT_OF_RANGE, told)
        if age < -CLOCK_TOLERANCE:
            raise DocumentError(Reason.FUTURE, "its price is of the future")
        if age > section.max_age_hours * SECONDS_PER_HOUR:
            raise DocumentError(Reason.OLD, f"its price is older than {section.max_age_hours:g} hours")
        return Quote(per_tonne=per_tonne, at=UnixSeconds(time))

    def _in_force(self) -> Quote | None:
        if self._quote is None:
            return None
        age = self._clock.wall() - self._quote.at
        return self._quote if -CLOCK_TOLERANCE <= age <= self._section.max_age_hours * SECONDS_PER_HOUR else None

    def _state(self, trouble: str) -> MarketState:
        section = self._section
        return MarketState(
            name=section.name,
            currency=section.currency,
            method=section.method,
            source="http" if section.file is None else "file",
            quote=self._in_force(),
            is_up=self._is_up,
            trouble=trouble,
            discarded=dict(self.discarded),
        )

    def _log(self, trouble: str) -> None:
        now, name, quote = self._clock.awake(), self._section.name, self._quote
        if self._lines.changes(now, trouble and "fails"):
            if trouble:
                LOG.warning("no price of credits from %s: %s", name, trouble)
            else:
                LOG.info("%s tells the price of credits again", name)
        is_odd = quote is not None and self._section.currency in DOLLAR_LIKE and quote.per_tonne > HIGHEST_PLAUSIBLE
        if self._odd.changes(now, "odd" if is_odd else "") and quote is not None and is_odd:
            LOG.warning(
                "%s: %s %s per tonne is above any carbon price in force, of which the highest was $167 in 2024",
                name,
                f"{quote.per_tonne:,.2f}",
                self._section.currency,
            )
