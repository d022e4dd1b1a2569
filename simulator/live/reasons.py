"""The reasons for which nodes are awake or asleep, in few words."""

from enum import StrEnum

import numpy as np

from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.run.engine import Engine
from simulator.run.plant import Plant
from simulator.run.sleep import SleepState
from simulator.scheduling.horizon.by_name import PlannerByName
from simulator.scheduling.sleeping import KEPT_FOR_CLASS, KEPT_FOR_WORK, ConsolidatingSleeping

AWAKE, ASLEEP, WAKING = range(3)
"""The numbers of the states, as `SleepState.state_at` gives them."""


class StateReason(StrEnum):
    """A reason for the state of a node."""

    SLEEP_OFF = "sleep_off"
    CANNOT_SLEEP = "cannot_sleep"
    WORKING = "working"
    IDLE_BRIEFLY = "idle_briefly"
    KEPT_FOR_WORK = "kept_for_work"
    KEPT_FOR_CLASS = "kept_for_class"
    TASK_PLACED = "task_placed"
    IDLE_LONG = "idle_long"
    NOT_NEEDED = "not_needed"
    FRONT = "front"
    BATCH = "batch"
    PLANNED_ASLEEP = "planned_asleep"
    POLICY = "policy"


WORDS = {
    StateReason.SLEEP_OFF: "nobody sends it to sleep",
    StateReason.CANNOT_SLEEP: "it cannot sleep, or saves nothing by it",
    StateReason.WORKING: "it has work",
    StateReason.IDLE_BRIEFLY: "not idle for long enough",
    StateReason.KEPT_FOR_WORK: "kept for the work of the last hour",
    StateReason.KEPT_FOR_CLASS: "kept for a class that needs it",
    StateReason.TASK_PLACED: "a task was placed on it",
    StateReason.IDLE_LONG: "idle for longer than sleep takes to save energy",
    StateReason.NOT_NEEDED: "the others can do the work",
    StateReason.FRONT: "the plan has it for urgent tasks in this hour",
    StateReason.BATCH: "the plan has it for deferred tasks in this hour",
    StateReason.PLANNED_ASLEEP: "the plan does not need it in this hour",
    StateReason.POLICY: "the policy chose so",
}
"""Each reason as people say it."""

_ALWAYS = (StateReason.CANNOT_SLEEP, StateReason.WORKING, StateReason.IDLE_BRIEFLY, StateReason.TASK_PLACED)
_CONSOLIDATING = (StateReason.KEPT_FOR_WORK, StateReason.KEPT_FOR_CLASS, StateReason.NOT_NEEDED)


def possible_reasons(plant: Plant) -> tuple[StateReason, ...]:
    """Return the reasons that nodes of a run can have."""
    sleep = plant.sleep
    if sleep is None:
        return (StateReason.SLEEP_OFF,)
    if plant.planner is not None:
        return (*_ALWAYS, StateReason.FRONT, StateReason.BATCH, StateReason.PLANNED_ASLEEP)
    if sleep.asked is None:
        return (*_ALWAYS, StateReason.IDLE_LONG)
    return (*_ALWAYS, *(_CONSOLIDATING if isinstance(sleep.asked, ConsolidatingSleeping) else (StateReason.POLICY,)))


def reasons_of(engine: Engine) -> tuple[StateReason, ...]:
    """Return the reason for the present state of each node (N,)."""
    sleep = engine.plant.sleep
    if sleep is None:
        return (StateReason.SLEEP_OFF,) * len(engine.plant.cluster.names)
    works = engine.queue.free_at > engine.clock
    planner = engine.plant.planner
    awake = _awake(sleep, works) if planner is None else _planned(planner, sleep, works)
    asleep = _asleep(sleep) if planner is None else StateReason.PLANNED_ASLEEP
    state = sleep.state_at(engine.clock)
    return tuple(
        asleep if now == ASLEEP else StateReason.TASK_PLACED if now == WAKING else reason
        for now, reason in zip(state.tolist(), awake, strict=True)
    )


def _planned(planner: PlannerByName, sleep: SleepState, works: BoolArray) -> list[StateReason]:
    """Return why each node (N,) is awake, if it is, by the plan of the present hour; before the first all are in
    front."""
    able = sleep.table.able
    front, batch = planner.shares() or (np.ones(len(able)), np.zeros(len(able)))
    otherwise = np.where(works, StateReason.WORKING, StateReason.IDLE_BRIEFLY)
    chosen = np.select(
        [~able, front > 0.0, batch > 0.0], [StateReason.CANNOT_SLEEP, StateReason.FRONT, StateReason.BATCH], otherwise
    )
    return [StateReason(one) for one in chosen.tolist()]


def _asleep(sleep: SleepState) -> StateReason:
    """Return why nodes sleep."""
    if sleep.asked is None:
        return StateReason.IDLE_LONG
    return StateReason.NOT_NEEDED if isinstance(sleep.asked, ConsolidatingSleeping) else StateReason.POLICY


def _awake(sleep: SleepState, works: BoolArray) -> list[StateReason]:
    """Return why each node (N,) is awake, if it is: what keeps it so comes before what it does at the moment."""
    left = StateReason.POLICY if sleep.asked is not None else StateReason.IDLE_BRIEFLY
    kept: IntArray | None = None
    limit: FloatArray = sleep.arrays.timeout
    if isinstance(sleep.asked, ConsolidatingSleeping):
        kept, limit, left = sleep.asked.kept, sleep.table.break_even_seconds, StateReason.IDLE_BRIEFLY
    found = []
    for node, able in enumerate(sleep.table.able.tolist()):
        pays = sleep.asked is not None or np.isfinite(limit[node])
        if not able or not pays:
            found.append(StateReason.CANNOT_SLEEP)
        elif kept is not None and kept[node] == KEPT_FOR_CLASS:
            found.append(StateReason.KEPT_FOR_CLASS)
        elif kept is not None and kept[node] == KEPT_FOR_WORK:
            found.append(StateReason.KEPT_FOR_WORK)
        else:
            found.append(StateReason.WORKING if works[node] else left)
    return found
