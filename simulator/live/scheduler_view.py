"""The scheduler in words and figures, as the JSON and the page show it."""

import math
from collections import defaultdict

import msgspec

from simulator.live.reasons import WORDS, StateReason
from simulator.live.snapshot import NODE_STATES, Readings, Snapshot
from simulator.scheduling.decision import DEADLINE, NETWORK, TIE, Decision
from simulator.scheduling.ruled import ONLY, OWN, PLAN, REQUESTS, START, TURN

BECAUSE = {
    "latency": "it ends sooner there",
    "energy": "it takes less energy there",
    "grid": "less of its energy has to come from the grid there",
    "carbon": "it emits less there",
    "load": "it waits for less long there",
    TIE: "both are as good, and the first in the list wins",
    ONLY: "no other node could take it",
    START: "no node can start it sooner",
    TURN: "it was the turn of this node",
    REQUESTS: "the memory that tasks request of the nodes decides",
    PLAN: "the plan of this hour has it for such tasks",
    NETWORK: "less has to be sent to it",
    DEADLINE: "it ends in time there",
    OWN: "so its own policy decided",
}
"""The words of each term of a decision, for the chosen node."""


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """The decision on the last placed task, `clock_seconds` after the start: its parts, and a `sentence` of them.

    `second` is the best other node, null where there is none or the policy has no score.
    """

    clock_seconds: float
    task_class: str
    site: str
    chosen: str
    second: str | None
    term: str
    sentence: str


class StandingView(msgspec.Struct, frozen=True, kw_only=True):
    """The nodes that are in one state for one reason; `why` says the reason in words."""

    state: str
    reason: str
    why: str
    nodes: list[str]


class SchedulerView(msgspec.Struct, frozen=True, kw_only=True):
    """The queues and deadlines of the scheduler, its last decision, and who sleeps and why.

    `least_slack_seconds` is the least time from the expected end of a placed task to its deadline, of the class
    `least_slack_class`; both are null without one. `due_tasks` have their deadline within a simulated hour, or had it.
    """

    decision: DecisionView | None
    standings: list[StandingView]
    queued_tasks: int
    held_tasks: int
    due_tasks: int
    least_slack_seconds: float | None
    least_slack_class: str | None


def scheduler_of(snapshot: Snapshot) -> SchedulerView | None:
    """Return the scheduler of the last step; None without readings."""
    now = snapshot.readings
    if now is None:
        return None
    state, classes = now.scheduler, snapshot.facts.classes
    known = [(float(slack), name) for slack, name in zip(state.slack, classes, strict=True) if not math.isnan(slack)]
    least = min(known, default=None)
    return SchedulerView(
        decision=None if state.decision is None else _decision(snapshot, state.decision),
        standings=_standings(snapshot, now),
        queued_tasks=int(state.queued.sum()),
        held_tasks=snapshot.waiting,
        due_tasks=int(state.due.sum()),
        least_slack_seconds=None if least is None else least[0],
        least_slack_class=None if least is None else least[1],
    )


def _decision(snapshot: Snapshot, decision: Decision) -> DecisionView:
    facts = snapshot.facts
    site, kind = divmod(decision.task_class, len(facts.classes))
    names = [node.name for node in facts.nodes]
    second = None if decision.second is None else names[decision.second]
    came = f" from {facts.sites[site]}" if len(facts.sites) > 1 else ""
    against = "" if second is None else f", not to {second}"
    return DecisionView(
        clock_seconds=decision.released,
        task_class=facts.classes[kind],
        site=facts.sites[site],
        chosen=names[decision.chosen],
        second=second,
        term=decision.term,
        sentence=f"The last task, {facts.classes[kind]}{came}, went to {names[decision.chosen]}{against}: "
        f"{BECAUSE[decision.term]}.",
    )


def _standings(snapshot: Snapshot, now: Readings) -> list[StandingView]:
    """Return the nodes by state and reason: the awake ones first, and of a state the reason of the most nodes."""
    groups: defaultdict[tuple[int, StateReason], list[str]] = defaultdict(list)
    for node, state, reason in zip(snapshot.facts.nodes, now.state.tolist(), now.scheduler.reasons, strict=True):
        groups[state, reason].append(node.name)
    found = sorted(groups.items(), key=lambda group: (group[0][0], -len(group[1]), group[0][1]))
    return [
        StandingView(state=NODE_STATES[state], reason=reason, why=WORDS[reason], nodes=nodes)
        for (state, reason), nodes in found
    ]
