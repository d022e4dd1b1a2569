"""Bugs that are put into the shipped code on purpose, so that it is known that runs by seed find such ones."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from exporter import derive, sampler, state, totals
from exporter.core.logs import Seldom
from exporter.core.units import BytesPerSecond, Seconds, UnixSeconds
from exporter.intensity import live, reading
from exporter.intensity.reading import IntensityUnavailableError
from exporter.journal import files
from exporter.power.component import EnergyCounter
from exporter.snapshot import Throughput
from exporter.sources import cpu
from exporter.sources.reading import HostReading
from exporter.state import StateError, StateStore
from exporter.totals import Exported, Totals
from exporter.usage import between, gaps, network, sensors
from exporter.usage.events import Event, Events

Patch = pytest.MonkeyPatch

NO_THROUGHPUT = Throughput(received=BytesPerSecond(0.0), sent=BytesPerSecond(0.0))


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug by its name, how it is put in, and the seed that finds it within an hour."""

    name: str
    put: Callable[[Patch], None]
    seed: int


def _nothing_is_carried(patch: Patch) -> None:
    """Forget a counter that could not be read, as if the next reading were the first."""
    patch.setattr(sampler, "carry_forward", lambda _previous, current: current)


def _suspension_is_energy(patch: Patch) -> None:
    patch.setattr(between, "was_suspended", lambda _previous, _current: False)


def _no_turn_is_missed(patch: Patch) -> None:
    patch.setattr(sensors, "may_have_turned", lambda _before, _now: False)


def _missed_turns_are_not_counted(patch: Patch) -> None:
    """Believe nothing of a reading since which a turn may be missing, and tell nobody of it."""
    before = sensors.believed

    def silent(*told: object) -> sensors.Believed:
        return replace(before(*told), events=())  # type: ignore[arg-type]

    patch.setattr(derive, "believed", silent)


def _falls_are_turns(patch: Patch) -> None:
    """Take every fall of an energy counter for a turn of it."""
    gained = sensors._gained

    def lax(before: EnergyCounter, now: EnergyCounter) -> float | None:
        found = gained(before, now)
        return found if found is not None or now.wraps_at is None else now.energy

    patch.setattr(sensors, "_gained", lax)


def _reset_cards_count_from_zero(patch: Patch) -> None:
    """Believe what a network counter holds after a fall."""
    patch.setattr(network, "counted", lambda old, new: new - old if new >= old else new)


def _any_kill_is_gone_on_from(patch: Patch) -> None:
    """Go on from the counters of the last save, however old."""
    patch.setattr(StateStore, "_go_on", _go_on)


def _go_on(_self: StateStore, saved: object) -> Exported:
    return replace(saved.totals.exported, events=dict(saved.events))  # type: ignore[attr-defined, no-any-return]


def _kills_begin_at_zero(patch: Patch) -> None:
    patch.setattr(StateStore, "_go_on", lambda _self, _saved: Exported())


def _steps_are_not_counted(patch: Patch) -> None:
    patch.setattr(gaps, "STEP_TOLERANCE", Seconds(1e9))


def _failures_are_not_counted(patch: Patch) -> None:
    patch.setattr(between, "failures", lambda _reading: ())
    patch.setattr(derive, "failures", lambda _reading: ())


def _a_failure_is_zero(patch: Patch) -> None:
    """Show no throughput where none could be read."""
    told = derive._readings

    def readings(now: HostReading, *rest: object) -> object:
        found = told(now, *rest)  # type: ignore[arg-type]
        return found if found.throughput is not None else replace(found, throughput=NO_THROUGHPUT)

    patch.setattr(derive, "_readings", readings)


def _lines_are_not_seldom(patch: Patch) -> None:
    """Write a line at each sample in which a source fails."""
    patch.setattr(Seldom, "changes", lambda _self, _now, trouble: bool(trouble))


def _any_intensity_is_believed(patch: Patch) -> None:
    patch.setattr(reading, "is_plausible", lambda _value: True)


def _old_answers_are_not_counted(patch: Patch) -> None:
    def discard(self: live.LiveIntensity, reason: str, told: str) -> Exception:
        if reason != "late":
            self._discarded[reason] += 1
        return IntensityUnavailableError(told)

    patch.setattr(live.LiveIntensity, "_discard", discard)


def _energy_is_booked_by_the_wall_clock(patch: Patch) -> None:
    """Take the time between two samples from the clock that is set."""
    before = between.usage_between

    def usage(previous: HostReading, current: HostReading, *, interval: Seconds) -> between.Usage:
        found = before(previous, current, interval=interval)
        if found.cpu is None:
            return found
        seconds = Seconds(max(0.1, current.wall - previous.wall))
        return replace(found, cpu=replace(found.cpu, elapsed=seconds))

    patch.setattr(sampler, "usage_between", usage)


def _durable_is_forgotten(patch: Patch) -> None:
    """Go on from the file of up to a minute ago where both are there."""
    read = StateStore._read

    def exact_fails(self: StateStore, path: object, exact: bool, *rest: object) -> object:
        found = read(self, path, exact, *rest)  # type: ignore[arg-type]
        return None if exact and self._durable.exists() else found

    patch.setattr(StateStore, "_read", exact_fails)


def _lost_counters_stay_held(patch: Patch) -> None:
    """Hold back, at a second deletion of the folder, what was published before the first."""
    patch.setattr(StateStore, "_held", _first)


def _first(store: StateStore, now: Seconds) -> object:
    keeping = store._lost is not None and not store._lock.is_held()
    return store._lost if keeping else next((o for o in (store._lost, store._resumable) if o and now <= o.until), None)


def _rows_are_halved(patch: Patch) -> None:
    patch.setattr(files, "_write_whole", lambda descriptor, data, place: os.pwrite(descriptor, data[:40], place))


def _durable_is_old(patch: Patch) -> None:
    patch.setattr(state, "FSYNC_INTERVAL", Seconds(600.0))


def _refused_is_not_owed(patch: Patch) -> None:
    """Drop the memory that the disk refused the durable file."""
    save = StateStore.save

    def forgetful(self: StateStore, of: Totals, now: UnixSeconds, *, clean_stop: bool = False) -> None:
        self._durable_owed = False
        save(self, of, now, clean_stop=clean_stop)

    patch.setattr(StateStore, "save", forgetful)


def _refusals_are_not_counted(patch: Patch) -> None:
    counted = totals.with_events

    def some(before: Totals, events: Sequence[Event]) -> Totals:
        return counted(before, [one for one in events if one != sampler.UNSAVED])

    patch.setattr(totals, "with_events", some)


def _unread_is_none(patch: Patch) -> None:
    """Begin anew where the disk does not let the state be read."""
    read = StateStore._read

    def lax(self: StateStore, *rest: object) -> object:
        try:
            return read(self, *rest)  # type: ignore[arg-type]
        except StateError:
            return None

    patch.setattr(StateStore, "_read", lax)


def _torn_rows_stay(patch: Patch) -> None:
    patch.setattr(files, "_end_of_last_line", lambda _descriptor, size: size)


def _no_card_turns(patch: Patch) -> None:
    patch.setattr(network, "counted", lambda old, new: new - old)


def _card_resets_are_not_counted(patch: Patch) -> None:
    patch.setattr(Events, "reset", lambda _self, _source: None)
    discard = Events.discard

    def some(self: Events, source: str, reason: str) -> None:
        if (source, reason) != ("network", "reset"):
            discard(self, source, reason)

    patch.setattr(Events, "discard", some)


def _ticks_are_thousandths(patch: Patch) -> None:
    patch.setattr(cpu, "_seconds", lambda ticks: Seconds(ticks / 1000.0))


MUTANTS = (
    Mutant("failed counters are not carried", _nothing_is_carried, 2),
    Mutant("a machine asleep is not told from one awake", _suspension_is_energy, 67),
    Mutant("no turn of a counter is missed", _no_turn_is_missed, 45),
    Mutant("a turn that may be missing is not counted", _missed_turns_are_not_counted, 45),
    Mutant("every fall of an energy counter is a turn", _falls_are_turns, 11),
    Mutant("a card that was reset counts from zero", _reset_cards_count_from_zero, 38),
    Mutant("old counters are gone on from", _any_kill_is_gone_on_from, 2),
    Mutant("counters begin at zero after each kill", _kills_begin_at_zero, 3),
    Mutant("steps of the clock are not counted", _steps_are_not_counted, 0),
    Mutant("failures are not counted", _failures_are_not_counted, 1),
    Mutant("a throughput that was not read is zero", _a_failure_is_zero, 2),
    Mutant("lines are not seldom", _lines_are_not_seldom, 2),
    Mutant("any carbon intensity is believed", _any_intensity_is_believed, 10),
    Mutant("answers of another time are not counted", _old_answers_are_not_counted, 2),
    Mutant("energy goes by the wall clock", _energy_is_booked_by_the_wall_clock, 16),
    Mutant("the older state file is gone on from", _durable_is_forgotten, 2),
    Mutant("a second deletion holds back the first", _lost_counters_stay_held, 19),
    Mutant("rows of the journal are halves", _rows_are_halved, 0),
    Mutant("the durable file is ten minutes old", _durable_is_old, 0),
    Mutant("a durable file that was refused waits for its minute", _refused_is_not_owed, 1),
    Mutant("refused saves are not counted", _refusals_are_not_counted, 0),
    Mutant("a state that cannot be read is none", _unread_is_none, 9),
    Mutant("a torn row of the journal stays", _torn_rows_stay, 1),
    Mutant("turns of a card's counter are resets", _no_card_turns, 5),
    Mutant("resets of a card are not counted", _card_resets_are_not_counted, 19),
    Mutant("ticks are read as thousandths", _ticks_are_thousandths, 10),
)
