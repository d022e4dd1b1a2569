"""The scheduler of a live run: its queues and deadlines, the tasks that are held back, and its last decision."""

from dataclasses import dataclass

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR, Seconds
from simulator.arrays import CountArray, FloatArray
from simulator.live.reasons import StateReason, reasons_of
from simulator.run.engine import Engine
from simulator.scheduling.decision import Decision, last_decision

DUE_WITHIN = Seconds(SECONDS_PER_HOUR)
"""Time to its deadline within which a task counts as due soon: an hour, in which a cluster still can do something about
it. A choice."""

RELEASES = {"1h": 1, "6h": 6, "24h": 24, "later": np.inf}
"""Hours until the release of a task that is held back, by label: each counts those beyond the one before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerState:
    """The scheduler at the end of a step, of N nodes and K kinds of task.

    `reasons` (N,) say why each node is awake or asleep. `queued` (N,) are tasks that are placed on each node and not
    completed, the one that it executes included. `slack` (K,) is the least time in seconds from the expected end of
    such a task to its deadline, below 0 where it will be late, and NaN without any. `due` (2, K) are tasks whose
    deadline is past or comes within DUE_WITHIN: queued ones, and held ones. `releases` (4,) are held tasks by
    RELEASES. `decision` is that on the last placed task, None before the first.
    """

    reasons: tuple[StateReason, ...]
    queued: CountArray
    slack: FloatArray
    due: CountArray
    releases: CountArray
    decision: Decision | None


def scheduler_state(engine: Engine, kinds: int, before: Decision | None) -> SchedulerState:
    """Return the scheduler's state; `before` is the last decision that is known already."""
    pending, held = engine.queue.pending, engine.held()
    kind, soon = pending.task_class % kinds, engine.clock + DUE_WITHIN
    slack = np.full(kinds, np.inf)
    np.minimum.at(slack, kind, pending.deadline - pending.finish)
    hours = (held.tasks.arrival - engine.clock) / SECONDS_PER_HOUR
    return SchedulerState(
        reasons=reasons_of(engine),
        queued=np.bincount(pending.node, minlength=len(engine.plant.cluster.names)),
        slack=np.where(np.isfinite(slack), slack, np.nan),
        due=np.array(
            [
                np.bincount(kind[pending.deadline <= soon], minlength=kinds),
                np.bincount(held.tasks.task_class[held.tasks.deadline <= soon] % kinds, minlength=kinds),
            ]
        ),
        releases=np.diff([np.count_nonzero(hours <= most) for most in RELEASES.values()], prepend=0),
        decision=_decision(engine) or before,
    )


def _decision(engine: Engine) -> Decision | None:
    """Return the decision on the last placed task of the last step that had any; None where nobody placed one."""
    placing = engine.placing
    if placing is None:
        return None
    asked = placing.question
    return last_decision(
        engine.plant.policy,
        engine.plant.cluster,
        asked.view,
        asked.tasks,
        placing.node,
        placing.level,
        placing.finish,
    )
