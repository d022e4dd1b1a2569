"""The state folder and the journal of a run, whose disk refuses, loses and damages what a plan says."""

import errno
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from exporter.core.units import Seconds, UnixSeconds
from exporter.journal.files import JournalFiles, Rotation
from exporter.journal.layout import HEADER_LINE
from exporter.state import StateStore, _decode, _Saved, _UnreadableError
from exporter.totals import Totals
from tests.exporter.by_seed.laws import Law, need
from tests.exporter.by_seed.machine import Machine
from tests.exporter.by_seed.plan import Fault, Kind

PROMISED = Seconds(60.0)
"""Age of the durable file at most after a save, and before one where samples come no further apart (ADR 3)."""

Key = tuple[str, int, float]
"""Name of a save: its boot, its number, and its time."""


class KilledError(BaseException):
    """The end of a process that nothing in it can catch."""


class PlanStore(StateStore):
    """A state folder on a disk that fails as planned, and a process that may be killed at it."""

    def __init__(self, folder: Path, machine: Machine) -> None:
        self.machine = machine
        self.kill_at = ""
        self.attempted: Callable[[Key, Totals, bool], None] = lambda _key, _totals, _clean: None
        self.refused: Callable[[], None] = lambda: None
        self.is_saved = False
        self.forced_at: float | None = None
        self._saved_at: float | None = None
        self._gaps: tuple[float | None, float | None] = (None, None)  # between saves that were good: the last two
        within = Seconds(3.0 * machine.plan.interval)
        super().__init__(folder, f"boot {machine.boot}", clock=machine, resume_within=within)

    def save(self, totals: Totals, now: UnixSeconds, *, clean_stop: bool = False) -> None:
        """See `StateStore.save`."""
        self._meet("before the save")
        self.is_saved = False
        self.attempted((self._boot_id, self._sequence + 1, self.machine.elapsed_at), totals, clean_stop)
        tick, before = self.machine.elapsed_at, self.forced_at
        self._gaps = (self._gaps[1], None if self._saved_at is None else tick - self._saved_at)
        self._saved_at = None
        try:
            super().save(totals, now, clean_stop=clean_stop)
        except OSError:
            self.refused()
            raise
        self.is_saved, self._saved_at = True, tick
        self._check_age(before)
        self._meet("before publishing")

    def _check_age(self, before: float | None) -> None:
        """Check how old the durable file, of a time before this save, had become, and how old it is now."""
        now, gaps = self.machine.elapsed_at, self._gaps
        if before is not None and gaps[0] is not None and gaps[1] is not None and gaps[1] <= gaps[0]:
            need(now - before <= max(PROMISED, gaps[1]) + 1e-6, Law.DURABLE, f"{now - before:.1f} s before a save")
        need(self.forced_at is not None and now - self.forced_at <= PROMISED, Law.DURABLE, f"{self.forced_at} at {now}")

    def _meet(self, point: str) -> None:
        if self.kill_at == point:
            raise KilledError

    def _replace(self, path: Path, data: bytes, *, durable: bool) -> None:
        if path == self._durable:
            self._meet("between two files")
        kinds = {one.kind: one for one in self.machine.active}
        if Kind.READ_ONLY in kinds:
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        full = kinds.get(Kind.FULL)
        if full is not None and (full.amount < 0.5 or self._exact.exists() or path == self._durable):
            path.with_suffix(".tmp").write_bytes(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        unwritten = kinds.get(Kind.UNWRITTEN)
        if unwritten is not None:
            self._fail(unwritten, path, data, durable=durable)
        super()._replace(path, data, durable=durable)
        if path == self._durable:
            self.forced_at = self.machine.elapsed_at

    def _fail(self, fault: Fault, path: Path, data: bytes, *, durable: bool) -> None:
        """Raise EIO before a file is open, within its content, before its new name, or as its folder is forced."""
        stage = int(4.0 * fault.amount)
        if stage == 3 and durable:
            super()._replace(path, data, durable=False)
        elif stage:
            path.with_suffix(".tmp").write_bytes(data[: len(data) // 2] if stage == 1 else data)
        raise OSError(errno.EIO, "Input/output error", str(path))

    def _make_room(self) -> None:
        faults = [one for one in self.machine.active if one.kind in (Kind.READ_ONLY, Kind.UNWRITTEN)]
        if not any(one.kind is Kind.READ_ONLY or int(1000.0 * one.amount) % 2 for one in faults):
            super()._make_room()


class PlanJournal(JournalFiles):
    """Files of a journal on a disk that may be full; `lost` counts the rows that it refused."""

    def __init__(self, folder: Path, machine: Machine, refused: Callable[[int], None]) -> None:
        self._machine = machine
        self._refused = refused
        super().__init__(folder, Rotation(megabytes=0.02, days=31.0), machine.wall())

    def append(self, rows: bytes, now: UnixSeconds) -> None:
        """See `JournalFiles.append`."""
        try:
            self._meet_full()
            super().append(rows, now)
        except OSError:
            self._refused(rows.count(b"\n"))
            raise

    def _meet_full(self) -> None:
        if self._machine.met(Kind.JOURNAL) is not None:
            raise OSError(errno.ENOSPC, "No space left on device")


class Copies:
    """Copies of a state folder, of which an old one may be put back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._content: dict[str, bytes] = {}
        self._boot, self._elapsed = -1, 0.0

    def keep(self, machine: Machine) -> None:
        """Copy the folder."""
        self._boot, self._elapsed = machine.boot, machine.elapsed_at
        self._content = {one.name: one.read_bytes() for one in self._folder.glob("state*.json")}

    def put_back(self, machine: Machine) -> bool:
        """Put the copy back, if it is too old for counters to be gone on from; return whether it was."""
        if not self._content or (self._boot == machine.boot and machine.elapsed_at - self._elapsed < 1000.0):
            return False
        self._folder.mkdir(exist_ok=True)
        for name in ("state.json", "state.durable.json"):
            (self._folder / name).unlink(missing_ok=True)
        for name, content in self._content.items():
            (self._folder / name).write_bytes(content)
        return True


def harm(folder: Path, fault: Fault) -> bool:
    """Do to a state folder what a fault does between two runs; return whether the newest state was harmed."""
    exact, durable = folder / "state.json", folder / "state.durable.json"
    if fault.kind is Kind.FLIP:
        path = exact if fault.amount < 0.7 else durable
        if path.exists():
            data = bytearray(path.read_bytes())
            data[int(fault.amount * 997) % len(data)] ^= 4
            path.write_bytes(data)
        return True
    if fault.kind is Kind.POWER:
        if fault.amount < 0.3:
            exact.unlink(missing_ok=True)
        elif fault.amount < 0.6 and exact.exists():
            exact.write_bytes(b"")
        return True
    return False


def delete(folder: Path) -> None:
    """Delete a folder with all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """State of a folder before a start: the save that is gone on from."""

    best: _Saved | None


def held_in(folder: Path) -> Held:
    """Return what a folder holds."""
    found: list[tuple[int, int, _Saved]] = []
    for place, name in enumerate(("state.durable.json", "state.json")):
        with suppress(OSError, _UnreadableError):
            saved = _decode((folder / name).read_bytes())
            found.append((saved.sequence, place, saved))
    return Held(best=max(found, key=lambda one: one[:2])[2] if found else None)


def check_rows(folder: Path) -> None:
    """Check that a journal has whole rows."""
    columns = HEADER_LINE.count(b",")
    for path in sorted(folder.glob("journal*.csv")):
        head, *rows = path.read_bytes().splitlines(keepends=True)
        need(head == HEADER_LINE, Law.JOURNAL, path.name)
        whole = all(row.endswith(b"\n") and row.count(b",") == columns for row in rows)
        need(whole, Law.JOURNAL, f"{path.name} has half a row")
