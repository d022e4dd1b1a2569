"""The room of a run: its folders, its log, and the calls of the system that a plan lets fail."""

import errno
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter import state
from exporter.config import Budget, Config, Power, Sampling
from exporter.core import regular_file
from exporter.journal import files
from tests.exporter.by_seed.disk import KilledError
from tests.exporter.by_seed.plan import Fault, Kind, Plan
from tests.simulator.ledger.by_seed.folder import memory_folder

STATE_SHARE = 0.7
"""Share of the faults of reading that hit the state; others hit the journal."""


@contextmanager
def folder_of(plan: Plan) -> Iterator[Path]:
    """Make a folder in memory, or on a disk for a seed that says so, and remove it."""
    if not plan.has(Kind.FILES):
        with memory_folder() as folder:
            yield folder
    else:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)


@contextmanager
def listening(hear: Callable[[logging.LogRecord], None]) -> Iterator[None]:
    """Let all lines of the exporter's log be heard, and no one else hear them."""
    log = logging.getLogger("exporter")
    level, propagate = log.level, log.propagate
    handler = logging.Handler()
    handler.emit = hear  # type: ignore[method-assign, assignment]
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = propagate


def let_fail(patch: pytest.MonkeyPatch, met: Callable[[Kind], Fault | None], ends: Callable[[], bool]) -> None:
    """Let the reading of state or journal, and the writing of rows, fail while a fault of that kind is met.

    `ends` tells whether the process is killed once half of the rows are written.
    """
    read, repaired, write = regular_file.read_file, files._repaired, files._write_whole

    def read_file(path: Path, most: int | None = None) -> bytes:
        fault = met(Kind.UNREAD)
        if fault is not None and fault.amount < STATE_SHARE and path.exists():
            raise _io_error(path)
        return read(path, most)

    def repair(path: Path) -> int:
        fault = met(Kind.UNREAD)
        if fault is not None and fault.amount >= STATE_SHARE and path.exists():
            raise _io_error(path)
        return repaired(path)

    def write_whole(descriptor: int, data: bytes, place: int) -> None:
        is_end = ends()
        if not is_end and met(Kind.UNWRITTEN) is None:
            write(descriptor, data, place)
            return
        os.pwrite(descriptor, data[: len(data) // 2], place)
        raise KilledError if is_end else _io_error("journal.csv")

    patch.setattr(state, "read_file", read_file)
    patch.setattr(files, "_repaired", repair)
    patch.setattr(files, "_write_whole", write_whole)


def _io_error(path: Path | str) -> OSError:
    return OSError(errno.EIO, "Input/output error", str(path))


def config_of(plan: Plan) -> Config:
    """Return the configuration of a run."""
    return Config(
        power=Power(machine="laptop", idle_watts=plan.idle_watts, full_watts=plan.full_watts),
        budget=Budget(day_grams=1000.0, month_grams=20_000.0),
        sampling=Sampling(interval_seconds=plan.interval),
    )
