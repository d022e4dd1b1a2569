"""The Scheduler board: the outcomes of tasks, their places, and why."""

from grafana.board import Board, Choice
from grafana.scheduler import models, placement, tasks
from grafana.simulated import DOCUMENTS, PROGRAM, health

UID = "ecochain-scheduler"


def board() -> Board:
    """Return the board before layout; rows from the answer down to its evidence."""
    return Board(
        uid=UID,
        title="Scheduler",
        description=(
            "Tasks of a simulated cluster: how many, how late, on which nodes and operating points, and by which "
            "policy. Everything here is simulated; hours and latencies are those of the simulated clock."
        ),
        about=(
            "**How many tasks are late, on which nodes and operating points do they run, and why there?** Everything "
            "is simulated, and exact for the scenario. Quantiles of latency are as exact as their histogram's buckets."
        ),
        documents=DOCUMENTS,
        metric="ecochain_clock_timestamp_seconds",
        program=PROGRAM,
        choices=(
            Choice(label="node", title="Node", metric="ecochain_node_info"),
            Choice(label="task_class", title="Class", metric="ecochain_scheduler_deadline_misses_total"),
        ),
        tags=("simulator",),
        shown="now-1h",
        rows=(tasks.now(), tasks.trends(), placement.row(), models.row(), health()),
    )
