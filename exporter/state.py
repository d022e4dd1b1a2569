"""The totals on disk, so that restarts lose nothing.

Two files of the same content: `state.json` is replaced after every sample, without waiting for the disk, and survives
a killed process that is soon started again; `state.durable.json` is forced to the disk before it is a minute old, and
on a clean stop, and survives a power cut. A file is one header line (format, version, SHA-256 of version and content)
and one line of JSON. What cannot be read is moved aside under a name of its own and reported; it is never overwritten.
"""

import hashlib
import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from exporter.core.clock import Clock
from exporter.core.logs import Seldom
from exporter.core.regular_file import read_file, require_file
from exporter.core.units import Seconds, UnixSeconds
from exporter.state_lock import StateLock
from exporter.totals import Exported, Totals, begun_by, with_events
from exporter.usage.events import Event, EventKind

LOG = logging.getLogger(__name__)

FORMAT = "ecotrack-state"
VERSION = 1
FSYNC_INTERVAL = Seconds(60.0)


class StateError(Exception):
    """State folder that cannot be used; the message is one line."""


class _Header(msgspec.Struct, frozen=True):
    format: str
    version: int
    sha256: str


class _Saved(msgspec.Struct, frozen=True):
    """Content of a state file. `events` stand apart because JSON has no keys but text."""

    boot_id: str
    clean_stop: bool
    sequence: int  # of saves to this folder: unlike a time it cannot step back
    saved_at: UnixSeconds
    totals: Totals
    events: list[tuple[Event, int]]
    # The span in which counters continue from this file while the boot id is the same, on the clock that counts
    # suspended time and never steps. Files of versions without this span never count.
    saved_elapsed: Seconds = Seconds(0.0)
    exact_until: Seconds = Seconds(0.0)


class _UnreadableError(Exception):
    """State file that is damaged or from a later version; `reason` is the label that it is counted under."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    saved: _Saved
    exact: bool  # whether it is the file that is replaced after every sample, not the one of up to a minute before


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resumable:
    """Counters from which a restart would continue, until an elapsed time."""

    exported: Exported
    until: Seconds


class StateStore:
    """State folder of one running exporter."""

    def __init__(self, folder: Path, boot_id: str, *, clock: Clock, resume_within: Seconds) -> None:
        """Open and lock the folder, making it if need be.

        For `resume_within` after a save its counters are gone on from where the exporter was killed.

        Raises StateError where it cannot be made, written or locked.
        """
        self._folder = folder
        self._boot_id = boot_id
        self._clock = clock
        self._resume_within = resume_within
        self._sequence = 0
        self._last_fsync: Seconds | None = None
        self._last_save: Seconds | None = None
        self._durable_owed = False
        self._resumable: _Resumable | None = None
        self._lost: _Resumable | None = None
        self._deletions = Seldom()
        try:
            self._lock = StateLock(folder)
        except BlockingIOError as error:
            raise StateError(f"state folder {folder}: {error.strerror}; see --state.dir") from error
        except OSError as error:
            raise StateError(f"state folder {folder}: cannot be used: {error.strerror}; see --state.dir") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            self._lock.close()
            raise StateError(f"state folder {folder}: cannot be written; see --state.dir")

    def load(self, now: UnixSeconds) -> Totals:
        """Load the totals to continue from; fresh ones where there are none.

        Exported counters continue only where no other value can have been published last: from the exact file, after a
        clean stop, or soon after its save while the machine has not restarted. Otherwise they begin again at zero,
        which Prometheus reads as a counter reset. Lifetime figures and budgets continue in any case. Raises
        StateError.
        """
        events: list[Event] = []
        candidates = [
            candidate
            for path, exact in ((self._exact, True), (self._durable, False))
            if (candidate := self._read(path, exact, now, events)) is not None
        ]
        if not candidates:
            if events:
                LOG.error(
                    "state folder %s: nothing is left to go on from; totals and budgets begin at zero", self._folder
                )
            return with_events(Totals(since=now), events)
        best = max(candidates, key=lambda candidate: (candidate.saved.sequence, candidate.exact))
        saved = best.saved
        self._sequence = saved.sequence
        exported = self._go_on(saved) if best.exact else Exported()
        # After a restart of the machine its counters have begun again.
        last = saved.totals.last if saved.boot_id == self._boot_id else None
        return with_events(begun_by(replace(saved.totals, exported=exported, last=last), now), events)

    def save(self, totals: Totals, now: UnixSeconds, *, clean_stop: bool = False) -> None:
        """Replace the state.

        Raises OSError where the disk refuses, and until the durable file is written again after that. An exact file
        that cannot be replaced is then gone where possible, since totals published from now on may be higher than it
        says; where it is not, see `publishable`.
        """
        self._keep_locked()
        self._sequence += 1
        tick = self._clock.elapsed()
        until = Seconds(tick + self._resume_within)
        saved = _Saved(
            boot_id=self._boot_id,
            clean_stop=clean_stop,
            sequence=self._sequence,
            saved_at=now,
            totals=replace(totals, exported=replace(totals.exported, events={})),
            events=list(totals.exported.events.items()),
            saved_elapsed=tick,
            exact_until=until,
        )
        data = _encode(saved)
        try:
            self._replace(self._exact, data, durable=clean_stop)
        except OSError:
            self._durable_owed = True
            self._make_room()
            # On a full disk the new file fits into the room of the old one.
            self._replace(self._exact, data, durable=clean_stop)
        self._resumable = _Resumable(exported=totals.exported, until=until)
        is_due = self._is_fsync_due(tick)
        self._last_save = tick
        if clean_stop or is_due or self._durable_owed:
            # After the exact file, so that the durable one is never the newer while the machine is up. After a failure
            # no save is good before this one is: on a full disk the exact file alone succeeds, in its own room.
            self._last_fsync, self._durable_owed = tick, True
            try:
                self._replace(self._durable, data, durable=True)
            finally:
                _remove(self._durable.with_suffix(".tmp"))
            self._durable_owed = False

    def publishable(self, exported: Exported) -> Exported:
        """Return what may be published where the counters are `exported`.

        That is `exported` itself once it is saved. Where the folder refuses both a save and the removal of the last
        saved counters, or has lost them, it is those, until a restart would no longer continue from them: if more were
        published meanwhile, the restart would let every counter fall.
        """
        held = self._held(self._clock.elapsed())
        return exported if held is None else held.exported

    def close(self) -> None:
        """Release the folder to other instances."""
        self._lock.close()

    def _is_fsync_due(self, tick: Seconds) -> bool:
        """Tell whether the durable file would be more than a minute old before the next save, if that is as far off."""
        if self._last_fsync is None or self._last_save is None:
            return True
        return tick - self._last_fsync + (tick - self._last_save) > FSYNC_INTERVAL

    def _held(self, now: Seconds) -> _Resumable | None:
        """Return what a restart might still continue from in spite of later counters; None where it would not."""
        return next((one for one in (self._lost, self._resumable) if one is not None and now <= one.until), None)

    def _keep_locked(self) -> None:
        """Make and lock the folder again where it, or its lock, was deleted. Raises OSError, as where another has it.

        It may come back, as where a disk is mounted, and a restart would continue from what is in it: until that is too
        old, no more is published.
        """
        if not self._lock.is_held():
            if self._resumable is not None:
                # What was lost before counts on only while it is held back: more has been published since.
                held = self._held(self._clock.elapsed()) or self._resumable
                self._lost, self._resumable = replace(held, until=self._resumable.until), None
            self._durable_owed = True
            self._lock.take_again()
            if self._deletions.allows(self._clock.elapsed()):
                LOG.warning("state folder %s: was deleted, and is made and locked again", self._folder)

    def _make_room(self) -> None:
        """Remove the exact file and what is left of the next one, as far as the disk lets it."""
        if _remove(self._exact):
            self._resumable = None
        _remove(self._exact.with_suffix(".tmp"))

    @property
    def folder(self) -> Path:
        """The folder itself."""
        return self._folder

    @property
    def _exact(self) -> Path:
        return self._folder / "state.json"

    @property
    def _durable(self) -> Path:
        return self._folder / "state.durable.json"

    def _go_on(self, saved: _Saved) -> Exported:
        """Return the counters from which the exact file lets this run continue."""
        exported = replace(saved.totals.exported, events=dict(saved.events))
        if saved.clean_stop:
            self._use_up_clean_stop()
            return exported
        in_time = saved.saved_elapsed <= self._clock.elapsed() <= saved.exact_until
        if not in_time or saved.boot_id != self._boot_id:
            return Exported()
        self._resumable = _Resumable(exported=exported, until=saved.exact_until)
        return exported

    def _use_up_clean_stop(self) -> None:
        """Let the file of a clean stop, which would count at any time, stand for lifetime figures and budgets only."""
        try:
            self._exact.replace(self._durable)
            self._force_folder()
        except OSError as error:
            raise StateError(
                f"state folder {self._folder}: cannot be written: {error.strerror}; see --state.dir"
            ) from error

    def _read(self, path: Path, exact: bool, now: UnixSeconds, events: list[Event]) -> _Candidate | None:  # noqa: FBT001 - a field
        try:
            return _Candidate(saved=_decode(read_file(path)), exact=exact)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"state file {path}: cannot be read: {error.strerror}") from error
        except _UnreadableError as error:
            aside = self._move_aside(path, error.reason, now)
            LOG.error(  # noqa: TRY400 - one line, no traceback
                "state file %s: %s; kept as %s, totals go on without it", path, error, aside
            )
            events.append(Event(kind=EventKind.DISCARD, source="state", reason=error.reason))
            return None

    def _move_aside(self, path: Path, reason: str, now: UnixSeconds) -> Path:
        """Rename a file to a name that is free, and return that name."""
        stem = f"{path.name}.{reason}-{int(now)}"
        names = (path.with_name(stem if number == 0 else f"{stem}-{number}") for number in range(1000))
        aside = next(name for name in names if not name.exists())
        try:
            path.rename(aside)
        except OSError as error:
            raise StateError(f"state file {path}: is {reason} and cannot be moved aside: {error.strerror}") from error
        return aside

    def _replace(self, path: Path, data: bytes, *, durable: bool) -> None:
        """Write beside and rename, so that a reader never meets half a file."""
        beside = path.with_suffix(".tmp")
        # A pipe that stands there must not hold up the sampling.
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NONBLOCK, 0o640)
        with os.fdopen(descriptor, "wb") as file:
            require_file(beside)
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        beside.replace(path)
        if durable:
            self._force_folder()

    def _force_folder(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _remove(path: Path) -> bool:
    """Remove a file, and return whether there is none now."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _encode(saved: _Saved) -> bytes:
    payload = msgspec.json.encode(saved)
    header = _Header(format=FORMAT, version=VERSION, sha256=_digest(VERSION, payload))
    return msgspec.json.encode(header) + b"\n" + payload


def _digest(version: int, payload: bytes) -> str:
    """Return the checksum of content and version: without the latter a flipped bit would pass as another version."""
    return hashlib.sha256(b"%d\n" % version + payload).hexdigest()


def _decode(data: bytes) -> _Saved:
    """Decode a state file. Raises _UnreadableError."""
    head, _, payload = data.partition(b"\n")
    try:
        header = msgspec.json.decode(head, type=_Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _UnreadableError("damaged", "has no readable header") from error
    if header.format != FORMAT:
        raise _UnreadableError("damaged", f"is not in the format {FORMAT}")
    if header.sha256 != _digest(header.version, payload):
        raise _UnreadableError("damaged", "does not match its checksum")
    if header.version > VERSION:
        raise _UnreadableError("future_version", f"has version {header.version}, this program knows up to {VERSION}")
    try:
        return msgspec.json.decode(payload, type=_Saved)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _UnreadableError("damaged", f"does not fit its version: {error}") from error
