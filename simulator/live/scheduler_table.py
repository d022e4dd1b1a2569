"""The scheduler on the simulator's page: its last decision, what is before it, and who sleeps and why."""

from html import escape

from exporter.core.html import data, scrolling
from simulator.live.scheduler_view import SchedulerView, StandingView

MOST_NAMES = 12
"""Nodes that are named in a line; of more the rest is counted. A choice, for the sake of reading."""


def scheduler_section(view: SchedulerView | None) -> str:
    """Return the section; nothing before the first step, and once the figures are stale."""
    if view is None:
        return ""
    decision = "No task has been placed yet." if view.decision is None else escape(view.decision.sentence)
    rows = "".join(map(_row, view.standings))
    head = "<tr><th>Nodes</th><th>State</th><th>Why</th></tr>"
    table = scrolling("Which nodes are awake, and why", f'<table class="standings">{head}{rows}</table>')
    return f'<section><h2>Scheduler</h2><p class="decision">{decision}</p><p>{_before_it(view)}</p>{table}</section>'


def _before_it(view: SchedulerView) -> str:
    placed = data(view.queued_tasks, "queued", f"{view.queued_tasks:,}")
    due = data(view.due_tasks, "due", f"{view.due_tasks:,}")
    told = f"{placed} placed and not completed; {due} of these and of the held ones due within the hour."
    if view.least_slack_seconds is None or view.least_slack_class is None:
        return f"{told} No deadline is at stake."
    slack = data(view.least_slack_seconds, "slack", _duration(abs(view.least_slack_seconds)))
    left = "before" if view.least_slack_seconds >= 0.0 else "after"
    return f"{told} The closest call is a task of {escape(view.least_slack_class)}, to end {slack} {left} its deadline."


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60.0 else f"{seconds / 60.0:,.0f} min"


def _row(standing: StandingView) -> str:
    named, rest = standing.nodes[:MOST_NAMES], len(standing.nodes) - MOST_NAMES
    names = ", ".join(map(escape, named)) + (f" and {rest} more" if rest > 0 else "")
    return f"<tr><td>{names}</td><td>{standing.state}</td><td>{standing.why}</td></tr>"
