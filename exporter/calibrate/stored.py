"""The calibration in the state folder: one small JSON file beside the totals, made and taken back by one command."""

import contextlib
import fcntl
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from exporter.core.regular_file import read_file
from exporter.core.units import UnixSeconds, Watts
from exporter.power.component import Coverage
from exporter.state import StateError

FILE = "calibration.json"
_FORMAT = "ecotrack-calibration"

BLOCK = 512
"""Bytes that are written at first, so that a full disk shows: more than a calibration has. Chosen."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Idle and full power of what `source` measured: of the whole machine, or of its CPU packages alone."""

    at: UnixSeconds
    source: str
    covers: Coverage
    idle_watts: Watts
    full_watts: Watts
    format: str = _FORMAT

    def __post_init__(self) -> None:
        """Refuse what cannot be a machine's power."""
        if self.format != _FORMAT:
            raise ValueError(f'expected the format "{_FORMAT}"')
        if self.covers not in {Coverage.MACHINE, Coverage.PACKAGE}:
            raise ValueError("expected power of the machine or of its packages")
        if not (math.isfinite(self.full_watts) and 0.0 < self.idle_watts < self.full_watts):
            raise ValueError("expected full power above idle power above 0")


def load_calibration(folder: Path) -> Calibration | None:
    """Return what was measured last; None where nothing was. Raises StateError for a file that says nothing."""
    path = folder / FILE
    try:
        return msgspec.json.decode(read_file(path), type=Calibration)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"calibration {path}: cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise StateError(f"calibration {path}: is damaged; `ecotrack calibrate --undo` removes it") from error


@contextlib.contextmanager
def place_of_the_next(folder: Path) -> Iterator[Callable[[Calibration], Path]]:
    """Hold the place of the next calibration, and yield what keeps one there and returns its file.

    Raises StateError at once where nothing can be written, or while another calibration holds it: what takes minutes to
    measure should not be lost in the end.
    """
    path = folder / FILE
    new = path.with_suffix(".new")
    with contextlib.ExitStack() as stack:
        with _told(path):
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            file = os.open(new, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            stack.callback(os.close, file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StateError(f"calibration {path}: another `ecotrack calibrate` is running") from error
        stack.callback(new.unlink, missing_ok=True)
        with _told(path):
            os.write(file, b" " * BLOCK)

        def keep(calibration: Calibration) -> Path:
            with _told(path):
                os.ftruncate(file, 0)
                os.pwrite(file, msgspec.json.encode(calibration) + b"\n", 0)
                os.fchmod(file, 0o644)  # for the service's user
                os.fsync(file)
                new.replace(path)
            return path

        yield keep


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what keeps a calibration from being written into one line."""
    try:
        yield
    except OSError as error:
        raise StateError(f"calibration {path}: cannot be written: {error.strerror}; see --state.dir") from error


def save_calibration(folder: Path, calibration: Calibration) -> Path:
    """Keep a calibration, readable for the service's user, and return its file. Raises StateError."""
    with place_of_the_next(folder) as keep:
        return keep(calibration)


def remove_calibration(folder: Path) -> bool:
    """Take a calibration back, a damaged one too; return whether there was one. Raises StateError."""
    path = folder / FILE
    try:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            return True
    except OSError as error:
        raise StateError(f"calibration {path}: cannot be removed: {error.strerror}") from error
    return False
