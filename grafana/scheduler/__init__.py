"""The Scheduler board: the outcomes of tasks, their places, and why."""

from grafana.board import Board, Choice
from grafana.scheduler import decision, models, placement, sleep, tasks, waiting
from grafana.simulated import DOCUMENTS, PROGRAM, health

UID = "ecochain-scheduler"


def board() -> Board:
    """Return the board before layout; rows from the answer down to its evidence."""
    return Board(
        uid=UID,
        title="Scheduler",
        description=(
            "The scheduler of a simulated cluster: what it decided and why, who sleeps and why, whether work waits and "
            "deadlines hold, and where the work goes. Everything here is simulated; hours and latencies are those of "
            "the simulated clock."
        ),
        about=(
            "**What does it decide and why, who sleeps and why, does work wait, and do deadlines hold?** Everything "
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
        rows=(
            tasks.now(),
            decision.row(),
            decision.score(),
            sleep.row(),
            waiting.row(),
            tasks.trends(),
            placement.row(),
            models.row(),
            health(),
        ),
    )
