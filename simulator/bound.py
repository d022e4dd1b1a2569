"""The question behind a run's regret: what would the same work, done as punctually, have emitted at least?"""

from collections.abc import Sequence

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR, Seconds
from simulator.arrays import FloatArray, IntArray
from simulator.engine import Engine, StepRecord
from simulator.queue import Executions, together
from simulator.scheduling.lower_bound import BoundProblem

COARSE = Seconds(SECONDS_PER_HOUR)


def problem(engine: Engine, course: Sequence[StepRecord]) -> BoundProblem:
    """The problem of which a run from the start to now is one solution; `course` are all its steps."""
    plant = engine.plant
    per_step = round(COARSE / plant.step)
    executions = together([*(record.work.completed for record in course), engine.queue.pending])
    ends = np.arange(1, -(-len(course) // per_step) + 1, dtype=np.float64) * float(COARSE)
    lasts = executions.finish - executions.start
    # What takes less time than the clock can tell is done as soon as it has started.
    begun = (executions.start < engine.clock).astype(np.float64)
    executed = np.clip(np.divide(engine.clock - executions.start, lasts, out=begun, where=lasts > 0.0), 0.0, 1.0)
    return BoundProblem(
        seconds=COARSE,
        generation=_summed([record.flows.generation for record in course], per_step),
        other_load=_summed([record.flows.load - record.work.joules for record in course], per_step),
        grams_per_joule=_least([record.grams_per_joule for record in course], per_step),
        batteries=plant.batteries,
        final_stored=engine.stored,
        arrived=_cumulative(executions, executions.arrival, ends, len(plant.deferrable)),
        due=_cumulative(executions, np.maximum(executions.deadline, executions.finish), ends, len(plant.deferrable)),
        done=_by_class(executions.task_class, executions.work * executed, len(plant.deferrable)),
        cluster=plant.cluster,
    )


def _summed(rows: Sequence[FloatArray], per_step: int) -> FloatArray:
    """Sums (S, N) over the coarse steps."""
    return np.add.reduceat(np.array(rows), np.arange(0, len(rows), per_step), axis=0)


def _least(values: Sequence[float], per_step: int) -> FloatArray:
    """Minima (S,) over the coarse steps."""
    return np.minimum.reduceat(np.array(values), np.arange(0, len(values), per_step))


def _cumulative(executions: Executions, times: FloatArray, ends: FloatArray, classes: int) -> FloatArray:
    """Work (S, K) whose time is at or before the end of each coarse step."""
    work = np.zeros((len(ends) + 1, classes))
    np.add.at(work, (np.searchsorted(ends, times, side="left"), executions.task_class), executions.work)
    cumulated: FloatArray = np.cumsum(work[:-1], axis=0)
    return cumulated


def _by_class(task_class: IntArray, work: FloatArray, classes: int) -> FloatArray:
    return np.bincount(task_class, weights=work, minlength=classes).astype(np.float64)
