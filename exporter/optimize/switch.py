"""Strategies switched on and off: settings are journalled, then changed, and always taken back."""

import contextlib
import errno
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from exporter.core.printable import printable
from exporter.optimize.revert_journal import DamagedJournalError, Entry, JournalError, Record, RevertJournal, entry_of
from exporter.optimize.roots import Roots
from exporter.optimize.setting import Change, NotPermittedError
from exporter.optimize.strategies import STRATEGIES
from exporter.sources.machine import boot_id

GONE = frozenset({errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ENOTDIR})
"""Numbers of the errors of a device that is no longer there (errno(3))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """Changes that a strategy has made, and a line for each that could not be made."""

    changes: tuple[Change, ...]
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverted:
    """Outcome of taking settings back.

    `count` of them were set back, `left` has a line for each that was left as it is for good, and `owed` one for each
    that the kernel would not let this process set back: it stays in the journal.
    """

    count: int = 0
    left: tuple[str, ...] = ()
    owed: tuple[str, ...] = ()


class Switch:
    """Switch of one strategy at a time, which holds the lock of a journal's folder.

    Used in a `with` statement. Making it takes back what a killed run has left (`leftover`); leaving it takes back what
    is on, whichever way it is left, and hands `on_exit` how that went. In between a strategy may be switched on and off
    any number of times. Only what ends the process at once, such as SIGKILL, leaves something to the next start, so
    that other signals have to be turned into exceptions or waited for: see `exporter.core.service.StopSignal`.
    """

    def __init__(self, folder: Path, roots: Roots, *, on_exit: Callable[[Reverted], None]) -> None:
        """Lock the folder and take back what is left. Raises JournalError, as while another run has the lock."""
        self._roots = roots
        self._boot_id = boot_id(roots.procfs)
        self._on_exit = on_exit
        self._record: Record | None = None
        self._journal = RevertJournal(folder)
        with contextlib.ExitStack() as stack:
            stack.callback(self._journal.close)
            self.leftover = self._take_back_leftover()
            stack.pop_all()

    def __enter__(self) -> Self:
        """Return the switch itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Take back what is on, then release the folder. Raises JournalError where the journal cannot be removed."""
        try:
            reverted = self.off()
        finally:
            self._journal.close()
        self._on_exit(reverted)

    def on(self, strategy: str) -> Applied:
        """Change the settings of a strategy, after their old values are on the disk; what was on is taken back before.

        A setting that the kernel refuses, or takes for another value, is left as it was and told. Raises JournalError
        where the journal cannot be written, or holds what could not be taken back; nothing is changed then.
        """
        owed = (*self.leftover.owed, *self.off().owed)
        if owed:
            raise JournalError(f"what was changed before cannot be taken back: {owed[0]}")
        changes = STRATEGIES[strategy].changes(self._roots)
        if not changes:
            return Applied(changes=(), refused=())
        record = Record(
            strategy=strategy,
            boot_id=self._boot_id,
            procfs=str(self._roots.procfs),
            sysfs=str(self._roots.sysfs),
            entries=tuple(entry_of(one) for one in changes),
        )
        self._journal.keep(record)
        self._record = record
        troubles = {one: _apply(one, self._roots) for one in changes}
        refused = {one: told for one, told in troubles.items() if told is not None}
        if refused:
            kept = tuple(entry_of(one) for one in changes if one not in refused or not _is_old(one, self._roots))
            self._record = msgspec.structs.replace(record, entries=kept)
            self._journal.keep(self._record)
        return Applied(
            changes=tuple(one for one in changes if one not in refused),
            refused=tuple(f"{one.setting.attribute}: {told}" for one, told in refused.items()),
        )

    def off(self) -> Reverted:
        """Take back what is on. Raises JournalError, once all is taken back, where the journal cannot be removed."""
        if self._record is None:
            return Reverted()
        reverted = self._take_back(self._record)
        self._record = None
        return reverted

    def _take_back_leftover(self) -> Reverted:
        try:
            record = self._journal.read()
        except DamagedJournalError as error:
            aside = self._journal.put_aside()
            told = f"{error}; kept as {aside}. What it had changed stays until the machine restarts"
            return Reverted(left=(told,))
        if record is None:
            return Reverted()
        if record.boot_id != self._boot_id:
            # The kernel has begun with its own values again.
            self._journal.keep(msgspec.structs.replace(record, entries=()))
            return Reverted()
        own = (str(self._roots.procfs), str(self._roots.sysfs))
        if (record.procfs, record.sysfs) != own:
            told = "settings below other folders are to be taken back first; see --path.procfs and --path.sysfs"
            raise JournalError(told)
        return self._take_back(record)

    def _take_back(self, record: Record) -> Reverted:
        """Set back what a record tells, the last change first, and keep in the journal what could not be set back."""
        left: list[str] = []
        owed: dict[Entry, str] = {}
        count = 0
        with _undisturbed():
            for entry in reversed(record.entries):
                try:
                    told = _set_back(entry.change, self._roots)
                except OSError as error:
                    owed[entry] = f"{entry.attribute}: {error.strerror}"
                    continue
                if told is None:
                    count += 1
                elif told:
                    left.append(f"{entry.attribute}: {told}")
            kept = tuple(one for one in record.entries if one in owed)
            if kept != record.entries:
                self._journal.keep(msgspec.structs.replace(record, entries=kept))
        return Reverted(count=count, left=tuple(left), owed=tuple(owed.values()))


def _apply(change: Change, roots: Roots) -> str | None:
    """Make a change; return why it was not made, or None."""
    setting = change.setting
    try:
        setting.write(roots, change.new)
        found = setting.value(roots)
        if found == change.new:
            return None
        setting.write(roots, change.old)
    except NotPermittedError as error:
        return str(error)
    except OSError as error:
        return str(error.strerror)
    return f'became "{_short(found)}" instead of "{change.new}", and was set back'


def _is_old(change: Change, roots: Roots) -> bool:
    try:
        return change.setting.value(roots) == change.old
    except OSError:
        return False


def _set_back(change: Change, roots: Roots) -> str | None:
    """Set back a change; return None once it is done, why it is not to be done, or nothing where it needs not be.

    Raises OSError where the kernel refuses.
    """
    setting = change.setting
    try:
        found = setting.value(roots)
        if roots.inode(setting.attribute) != change.inode:
            return "another device has its place now"
        if found == change.old:
            return ""
        if found != change.new:
            return f'"{_short(found)}" was set meanwhile, and stays'
        setting.write(roots, change.old)
    except NotPermittedError as error:
        return f'"{change.old}" {error} any more'
    except OSError as error:
        if error.errno in GONE:
            return "its device is gone"
        raise
    return None


def _short(text: str) -> str:
    return printable(text[:40])


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let signals wait that would end the process; what is done meanwhile takes milliseconds."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
