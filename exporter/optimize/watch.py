"""The look of a running exporter: what chosen strategies find, and settings that are not as they were."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from exporter.core.units import MonotonicSeconds, Seconds
from exporter.optimize.found import Finding, Found, Optimizations, Standing
from exporter.optimize.processes import busy_processes
from exporter.optimize.revert_journal import DamagedJournalError, JournalError, is_held, read_record
from exporter.optimize.roots import Roots
from exporter.optimize.setting import Change, number_of_settings
from exporter.optimize.situation import Situation
from exporter.optimize.strategies import STRATEGIES
from exporter.optimize.switch import Switch
from exporter.optimize.trial.result import Trial
from exporter.optimize.trial.stored import load_trials
from exporter.power.model import HostPowerModel
from exporter.snapshot import Snapshot
from exporter.sources.cpu import cpu_times
from exporter.sources.machine import boot_id
from exporter.sources.processes.stat import Process, ProcessReader
from exporter.sources.reading import CpuTimes, HostReading, Timed
from exporter.state import StateError
from exporter.usage.cpu import cpu_usage
from exporter.usage.events import Events

LOG = logging.getLogger(__name__)


class Watch:
    """Looks by strategies; it watches processes from one look to the next, and names none of them."""

    def __init__(self, folder: Path, roots: Roots, strategies: Sequence[str]) -> None:
        """Look at the journal in a state folder, and by these strategies."""
        self._folder = folder
        self._roots = roots
        self._strategies = strategies
        self._before: tuple[Timed[CpuTimes], Mapping[int, Process]] | None = None

    def __call__(self, snapshot: Snapshot, reading: HostReading, model: HostPowerModel, /) -> Optimizations:
        """Return what is found by the time of a reading, and by the power model in force.

        Raises OSError or ValueError without CPU times.
        """
        situation = self._situation(snapshot, reading.awake, model)
        found = tuple(
            Found(strategy=one, findings=tuple(map(_nameless, STRATEGIES[one].look(self._roots, situation))))
            for one in self._strategies
        )
        standing, trouble = None, ""
        try:
            standing = standing_in(self._folder, self._roots)
        except JournalError as error:
            # Its path may hold the name of a user, which only the log may tell.
            LOG.warning("changed settings are not known: %s", error)
            damaged = isinstance(error, DamagedJournalError)
            trouble = f"their journal {'is damaged' if damaged else 'cannot be read'}"
        return Optimizations(
            found=found,
            looked_at=reading.wall if found else None,
            standing=standing,
            trouble=trouble,
            trials=_trials(self._folder),
        )

    def _situation(self, snapshot: Snapshot, now: MonotonicSeconds, model: HostPowerModel) -> Situation:
        known = Situation(model=model, activity=snapshot.readings.activity)
        if "reduce_cpu" not in self._strategies:
            return known
        times = Timed(value=cpu_times(self._roots.procfs), at=now)
        processes = {pid: replace(one, name="") for pid, one in ProcessReader(self._roots.procfs).read().items()}
        before, self._before = self._before, (times, processes)
        if before is None:
            return known
        usage = cpu_usage(before[0], times, Events())
        return replace(
            known,
            cpus=times.value.cpus,
            utilization=None if usage is None else usage.utilization,
            busy=busy_processes(before[1], processes, Seconds(now - before[0].at)),
        )


def _trials(folder: Path) -> tuple[Trial, ...]:
    """Return the trials that are kept; none of a file that says nothing, of which the log tells."""
    try:
        return load_trials(folder)
    except StateError as error:
        LOG.warning("trials are not shown: %s", error)
        return ()


def _nameless(finding: Finding) -> Finding:
    return replace(finding, private="")


def standing_in(folder: Path, roots: Roots) -> Standing | None:
    """Return the settings that the journal of a folder tells are changed, and still are. Raises JournalError."""
    record = read_record(folder)
    is_running = is_held(folder)
    # A run that ends in between takes its journal with it.
    if record is None or (not is_running and read_record(folder) is None):
        return None
    if record.boot_id != boot_id(roots.procfs):
        return None
    changes = tuple(one.change for one in record.entries if _stands(one.change, roots))
    return Standing(strategy=record.strategy, changes=changes, is_running=is_running) if changes else None


def _stands(change: Change, roots: Roots) -> bool:
    try:
        return change.setting.value(roots) == change.new
    except OSError:
        return False


def take_back(folder: Path, roots: Roots) -> None:
    """Take back what a killed run has left, and log how that went; nothing while a run is under way.

    A damaged journal stays where it is, so that looks go on to tell of it.
    """
    try:
        if is_held(folder) or read_record(folder) is None:
            return
        with Switch(folder, roots, on_exit=lambda _nothing: None) as switch:
            reverted = switch.leftover
    except JournalError as error:
        LOG.warning("settings cannot be taken back: %s", error)
        return
    if reverted.count:
        LOG.info("%s set back, left by a run that was killed", number_of_settings(reverted.count))
    for told in reverted.left:
        LOG.warning("a setting is left as it is: %s", told)
    for told in reverted.owed:
        LOG.warning("a setting is not set back; `ecotrack optimize --revert` as root does: %s", told)
