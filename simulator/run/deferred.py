"""Tasks that wait for a later step."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import FloatArray, IntArray
from simulator.workload.task import Tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """Tasks in order of their release, which is their `tasks.arrival`; `arrival` is their true arrival."""

    tasks: Tasks
    arrival: FloatArray


class HeldTasks:
    """Tasks by the step in which they are to be released."""

    def __init__(self, step: Seconds) -> None:
        self._step = step
        self._by_step: defaultdict[int, list[Released]] = defaultdict(list)

    def __len__(self) -> int:
        """Return the number of waiting tasks."""
        return sum(len(held.tasks) for parts in self._by_step.values() for held in parts)

    def hold_back(self, arrived: Released, release: FloatArray) -> Released | None:
        """Keep the tasks with a later release time, and return the others; None where there are none."""
        later = release > arrived.arrival
        if not later.any():
            return arrived
        steps = (release // self._step).astype(np.int64)
        for step in np.unique(steps[later]):
            self._by_step[int(step)].append(_chosen(arrived, np.flatnonzero(later & (steps == step)), release))
        return None if later.all() else _chosen(arrived, np.flatnonzero(~later), release)

    def release(self, step: int, fresh: Released | None) -> Released | None:
        """Return the tasks held for this step together with the fresh ones, in order of release; None for none."""
        if step not in self._by_step:
            return fresh
        parts = self._by_step.pop(step)
        if fresh is not None:
            parts.append(fresh)
        tasks = Tasks(
            arrival=np.concatenate([part.tasks.arrival for part in parts]),
            task_class=np.concatenate([part.tasks.task_class for part in parts]),
            work=np.concatenate([part.tasks.work for part in parts]),
            deadline=np.concatenate([part.tasks.deadline for part in parts]),
        )
        together = Released(tasks=tasks, arrival=np.concatenate([part.arrival for part in parts]))
        return _chosen(together, np.argsort(tasks.arrival, kind="stable").astype(np.int32), tasks.arrival)


def _chosen(released: Released, index: IntArray | np.typing.NDArray[np.intp], release: FloatArray) -> Released:
    tasks = released.tasks
    chosen = Tasks(
        arrival=release[index],
        task_class=tasks.task_class[index],
        work=tasks.work[index],
        deadline=tasks.deadline[index],
    )
    return Released(tasks=chosen, arrival=released.arrival[index])
