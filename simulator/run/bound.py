"""The problem behind a run's regret and its gap: the least emissions of the same work, done as punctually."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR, Seconds
from simulator.arrays import FloatArray
from simulator.run.backlog import Executions, together
from simulator.run.engine import Engine, StepRecord
from simulator.run.plant import Plant
from simulator.scheduling.interface import Cluster
from simulator.scheduling.lower_bound import BoundProblem

COARSE = Seconds(SECONDS_PER_HOUR)


def problem(engine: Engine, course: Sequence[StepRecord]) -> BoundProblem:
    """Return the problem of which a run from its beginning to now is a solution; `course` are all steps since then."""
    plant, begin = engine.plant, engine.beginning
    classes = len(plant.cluster.home)
    per_step = round(COARSE / plant.step)
    executions = together([*(record.work.completed for record in course), engine.queue.pending])
    ends = begin.clock + np.arange(1, -(-len(course) // per_step) + 1, dtype=np.float64) * float(COARSE)
    # Of a task in execution when counting began, only the rest counts.
    left = executions.work * (1.0 - _executed(executions, begin.clock))
    undone = executions.work * (1.0 - _executed(executions, engine.clock))
    return BoundProblem(
        seconds=COARSE,
        generation=_summed([record.flows.generation for record in course], per_step),
        other_load=_summed([engine.buses.sum(_other_load(record, plant)) for record in course], per_step),
        waking_watts=plant.cluster.idle_watts - _least_watts(plant),
        grams_per_joule=_least([record.grams_per_joule for record in course], per_step),
        batteries=replace(plant.batteries, initial=begin.stored),
        final_stored=engine.stored,
        arrived=_cumulative(executions, left, executions.arrival, ends, classes),
        due=_cumulative(executions, left, np.maximum(executions.deadline, executions.finish), ends, classes),
        done=np.bincount(executions.task_class, weights=left - undone, minlength=classes).astype(np.float64),
        moved_joules=_moved_joules(plant.cluster, executions),
        # Of a task that came before counting began, the input may have been moved before, too.
        moved_before=_by_node(plant.cluster, executions, np.where(executions.arrival < begin.clock, left, 0.0)),
        cluster=plant.cluster,
    )


def without_tasks(asked: BoundProblem) -> BoundProblem:
    """Return the problem of the same weather and the same nodes without any task: its least emissions are the floor,
    which no way of doing any work goes below.

    The batteries have to end as full, and what neither tasks nor the choice of sleep caused is drawn as before.
    """
    return replace(
        asked,
        arrived=np.zeros_like(asked.arrived),
        due=np.zeros_like(asked.due),
        done=np.zeros_like(asked.done),
        moved_before=np.zeros_like(asked.moved_before),
    )


def _least_watts(plant: Plant) -> FloatArray:
    """Return the least power (N,) at which each node can stand: asleep, where it can sleep in this run."""
    idle = plant.cluster.idle_watts
    if plant.sleep is None:
        return idle
    return np.where(plant.sleep.table.able, np.minimum(plant.sleep.table.watts, idle), idle)


def _other_load(record: StepRecord, plant: Plant) -> FloatArray:
    """Return the joules (N,) of a step that neither tasks nor the choice of sleep caused."""
    least = _least_watts(plant)
    # A transition may take less than sleep does: the nodes of the programme stand at no more than those of the run did.
    awake = (plant.cluster.idle_watts - least) * record.work.seconds
    standing = np.minimum(least * record.seconds, record.standing - awake)
    return record.load - record.work.joules - (record.standing - standing)


def _executed(executions: Executions, clock: Seconds) -> FloatArray:
    """Return the share (M,) of each execution that lies before a time."""
    lasts = executions.finish - executions.start
    # A task shorter than the clock's resolution is done as soon as it has started.
    begun = (executions.start < clock).astype(np.float64)
    return np.clip(np.divide(clock - executions.start, lasts, out=begun, where=lasts > 0.0), 0.0, 1.0)


def _summed(rows: Sequence[FloatArray], per_step: int) -> FloatArray:
    """Return sums (S, ...) over the coarse steps."""
    return np.add.reduceat(np.array(rows), np.arange(0, len(rows), per_step), axis=0)


def _by_node(cluster: Cluster, executions: Executions, work: FloatArray) -> FloatArray:
    """Return the sums (N, K) of work (M,) by node and class."""
    sums = np.zeros(cluster.fits.shape)
    np.add.at(sums, (executions.node, executions.task_class), work)
    return sums


def _moved_joules(cluster: Cluster, executions: Executions) -> FloatArray:
    """Return the least joules (N, K) of the network per second of reference work that is executed on each node: those
    of the class's longest task."""
    longest = np.zeros(len(cluster.home))
    np.maximum.at(longest, executions.task_class, executions.work)
    return np.divide(cluster.moved_joules, longest, out=np.zeros_like(cluster.moved_joules), where=longest > 0.0)


def _least(rows: Sequence[FloatArray], per_step: int) -> FloatArray:
    """Return minima (S, ...) over the coarse steps."""
    return np.minimum.reduceat(np.array(rows), np.arange(0, len(rows), per_step), axis=0)


def _cumulative(
    executions: Executions, work: FloatArray, times: FloatArray, ends: FloatArray, classes: int
) -> FloatArray:
    """Return the work (S, K) whose time is at or before the end of each coarse step."""
    sums = np.zeros((len(ends) + 1, classes))
    np.add.at(sums, (np.searchsorted(ends, times, side="left"), executions.task_class), work)
    cumulated: FloatArray = np.cumsum(sums[:-1], axis=0)
    return cumulated
