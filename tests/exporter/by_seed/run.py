"""A run: all that a plan lets happen to an exporter, in one order, and the laws that it must not break."""

import hashlib
import logging
import math
import random
from collections import OrderedDict
from contextlib import closing, suppress
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from exporter import build
from exporter.build import Paths, build_sampler
from exporter.config import Config
from exporter.core.config import ConfigError
from exporter.core.metrics import Representation
from exporter.intensity.ask_live import AskedLiveProvider
from exporter.intensity.live import LiveIntensity
from exporter.intensity.providers.provider import Question
from exporter.intensity.static import preset_intensity
from exporter.journal.journal import Journal
from exporter.snapshot import STALE_AFTER_INTERVALS, Snapshot
from exporter.state import StateError
from exporter.state_lock import StateLock
from exporter.totals import Totals
from tests.exporter.by_seed import disk
from tests.exporter.by_seed.checks import Checks
from tests.exporter.by_seed.disk import Copies, Held, Key, KilledError, PlanJournal, PlanStore, held_in
from tests.exporter.by_seed.laws import Account, BrokenError, Law, Lines, check_no_fall, counters, need
from tests.exporter.by_seed.machine import Machine, Sampled
from tests.exporter.by_seed.plan import STARTS, Fault, Kind, Plan
from tests.exporter.by_seed.provider import Script
from tests.exporter.by_seed.room import config_of, let_fail, listening
from tests.exporter.by_seed.tree import Tree

MOMENTS = (Kind.STEP, Kind.LEAP, Kind.STALL, Kind.PAUSE, Kind.SUSPEND, Kind.RESET, Kind.JUMP, Kind.CARD, Kind.DELETED)
"""Kinds that happen in a moment; others last, or end a run of the exporter."""

LOOKS = 50
"""Samples of which one is looked at as Prometheus does, in full."""

KEPT_SAVES = 4000
"""Saves whose accounts are kept: no file of a state folder is older, since no fault lasts for so many."""

LOAD_HOLDS = 400.0
"""Seconds between two changes of the load, on average."""

DISK = (Kind.FULL, Kind.READ_ONLY, Kind.DELETED, Kind.UNWRITTEN)

OF_A_PROCESS = ("ecotrack_grid_discarded_answers_total",)
"""Counters that begin at zero with each process."""

TEXT = Representation(openmetrics=False, gzipped=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The story of a run: its events, how many samples it had, a digest, and the law that was broken, if any."""

    events: tuple[str, ...]
    samples: int
    lines: int
    digest: str
    broken: str


def run(plan: Plan, folder: Path) -> Told:
    """Run a plan with files in an empty folder."""
    course = Course(plan, folder)
    broken = ""
    with listening(course.hear), pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "asked_intensity", course.intensity)
        let_fail(patch, course.machine.met, course.is_torn)
        try:
            course.run()
        except BrokenError as error:
            broken = str(error)
        except Exception as error:  # noqa: BLE001 - whatever ends a run breaks a law
            broken = f"{Law.RUNS}: {type(error).__name__}: {str(error).rpartition('/')[2]}"
    if broken:
        course.tell(broken)
    return Told(
        events=tuple(course.events),
        samples=course.samples,
        lines=course.lines.count,
        digest=course.digest.hexdigest()[:16],
        broken=broken,
    )


class Course:
    """The lives of an exporter one after another; it is the `Stop` of each."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.machine = Machine(plan, Tree(folder / "tree") if plan.has(Kind.FILES) else None)
        self.checks = Checks(self.machine)
        self.script = Script(self.machine)
        self.lines = Lines()
        self.events: list[str] = []
        self.samples = 0
        self.digest = hashlib.sha256()
        self._state, self._journal = folder / "state", folder / "journal"
        self._copies = Copies(self._state)
        self._accounts: OrderedDict[Key, Account] = OrderedDict()
        self._waiting = list(reversed(plan.faults))
        self._chance = random.Random(f"run {plan.seed}")  # noqa: S311 - chance, not secrets
        self._load_until = 0.0
        self._end: Fault | None = None
        self._was_saved = False
        self._shown: dict[str, float] = {}
        self._saved_at: float | None = None
        self.machine.on_read = self._on_read

    def run(self) -> None:
        """Let all happen."""
        while self.machine.time < self.plan.seconds:
            self._live()
        self._strike_due(math.inf)
        self.machine.active.clear()
        PlanJournal(self._journal, self.machine, self._refused).close()  # which cuts off what was torn last
        disk.check_rows(self._journal)

    def tell(self, event: str) -> None:
        """Note an event of the story."""
        line = f"{self.machine.time:11.1f} s  {event}"
        self.events.append(line)
        self.digest.update(line.encode())

    def hear(self, record: logging.LogRecord) -> None:
        """Take a line of the log."""
        text = record.getMessage()
        need("a sample failed" not in text, Law.RUNS, f"{text}: {record.exc_info and record.exc_info[1]!r}")
        self.tell(f"log: {text.replace(str(self._state), 'STATE').replace(str(self._journal), 'JOURNAL')}")
        self.lines.write(" ".join(text.split()[:3]), self.machine.time)

    def intensity(self, _config: Config, _clock: object) -> AskedLiveProvider:
        """Return the asked provider of a life."""
        self.script.discarded.clear()
        question = Question(provider="json")
        live = LiveIntensity(question, self.machine, send=self.script.send, draw=self._chance.random)
        return AskedLiveProvider(live, preset_intensity("cep"), "json")

    def _live(self) -> None:
        """Start the exporter, and let it run until it ends."""
        machine = self.machine
        self.lines.begin_anew(machine.time)
        self._end, machine.sampled = None, Sampled()
        self._strike_due(machine.time)
        held = held_in(self._state)
        try:
            self._open(held)
        except (StateError, ConfigError) as error:
            self._refuse(error, held)
            return
        self._between()

    def _open(self, held: Held) -> None:
        store = PlanStore(self._state, self.machine)
        with closing(store):
            files = PlanJournal(self._journal, self.machine, self._refused)
            with closing(files):
                try:
                    self._run(store, Journal(files), held)
                except KilledError:
                    self.tell("killed")
                    self._note_published()

    def _refuse(self, error: Exception, held: Held) -> None:
        """Check that a start ends in one line for a reason, and try again after an interval."""
        is_io = self.machine.met(Kind.UNREAD) is not None and "Input/output error" in str(error)
        need(is_io or "is using it" in str(error), Law.RUNS, str(error))
        need("\n" not in str(error) and held_in(self._state) == held, Law.REFUSED, str(error))
        self.tell("cannot start")
        self.machine.advance(self.plan.interval)

    def _run(self, store: PlanStore, journal: Journal, held: Held) -> None:
        self._store, store.attempted, store.refused = store, self._attempted, self._unsaved
        sampler, publication = build_sampler(
            config_of(self.plan), self.machine, Paths(), self.machine.sources(), store, journal=journal
        )
        self._sampler, self._publication = sampler, publication
        totals = sampler._snapshot.totals
        self._check_loaded(held, totals)
        self._saved_at = sampler._snapshot.state_saved_at
        sampler.sample_once()
        sampler.run(self)
        if self._end is not None:
            sampler.save_clean_stop()
            self.tell("stopped")

    def _note_published(self) -> None:
        """Note what was published last, which a killed sample may have been too."""
        found = counters(self._publication.latest()[0].totals.exported)
        check_no_fall(self.checks.published, found)
        self.checks.published = found

    def _attempted(self, key: Key, totals: Totals, clean_stop: bool) -> None:
        if not clean_stop:
            self.checks.booked(totals)
        account = copy(self.checks.account)
        account.tally = account.tally.copy()
        self._accounts[key] = account
        if len(self._accounts) > KEPT_SAVES:
            self._accounts.popitem(last=False)

    def _unsaved(self) -> None:
        self.checks.account.tally["state", "unsaved"] += 1

    def is_torn(self) -> bool:
        """Tell whether the exporter is killed within a row of the journal."""
        return self._end is not None and self._end.kind is Kind.TORN

    def _refused(self, rows: int) -> None:
        self.checks.account.tally["journal", "unwritten"] += rows

    def wait(self, seconds: float, /) -> bool:
        """See `Stop.wait`: look at the last sample, and let what is due happen; return whether to stop."""
        self._look()
        machine = self.machine
        machine.sampled = Sampled()
        until = machine.time + seconds
        while self._waiting and self._waiting[-1].at <= until and self._end is None:
            fault = self._waiting.pop()
            machine.advance(max(0.0, fault.at - machine.time))
            self._begin(fault)
        machine.advance(max(0.0, until - machine.time))
        self._expire()
        if machine.time >= self._load_until:
            machine.change_load()
            self._load_until = machine.time + self._chance.expovariate(1.0 / LOAD_HOLDS)
        if self._end is None:
            return machine.time >= self.plan.seconds
        if self._is_clean(self._end):
            return True
        if self._end.point == "between samples":
            raise KilledError
        self._store.kill_at = self._end.point
        return False

    def _is_clean(self, fault: Fault) -> bool:
        return fault.kind is Kind.STOP or (fault.kind in (Kind.REBOOT, Kind.OLD, Kind.LOCKED) and fault.amount < 0.5)

    def _begin(self, fault: Fault) -> None:
        self.tell(f"{fault.kind}{f': {fault.source}' if fault.source else ''} {fault.amount:g}, {fault.seconds:g} s")
        if fault.kind in STARTS:
            self._end = fault
            if fault.kind is Kind.UNREAD:
                self.machine.active.append(replace(fault, seconds=2.0 * fault.seconds))
        elif fault.kind in MOMENTS:
            self._strike(fault)
        else:
            self.machine.active.append(fault)

    def _strike(self, fault: Fault) -> None:
        machine = self.machine
        if fault.kind is Kind.STEP:
            machine.wall_at += fault.amount
            self.lines.begin_anew(machine.time)
        elif fault.kind is Kind.LEAP:
            machine.wall_at -= 1.0
        elif fault.kind is Kind.STALL:
            machine.advance(fault.amount)
        elif fault.kind is Kind.PAUSE:
            machine.pause(fault.amount)
        elif fault.kind is Kind.SUSPEND:
            machine.sleep(fault.amount)
        elif fault.kind is Kind.DELETED:
            disk.delete(self._state)
        else:
            machine.strike(fault)
            self.checks.struck.add("cards" if fault.kind is Kind.CARD else fault.source)
            machine.cards_changed |= fault.kind is Kind.CARD

    def _strike_due(self, now: float) -> None:
        """Drop what would have happened while the exporter was not there, but for what lasts."""
        while self._waiting and self._waiting[-1].at <= now:
            fault = self._waiting.pop()
            if fault.kind not in STARTS and fault.kind not in MOMENTS:
                self.machine.active.append(fault)
        self._expire()

    def _expire(self) -> None:
        now = self.machine.time
        self.machine.active = [one for one in self.machine.active if one.at + one.seconds > now]

    def _on_read(self, source: str) -> None:
        if self._end is not None and self._end.point == "while reading" and source == "network":
            raise KilledError

    def _between(self) -> None:
        """Let happen what does between two lives."""
        fault, machine = self._end, self.machine
        if fault is None:
            return
        self._harmed = disk.harm(self._state, fault)
        lock = None
        if fault.kind is Kind.LOCKED:
            with suppress(OSError):
                lock = StateLock(self._state)
        if fault.kind in (Kind.REBOOT, Kind.POWER):
            machine.reboot(fault.seconds)
        else:
            machine.advance(fault.seconds)
        if fault.kind is Kind.OLD and self._copies.put_back(machine):
            self._harmed = True
        if lock is not None:
            self._be_refused(lock)

    _harmed = False

    def _be_refused(self, lock: StateLock) -> None:
        with closing(lock):
            try:
                PlanStore(self._state, self.machine).close()
            except StateError as error:
                need("another ecotrack is using it" in str(error), Law.RUNS, str(error))
            else:
                need(False, Law.RUNS, "two instances have one state folder")

    def _look(self) -> None:
        """Look at what is published after a sample."""
        snapshot, exposition, is_fresh = self._publication.latest()
        self.samples += 1
        age = self.machine.elapsed_at - self.machine.sampled.elapsed
        is_young = snapshot.sampled_at is not None and age <= STALE_AFTER_INTERVALS * self.plan.interval
        need(is_fresh is is_young, Law.SHOWN, f"a sample of {age:.1f} s ago is fresh: {is_fresh}")
        self.checks.shown(snapshot, is_fresh=is_fresh)
        fixed = float(preset_intensity("cep").at(self.machine.wall()).value)
        self.checks.check_intensity(snapshot, self.script.told, fixed, self.script.discarded)
        self._check_saved(snapshot)
        self.digest.update(repr((snapshot.totals.lifetime_energy, snapshot.totals.lifetime_emissions)).encode())
        if self.samples % LOOKS == 1:
            self._scrape(exposition.body(TEXT), snapshot)
        if self.samples % 500 == 250:
            self._copies.keep(self.machine)

    def _check_saved(self, snapshot: Snapshot) -> None:
        if self._store.is_saved:
            self._saved_at = self.machine.sampled.wall
        need(snapshot.state_saved_at == self._saved_at, Law.SAVED, f"{snapshot.state_saved_at} for {self._saved_at}")
        if not self.plan.has(*DISK):
            need(self._store.is_saved, Law.SAVED, "a save was refused")
        self._was_saved |= self._store.is_saved

    def _scrape(self, body: bytes, snapshot: Snapshot) -> None:
        """Read the exposition as Prometheus does."""
        found: dict[str, float] = {}
        for line in body.decode().splitlines():
            if line.startswith("ecotrack_"):
                name, _, value = line.rpartition(" ")
                found[name] = float(value)
        counters = {name: one for name, one in found.items() if name.partition("{")[0].endswith("_total")}
        check_no_fall(self._shown, counters)
        self._shown = counters
        need(found["ecotrack_samples_total"] == snapshot.totals.exported.samples, Law.SHOWN, "samples")
        for outcome in snapshot.outcomes:
            is_missing = f'ecotrack_source_state{{source="{outcome.collector}"' not in body.decode()
            need(not is_missing, Law.SHOWN, f"no state of {outcome.collector}")
        has_use = "ecotrack_cpu_utilization_ratio" in found
        need(has_use is (snapshot.readings.cpu_utilization is not None), Law.MISSING, "use of the CPUs")

    def _check_loaded(self, held: Held, totals: Totals) -> None:
        """Check what a life goes on from, by what its files say."""
        saved, machine = held.best, self.machine
        key = None if saved is None else (saved.boot_id, saved.sequence, saved.saved_elapsed)
        account = None if key is None else self._accounts.get(key)
        is_same = saved is not None and saved.boot_id == f"boot {machine.boot}"
        if saved is not None:
            need(totals.lifetime_energy == saved.totals.lifetime_energy, Law.GOES_ON, "lifetime of another save")
            need(totals.booked == saved.totals.booked, Law.GOES_ON, "budgets of another save")
        elif not self.plan.has(*DISK, Kind.FLIP, Kind.OLD, Kind.POWER):
            need(not self._was_saved, Law.GOES_ON, "nothing is left of what was saved")
        goes_on = bool(totals.exported.samples)
        self.tell(f"starts, {'goes on' if goes_on else 'from zero'}")
        self._shown = {name: one for name, one in self._shown.items() if not name.startswith(OF_A_PROCESS)}
        if goes_on:
            in_time = is_same and saved is not None and machine.elapsed_at <= saved.exact_until
            may = saved is not None and (saved.clean_stop or in_time)
            need(may, Law.NO_FALL, "counters go on from a save that is too old")
        else:
            self._check_zero(held, totals)
            self.checks.published, self._shown = {}, {}
        self._harmed = False
        self.checks.begin(account, totals, is_same_boot=is_same)

    def _check_zero(self, held: Held, totals: Totals) -> None:
        """Check that counters begin at zero all together, and only after a stop of which the design says so."""
        need(not totals.exported.energy and not totals.exported.devices, Law.NO_FALL, "some counters begin at zero")
        saved = held.best
        if saved is None or self._harmed or self.plan.has(*DISK) or not saved.totals.exported.samples:
            return
        in_time = saved.boot_id == f"boot {self.machine.boot}" and self.machine.elapsed_at <= saved.exact_until
        need(not saved.clean_stop and not in_time, Law.NO_FALL, "counters begin at zero for no reason")
