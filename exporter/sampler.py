"""The only stateful loop: read, derive, save, publish."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from exporter import totals
from exporter.audit.result import AuditResult
from exporter.core.clock import Clock
from exporter.core.config_load import ConfigLoad
from exporter.core.logs import Seldom
from exporter.core.tidying import Stop
from exporter.core.units import GramsPerSecond, MonotonicSeconds, Seconds, UnixSeconds
from exporter.derive import BudgetPlan, Models, Unfinished, begin, derive
from exporter.downtime import PATIENCE, is_awaited, last_reading
from exporter.power.model import HostPowerModel
from exporter.snapshot import Snapshot
from exporter.sources.reading import HostReading
from exporter.totals import Exported, Totals
from exporter.usage.between import carry_forward, usage_between
from exporter.usage.events import Event, EventKind

if TYPE_CHECKING:
    from exporter.optimize.found import Optimizations

LOG = logging.getLogger(__name__)

UNSAVED = Event(kind=EventKind.DISCARD, source="state", reason="unsaved")
"""A save that the disk refused."""


class Source(Protocol):
    """Source of readings."""

    def read(self) -> HostReading:
        """Read everything once; a part that fails is None."""


class Store(Protocol):
    """Place where totals are saved before they are published."""

    def save(self, totals: Totals, now: UnixSeconds, *, clean_stop: bool = False) -> None:
        """Keep the totals. Raises OSError."""

    def publishable(self, exported: Exported, /) -> Exported:
        """Return what may be published where the counters are `exported`."""


class Advisor(Protocol):
    """Looks at what strategies may save and at settings left changed, a few minutes apart."""

    def look(self, snapshot: Snapshot, reading: HostReading, model: HostPowerModel, /) -> "Optimizations | None":
        """Return what the last look found, which may be this one, by the power model in force.

        Whatever it raises costs the look alone; asked again for the same reading, it returns what became of that.
        """


class Journal(Protocol):
    """Record of the past, row by row; what it cannot write it loses."""

    def record(self, snapshot: Snapshot, awake: MonotonicSeconds, /) -> int:
        """Note a sample that was read at an awake time; return how many rows could not be written."""

    def flush(self) -> int:
        """Write what has been noted; return how many rows could not be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """Receivers of each sample: where it is published, and the state folder and the journal, where there are any."""

    publish: Callable[[Snapshot], None]
    store: Store | None = None
    journal: Journal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Models, plan and limit by which use is counted, and what is shown; all may change between two samples."""

    models: Models
    plan: BudgetPlan
    emission_limit: GramsPerSecond
    equivalents: bool = True
    proof: Path | None = None  # file of the proof that is shown


class Sampler:
    """Sampling loop: takes samples and publishes a snapshot after each."""

    def __init__(
        self,
        initial: Snapshot,
        *,
        source: Source,
        clock: Clock,
        settings: Settings,
        outlets: Outlets,
        advisor: Advisor | None = None,
        audit: Callable[[], AuditResult | None] = lambda: None,
    ) -> None:
        """Prepare the loop; `initial` carries the totals to continue from, and `audit` tells of the last audit."""
        self._snapshot = initial
        self._source = source
        self._clock = clock
        self._settings = settings
        self._next = settings
        self._store = outlets.store
        self._journal = outlets.journal
        self._publish = outlets.publish
        self._advisor = advisor
        self._audit = audit
        self._unfinished: Unfinished | None = None
        self._previous: HostReading | None = None
        self._first_try: MonotonicSeconds | None = None
        self._failures = Seldom()
        self._refusals = Seldom()

    def run(self, stop: Stop) -> None:
        """Sample until told to stop: a first reading if there is none, a first sample soon after, one per interval."""
        interval = self._snapshot.interval
        due = self._clock.awake()
        if self._previous is None:
            self.sample_once()
        step = min(1.0, interval)
        while True:
            due = MonotonicSeconds(due + step)
            step = min(1.0, interval) if self._previous is None else interval
            now = self._clock.awake()
            if due < now:
                due = MonotonicSeconds(now + interval)
            if stop.wait(due - now):
                return
            self.sample_once()

    @property
    def settings(self) -> Settings:
        """Settings by which use will be counted after the next sample."""
        return self._next

    def adopt(self, settings: Settings) -> None:
        """Count by other settings after the next sample: the time up to it is still counted by those in force."""
        self._next = settings

    def note_config(self, *, is_good: bool) -> None:
        """Show at once that the configuration was read again, and whether it could be used."""
        good_at = self._clock.wall() if is_good else self._snapshot.config.good_at
        self._show(replace(self._snapshot, config=ConfigLoad(is_good=is_good, good_at=good_at)))

    def sample_once(self) -> None:
        """Take one sample. Any failure costs it and is counted, one a minute is logged, and the loop goes on."""
        try:
            self.sample()
        except Exception:
            if self._failures.allows(self._clock.awake()):
                LOG.exception("a sample failed")
            counted = totals.with_events(
                self._snapshot.totals, [Event(kind=EventKind.DISCARD, source="sampler", reason="error")]
            )
            self._show(self._saved(replace(self._snapshot, totals=counted), self._clock.wall()))
        if self._next is not self._settings:
            self._take_settings(self._next)

    def sample(self) -> None:
        """Read, derive, save, publish; the first reading books what the time before it left."""
        started = self._clock.awake()
        reading = self._source.read()
        if self._is_too_early(reading):
            self._show(replace(self._snapshot, outcomes=reading.outcomes))
            return
        models, plan = self._settings.models, self._settings.plan
        if self._previous is None or self._unfinished is None:
            intensity = models.intensity.ask(reading.wall)
            snapshot, self._unfinished = begin(self._snapshot, reading, intensity, models=models, plan=plan)
            self._previous = reading
        else:
            usage = usage_between(self._previous, reading, interval=self._snapshot.interval)
            snapshot, self._unfinished = derive(
                self._snapshot,
                reading,
                usage,
                models.intensity.ask(reading.wall),
                models=models,
                plan=plan,
                unfinished=self._unfinished,
            )
            self._previous = carry_forward(self._previous, reading)
        last = last_reading(self._previous, self._unfinished.flat, self._unfinished.pending)
        snapshot = replace(snapshot, totals=replace(snapshot.totals, last=last))
        snapshot = replace(self._advised(snapshot, reading), audit=self._audit(), attestation=reading.attestation)
        # Kept at once: whatever goes wrong while it is saved, its energy has been booked.
        self._snapshot = snapshot
        if self._journal is not None:
            self._count_unwritten(self._journal.record(snapshot, reading.awake))
            snapshot = self._snapshot
        snapshot = self._saved(snapshot, reading.wall)
        self._show(replace(snapshot, sample_duration=Seconds(self._clock.awake() - started)))

    def _take_settings(self, settings: Settings) -> None:
        """Count by other settings from here on; what shows them is published with the next sample."""
        self._settings = settings
        self._snapshot = replace(
            self._snapshot,
            emission_limit=settings.emission_limit,
            pue=settings.models.pue,
            reference=settings.models.reference,
            embodied=settings.models.embodied,
            equivalents=settings.equivalents,
        )

    def _advised(self, snapshot: Snapshot, reading: HostReading) -> Snapshot:
        """Return the snapshot with what strategies find; a look that fails is counted, and is what is found."""
        if self._advisor is None:
            return snapshot
        model = self._settings.models.host
        try:
            return replace(snapshot, optimizations=self._advisor.look(snapshot, reading, model))
        except Exception:
            if self._failures.allows(reading.awake):
                LOG.exception("a look at strategies failed")
            event = Event(kind=EventKind.DISCARD, source="optimize", reason="error")
            snapshot = replace(snapshot, totals=totals.with_events(snapshot.totals, [event]))
        return replace(snapshot, optimizations=self._advisor.look(snapshot, reading, model))

    def _is_too_early(self, reading: HostReading) -> bool:
        """Tell whether a first reading has to wait, for a meter that may prove the time before it."""
        if self._previous is not None:
            return False
        self._first_try = reading.awake if self._first_try is None else self._first_try
        return reading.awake - self._first_try < PATIENCE and is_awaited(self._snapshot.totals.last, reading)

    def save_clean_stop(self) -> None:
        """Write and save for the last time, so that counters continue even if the machine restarts."""
        if self._journal is not None:
            self._count_unwritten(self._journal.flush())
        self._saved(self._snapshot, self._clock.wall(), clean_stop=True)

    def _count_unwritten(self, rows: int) -> None:
        """Count rows of the journal that were lost."""
        lost = [Event(kind=EventKind.DISCARD, source="journal", reason="unwritten")] * rows
        self._snapshot = replace(self._snapshot, totals=totals.with_events(self._snapshot.totals, lost))

    def _show(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot, and publish as much of it as a restart would not fall behind."""
        self._snapshot = snapshot
        if self._store is not None:
            exported = self._store.publishable(snapshot.totals.exported)
            snapshot = replace(snapshot, totals=replace(snapshot.totals, exported=exported))
        self._publish(snapshot)

    def _saved(self, snapshot: Snapshot, now: UnixSeconds, *, clean_stop: bool = False) -> Snapshot:
        """Save the totals, and return the snapshot with the time of that; a refusal is counted instead.

        The log has a line where a series of refusals begins, and where it ends.
        """
        if self._store is None:
            return snapshot
        try:
            self._store.save(snapshot.totals, now, clean_stop=clean_stop)
        except OSError as error:
            if self._refusals.changes(self._clock.awake(), "refused"):
                LOG.error("state cannot be saved: %s", error.strerror)  # noqa: TRY400 - one line, no traceback
            return replace(snapshot, totals=totals.with_events(snapshot.totals, [UNSAVED]))
        if self._refusals.changes(self._clock.awake(), ""):
            LOG.info("state is saved again")
        return replace(snapshot, state_saved_at=now)
