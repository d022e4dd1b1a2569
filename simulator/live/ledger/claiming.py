"""From the steps of a run to the intervals that devices claim: one device for each bus.

The meter of a bus is where its panels, its battery and the grid meet, so a bus is what can tell a balance; nodes that
share one share a device.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from simulator.arrays import FloatArray
from simulator.ledger.devices.recording import Interval
from simulator.ledger.record.types import TaskRecord
from simulator.run.backlog import Executions, together
from simulator.run.booking import claimed_flows
from simulator.run.engine import StepRecord

ITEMS = 64
"""Items of each kind on which the tasks of a live run are executed in turn, so that no model runs on one twice."""

MILLISECONDS = 1000
"""Milliseconds of a second, in which task records tell times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A class of tasks as its records tell of it: the digest of its integer model, and that model's answers."""

    model: bytes
    run: Callable[[int], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interim:
    """The part of an interval that has passed: joules (B, 7) by the flows of a claim, and tasks that were completed.

    `bought` (B,) are joules from the grid, `grams` (B,) what they emitted; `mean` (B,) is the sum of the intensities of
    `steps` steps.
    """

    joules: FloatArray
    bought: FloatArray
    grams: FloatArray
    mean: FloatArray
    steps: int
    completed: tuple[Executions, ...]


class Metering:
    """The meters of all buses between two claims."""

    def __init__(self, bus_of_node: np.typing.NDArray[np.integer], kinds: tuple[Kind, ...], sources: tuple[bytes, ...]):
        """Begin to meter. `sources` are the digests of what each bus's intensity comes from."""
        self._bus_of_node = bus_of_node
        self._kinds = kinds
        self._sources = sources
        self._numbers = [0] * len(sources)
        self._interim = self._nothing()

    def step(self, record: StepRecord) -> None:
        """Add a step."""
        before, joules = self._interim, claimed_flows(record.flows.matrix)
        bought = joules[:, 5] + joules[:, 6]
        self._interim = Interim(
            joules=before.joules + joules,
            bought=before.bought + bought,
            grams=before.grams + bought * record.grams_per_joule,
            mean=before.mean + record.grams_per_joule,
            steps=before.steps + 1,
            completed=(*before.completed, record.work.completed),
        )

    def read(self, start: int, end: int) -> list[Interval]:
        """Return the interval of each bus between two times, and begin the next."""
        done, self._interim = self._interim, self._nothing()
        mean = done.mean / done.steps
        grams = np.divide(done.grams, done.bought, out=mean, where=done.bought > 0.0)
        tasks = self._tasks(together(done.completed), start, end)
        return [
            Interval(
                end=end,
                joules=tuple(done.joules[bus].tolist()),
                grams_per_joule=float(grams[bus]),
                intensity_source=source,
                on_time=tuple(map(tuple, tasks[bus][:-1])),
                others=tuple(tasks[bus][-1]),
            )
            for bus, source in enumerate(self._sources)
        ]

    def _nothing(self) -> Interim:
        none = np.zeros(len(self._sources))
        return Interim(joules=np.zeros((len(none), 7)), bought=none, grams=none, mean=none, steps=0, completed=())

    def _tasks(self, completed: Executions, start: int, end: int) -> list[list[list[TaskRecord]]]:
        """Return the records of each bus: those on time by kind, and those of all others."""
        found: list[list[list[TaskRecord]]] = [[[] for _ in range(len(self._kinds) + 1)] for _ in self._sources]
        # The classes of every site count on their own, those of the first site first.
        buses, kinds = self._bus_of_node[completed.node].tolist(), (completed.task_class % len(self._kinds)).tolist()
        all_times = zip(
            *(one.tolist() for one in (completed.arrival, completed.finish, completed.deadline)), strict=True
        )
        for bus, kind, times in zip(buses, kinds, all_times, strict=True):
            number = self._numbers[bus]
            self._numbers[bus] += 1
            is_on_time = times[1] <= times[2]
            record = self._record(number, kind, _milliseconds(times, start, end))
            found[bus][kind if is_on_time else -1].append(record)
        return found

    def _record(self, number: int, kind: int, times: tuple[int, int, int]) -> TaskRecord:
        arrived, finished, deadline = times
        seed = number % ITEMS
        return TaskRecord(
            task=number,
            task_class=kind,
            arrived=arrived,
            finished=finished,
            deadline=deadline,
            model=self._kinds[kind].model,
            input_seed=seed,
            output=self._kinds[kind].run(seed),
        )


def _milliseconds(times: tuple[float, float, float], start: int, end: int) -> tuple[int, int, int]:
    """Return arrival, end and deadline of a task in whole milliseconds, its end within the interval in which it was.

    End and deadline are rounded alike, so that rounding makes no task late.
    """
    arrived, finished, deadline = times
    done = min(max(ceil(finished * MILLISECONDS), start * MILLISECONDS + 1), end * MILLISECONDS)
    due = ceil(deadline * MILLISECONDS)
    return floor(arrived * MILLISECONDS), done, max(due, done) if finished <= deadline else due
