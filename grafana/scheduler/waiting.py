"""Work that waits, and the deadlines that come: queues, held tasks, slack."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import CLASSES, HORIZONS, WAITING
from grafana.panels import Facts, Target, by_label, coloured, lines, stacked
from grafana.promql import select, total
from grafana.simulated import EVERY_CLASS, EVERY_NODE, NO_DATA

NOTHING_PLACED = "no task of a chosen class is placed and not completed"


def row() -> Row:
    """Build the row of tasks that wait, the longest queue, releases, slack and tasks that are due."""
    return Row(
        title="Is work waiting, and will deadlines hold?", panels=(_waiting(), _queues(), _releases(), _slack(), _due())
    )


def _waiting() -> dashboard.Panel:
    facts = Facts(
        title="Tasks that are not completed",
        description=(
            "Tasks that are placed on the chosen nodes and not completed (queued), and deferred ones that are held "
            "back on purpose (held), of all classes and nodes. At the end of the last simulated step."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(
            Target(expr=total(select("ecochain_scheduler_queued_tasks", EVERY_NODE)), legend="queued"),
            Target(expr=total(select("ecochain_scheduler_held_tasks")), legend="held"),
        ),
        series=coloured(WAITING),
        width=8,
        minimum=0,
        decimals=0,
    )
    return stacked(facts)


def _queues() -> dashboard.Panel:
    backlog = select("ecochain_node_backlog_seconds", EVERY_NODE)
    facts = Facts(
        title="Longest queue",
        description=(
            "Time until the chosen node with the longest queue will have executed all that is placed on it, and the "
            "mean over the nodes. Far above the mean, the work is uneven: the table above names the node."
        ),
        unit="s",
        no_value=NO_DATA,
        targets=(Target(expr=f"max({backlog})", legend="longest"), Target(expr=f"avg({backlog})", legend="mean")),
        series=coloured({"longest": WAITING["queued"], "mean": WAITING["held"]}),
        width=8,
        minimum=0,
    )
    return lines(facts)


def _releases() -> dashboard.Panel:
    facts = Facts(
        title="When held tasks are released",
        description=(
            "Held tasks by the simulated time until the latest moment of their release: within 1 hour, 1 to 6, 6 to "
            "24, or later. Only policies that shift work in time hold any back."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(by_label("sum", "horizon", select("ecochain_scheduler_release_tasks")),),
        series=coloured(HORIZONS),
        width=8,
        minimum=0,
        decimals=0,
    )
    return stacked(facts)


def _slack() -> dashboard.Panel:
    facts = Facts(
        title="Least time to a deadline",
        description=(
            "Of each chosen class, the placed task that will end closest to its deadline: the simulated time between "
            "the two. Below zero it will be late. Held tasks have no end yet, and are not in it."
        ),
        unit="s",
        no_value=NOTHING_PLACED,
        targets=(by_label("min", "task_class", select("ecochain_scheduler_deadline_slack_seconds", EVERY_CLASS)),),
        series=coloured(CLASSES),
        width=12,
    )
    return lines(facts)


def _due() -> dashboard.Panel:
    facts = Facts(
        title="Due within the simulated hour",
        description=(
            "Tasks of the chosen classes that are not completed and whose deadline comes within a simulated hour "
            "or is past: placed ones, and ones that are still held."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(by_label("sum", "state", select("ecochain_scheduler_due_tasks", EVERY_CLASS)),),
        series=coloured(WAITING),
        width=12,
        minimum=0,
        decimals=0,
    )
    return stacked(facts)
