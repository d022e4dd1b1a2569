"""A recorded workload from a CSV file."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from exporter.core.config import ConfigError
from exporter.core.units import SECONDS_PER_HOUR, Seconds
from exporter.core.whole_lines import read_lines
from simulator.workload.generated import Workload
from simulator.workload.task import Batch, TaskClass, Tasks

REQUIRED = ("arrival_seconds", "task_class")
OPTIONAL = "work_seconds"


class TraceWorkload:
    """Tasks as recorded; hours beyond the last are empty."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    def hour(self, index: int) -> Iterator[Batch]:
        """See `Workload.hour`."""
        edges = np.array([index, index + 1]) * SECONDS_PER_HOUR
        first, last = np.searchsorted(self._tasks.arrival, edges)
        yield Batch(tasks=self._tasks[first:last], end=Seconds(float(edges[1])))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    arrival: float
    task_class: int
    work: float


class _TraceError(Exception):
    """A mistake in a row."""


def load_trace(path: Path, classes: Sequence[TaskClass]) -> Workload:
    """Read a CSV file with the columns `arrival_seconds`, `task_class` and, if given, `work_seconds`.

    Arrivals are seconds from the start of simulated time and never go back. Without its own work a task has its
    class's. Raises ConfigError, with the file and the line, at the first thing that is wrong.
    """
    try:
        with io.TextIOWrapper(io.BytesIO(read_lines(path)), encoding="utf-8-sig", newline="") as file:
            rows = list(_rows(file, path, classes))
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: is not UTF-8 text"]) from error
    if not rows:
        raise ConfigError([f"{path}: expected at least one task, got none"])
    arrival = np.array([row.arrival for row in rows])
    task_class = np.array([row.task_class for row in rows], dtype=np.int32)
    deadline = np.array([one.deadline for one in classes])
    work = np.array([row.work for row in rows])
    return TraceWorkload(
        Tasks(arrival=arrival, task_class=task_class, work=work, deadline=arrival + deadline[task_class])
    )


def _rows(file: TextIO, path: Path, classes: Sequence[TaskClass]) -> Iterator[_Row]:
    """Yield the rows of the file, each checked on its own and against the one before."""
    reader = csv.reader(file, strict=True)
    known = {one.name: number for number, one in enumerate(classes)}
    previous = 0.0
    try:
        header = _header(next(reader, []))
        for values in filter(None, reader):  # a blank line is not a row
            row = _row(header, values, known, classes)
            _check_order(previous, row.arrival)
            previous = row.arrival
            yield row
    except (_TraceError, csv.Error) as error:
        raise ConfigError([f"{path}:{max(1, reader.line_num)}: {error}"]) from error


def _check_order(previous: float, arrival: float) -> None:
    if arrival < previous:
        raise _TraceError(
            f"arrival_seconds: expected at least the {previous:.15g} of the row before, got {arrival:.15g}"
        )


def _header(header: list[str]) -> list[str]:
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise _TraceError(f"{missing[0]}: expected a column of this name, got {', '.join(header) or 'nothing'}")
    unknown = [name for name in header if name not in (*REQUIRED, OPTIONAL)]
    if unknown or len(set(header)) < len(header):
        raise _TraceError(f"expected the columns {', '.join(REQUIRED)} and {OPTIONAL}, got {', '.join(header)}")
    return header


def _row(header: list[str], values: list[str], known: dict[str, int], classes: Sequence[TaskClass]) -> _Row:
    if len(values) != len(header):
        raise _TraceError(f"expected {len(header)} values, got {len(values)}")
    cells = dict(zip(header, values, strict=True))
    number = known.get(cells["task_class"])
    if number is None:
        raise _TraceError(f'task_class: expected one of {", ".join(known)}, got "{cells["task_class"]}"')
    arrival = _number("arrival_seconds", cells["arrival_seconds"])
    work = _number(OPTIONAL, cells[OPTIONAL]) if OPTIONAL in cells else classes[number].work
    if work <= 0:
        raise _TraceError(f"{OPTIONAL}: expected a number > 0, got {cells[OPTIONAL]}")
    return _Row(arrival=arrival, task_class=number, work=work)


def _number(key: str, text: str) -> float:
    """Return a finite number of at least 0."""
    try:
        value = float(text)
    except ValueError as error:
        raise _TraceError(f'{key}: expected a number >= 0, got "{text}"') from error
    if not math.isfinite(value) or value < 0:
        raise _TraceError(f"{key}: expected a number >= 0, got {text}")
    return value
