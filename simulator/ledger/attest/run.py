"""A run: the hours since the last one become claims, or are refused, and the last claim is handed out as a proof."""

import math
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from exporter.core.config import ConfigError
from exporter.core.printable import printable
from exporter.core.prometheus import Prometheus, refuse_skew
from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR
from simulator.ledger.attest.book import Book, begin, opened, subject_of
from simulator.ledger.attest.handed import Handed
from simulator.ledger.attest.hour import MILLIWATTS_PER_WATT, Hour, measure
from simulator.ledger.attest.scrapes import RefusedError
from simulator.ledger.attest.stored import Exporter, fetch, job_of
from simulator.ledger.booking.certificates import MILLIJOULES_PER_WATT_HOUR
from simulator.ledger.booking.credits import PARTS_PER_MICROGRAM
from simulator.ledger.file.measured import MICROGRAMS_PER_GRAM
from simulator.ledger.file.proofs import proof_bytes
from simulator.ledger.file.reading import ClaimName
from simulator.ledger.record.key_file import NoteKey
from simulator.ledger.record.rules import RuleError

SETTLED_SECONDS = 120.0
"""Seconds after an hour's end from which it is over. Judgement: a scrape may take its whole interval to be stored, by
default a minute, and its sample then bears the time at which it began."""

FIRST_HOURS = HOURS_PER_DAY
"""Hours before now with which a ledger begins where nothing else is said: a day. Chosen."""

MOST_HOURS = 400 * HOURS_PER_DAY
"""Most hours of a run: those that prometheus/prometheus.yml advises to keep. Each takes a question."""

DEFAULT_WATTS = 3680.0
"""Most watts that a device is believed to draw where nothing else is said: those of a household socket, 16 A at 230 V
(CEE 7/3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Wishes of a user: exporter and Prometheus, the files, bounds of the hours in Unix time, and the most watts."""

    exporter: Exporter
    url: str
    ledger: Path
    proof: Path
    key: Path
    since: float | None = None
    until: float | None = None
    watts: float | None = None


@dataclass(slots=True)
class Outcome:
    """Result of a run: hours attested and refused, sums of the attested ones, and whether any sample was found."""

    attested: int = 0
    refused: int = 0
    energy: int = 0
    emissions: int = 0
    is_known: bool = False


Say = Callable[[str], None]
"""Told each line of a run."""


class Attestation:
    """A run of `ecochain ledger attest`."""

    def __init__(
        self, wanted: Wanted, key: NoteKey, prometheus: Prometheus, wall: Callable[[], float], say: Say
    ) -> None:
        """Begin a run at the time that `wall` tells, which is this machine's."""
        self._wanted = wanted
        self._key = key
        self._prometheus = prometheus
        self._wall = wall
        self._say = say
        self._exporter = wanted.exporter
        self._stack = ExitStack()
        self._book: Book | None = None
        self._refusals: list[tuple[float, str]] = []
        self._last: Hour | None = None
        self._handed = Handed(wanted.proof, (wanted.ledger, wanted.key))
        self._now = 0.0
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """Attest all hours that are over. Raises ConfigError, StoreError and DamagedError."""
        refuse_skew(self._prometheus, self._wall)
        self._now = self._wall()
        self._handed.refuse_other_file()
        with self._stack:
            if self._wanted.ledger.exists():
                self._open()
            start, end = self._bounds()
            for number in range(round((end - start) / SECONDS_PER_HOUR)):
                self._attest(start + number * SECONDS_PER_HOUR)
            self._tell_refusals()
            if self._book is not None:
                self._book.make_final(self._now)
                self._hand_out(self._book)
                self._say(f"{self._wanted.ledger}: {self._book.summary()}")
        return self.outcome

    def _open(self) -> None:
        """Open the ledger. Raises ConfigError where it is about another exporter, or ahead of this machine's clock."""
        book = self._stack.enter_context(opened(self._wanted.ledger, self._key))
        subject, exporter = book.subject, self._wanted.exporter
        was = {"--prometheus": subject.prometheus, "--instance": subject.instance, "--job": subject.job}
        given = {"--prometheus": self._wanted.url, "--instance": exporter.instance, "--job": exporter.job}
        wrong = [
            f"{flag}: {self._wanted.ledger} was begun with {printable(was[flag])}; begin another one by --ledger"
            for flag, value in given.items()
            if value not in {None, was[flag]}
        ]
        if wrong:
            raise ConfigError(wrong)
        if self._now < max(book.end, book.reached):
            reached = shown(max(book.end, book.reached))
            raise ConfigError([f"{self._wanted.ledger}: reaches until {reached}, and this machine's clock is behind"])
        self._handed.refuse_proof_of_another(subject)
        self._book, self._exporter = book, replace(exporter, job=subject.job)
        book.make_final(self._now)

    def _bounds(self) -> tuple[float, float]:
        """Return where the first hour begins and the last one ends. Raises ConfigError."""
        since, until = self._wanted.since, self._wanted.until
        for flag, at in (("--since", since), ("--until", until)):
            if at is not None and at > self._now:
                raise ConfigError([f"{flag}: {shown(at)} is yet to come"])
        end = _floor(self._now - SETTLED_SECONDS)
        end = end if until is None else min(end, _floor(until))
        start = end - FIRST_HOURS * SECONDS_PER_HOUR if self._book is None else self._book.end
        if since is not None:
            start = -_floor(-since) if self._book is None else max(start, -_floor(-since))
            if end - start > MOST_HOURS * SECONDS_PER_HOUR:
                raise ConfigError([f"--since: expected at most {MOST_HOURS} hours, which are 400 days"])
        return max(start, end - MOST_HOURS * SECONDS_PER_HOUR), end

    def _attest(self, start: float) -> None:
        """Claim the hour that begins at a Unix time, or refuse it."""
        try:
            hour, job = self._measured(start)
        except RefusedError as error:
            if self._refusals and self._refusals[-1][1] != str(error):
                self._tell_refusals()
            self._refusals.append((start, str(error)))
            self.outcome.refused += 1
            return
        self._tell_refusals()
        book = self._book or self._begun(start, job)
        name = self._claimed(book, start, hour)
        self._last = hour
        emissions = hour.energy * hour.intensity // PARTS_PER_MICROGRAM
        self.outcome.attested += 1
        self.outcome.energy += hour.energy
        self.outcome.emissions += emissions
        notes = f" ({'; '.join(map(printable, hour.notes))})" if hour.notes else ""
        self._say(f"{shown(start)}  {amounts(hour.energy, emissions)}, claim {name}{notes}")

    def _measured(self, start: float) -> tuple[Hour, str]:
        series = fetch(self._prometheus, self._exporter, start)
        self.outcome.is_known |= bool(series)
        hour = measure(series, start, self._milliwatts())
        return hour, job_of(series[0])

    def _milliwatts(self) -> int:
        if self._wanted.watts is not None:
            return round(self._wanted.watts * MILLIWATTS_PER_WATT)
        registered = None if self._book is None else self._book.milliwatts()
        return registered or round(DEFAULT_WATTS * MILLIWATTS_PER_WATT)

    def _begun(self, start: float, job: str) -> Book:
        """Begin the ledger with the hour at a Unix time. Raises StoreError, and ConfigError for another's proof."""
        self._exporter = replace(self._exporter, job=job)
        subject = subject_of(self._exporter, self._wanted.url, start, self._key)
        self._handed.refuse_proof_of_another(subject)
        begin(self._wanted.ledger, subject, self._key)
        self._book = self._stack.enter_context(opened(self._wanted.ledger, self._key))
        return self._book

    def _claimed(self, book: Book, start: float, hour: Hour) -> ClaimName:
        try:
            return book.claim(start, hour, self._milliwatts())
        except RuleError as error:
            raise ConfigError([f"{self._wanted.ledger}: does not take the hour {shown(start)}: {error}"]) from error

    def _tell_refusals(self) -> None:
        """Tell the hours in a row that are refused for the same reason."""
        if self._refusals:
            (start, reason), (last, _), count = self._refusals[0], self._refusals[-1], len(self._refusals)
            hours = (
                shown(start) if count == 1 else f"{shown(start)} to {shown(last + SECONDS_PER_HOUR)}, {count} hours:"
            )
            self._say(f"{hours}  refused: {reason}")
        self._refusals.clear()

    def _hand_out(self, book: Book) -> None:
        """Write the proof of the last claim, where it is not there yet. Raises ConfigError."""
        last, path = book.last, self._wanted.proof
        if last is None:
            return
        hour = self._last
        if hour is None:
            if (before := self._handed.proof()) is not None and book.is_proven_by(before):
                return
            with suppress(RefusedError):
                hour, _ = self._measured(last.start)
        proof = None if hour is None else book.proof(last.name, hour.intensity_source, hour.models)
        if proof is None:
            self._say(f"{path}: not written: the Prometheus tells other figures of claim {last.name} now")
            return
        self._handed.write(proof_bytes(proof))
        self._say(f"{path}: proves claim {last.name}")


def _floor(at: float) -> float:
    return math.floor(at / SECONDS_PER_HOUR) * SECONDS_PER_HOUR


def shown(at: float) -> str:
    """Return a time in UTC, to the minute."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def amounts(energy: int, emissions: int) -> str:
    """Return millijoules and micrograms as people read them."""
    return f"{energy / MILLIJOULES_PER_WATT_HOUR:.3f} Wh, {emissions / MICROGRAMS_PER_GRAM:.3f} g of CO2e"
