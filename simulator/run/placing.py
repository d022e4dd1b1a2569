"""The question that a policy is asked in a step, and its answer, for who explains it afterwards."""

from dataclasses import dataclass

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import FloatArray, IntArray
from simulator.run.deferred import Released
from simulator.run.kernels import GREEN, Block, State
from simulator.run.plant import Plant
from simulator.scheduling.interface import StepView
from simulator.workload.task import Tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The tasks that are released in a step, and the state in which they are to be placed."""

    tasks: Tasks
    view: StepView


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """The answer to a question: `node` (M,), -1 for none, `level` (M,), and `finish` (M,) as it was expected.

    A wake that failed afterwards made the true finish later.
    """

    question: Question
    node: IntArray
    level: IntArray
    finish: FloatArray


def unplaced(block: Block, index: int) -> Released:
    """Return the tasks of a block that are released in a step or later."""
    part = slice(int(block.first[index - block.begin]), None)
    return Released(tasks=_tasks(block, part), arrival=block.arrival[part])


def _tasks(block: Block, part: slice) -> Tasks:
    return Tasks(
        arrival=block.release[part],
        task_class=block.task_class[part],
        work=block.work[part],
        deadline=block.deadline[part],
    )


def question(plant: Plant, state: State, block: Block, index: int) -> Question | None:
    """Return what the policy is asked in a step of a block; None without tasks."""
    first, last = block.first[index - block.begin :][:2].tolist()
    if first == last:
        return None
    view = StepView(
        start=Seconds(index * plant.step),
        seconds=plant.step,
        free_at=state.free_at.copy(),
        wake=np.zeros(len(state.free_at)) if plant.sleep is None else plant.sleep.wake_seconds(),
        green_joules=state.buses[GREEN].copy(),
        grams_per_joule=block.grid[0],
    )
    return Question(tasks=_tasks(block, slice(first, last)), view=view)


def placing(asked: Question, plant: Plant, state: State) -> Placing:
    """Return what was chosen for the last question, before the next one is asked."""
    count = len(asked.tasks)
    node, level = state.choice[:, :count].copy()
    late = np.zeros(len(state.free_at)) if plant.sleep is None else plant.sleep.arrays.late
    return Placing(question=asked, node=node, level=level, finish=state.times[1, :count] - late[node])
