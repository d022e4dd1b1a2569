"""Growth of the cluster, and the distance of policies from the least emissions."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.experiments.charts import CURVE, HIGH, LOW, MEAN, PUBLISHED, curve
from grafana.experiments.comparison import picture
from grafana.experiments.measures import REGRET
from grafana.experiments.names import IN_SCENARIO, NO_RESULTS, found
from grafana.options import PER_HOUR
from grafana.panels import Facts, Target
from grafana.promql import select

STATISTICS = {MEAN: "mean", LOW: "low", HIGH: "high"}

HAVE_PUBLISHED = {("latency_seconds", "nodes")}
"""Curves beside which published figures stand."""


def row() -> Row:
    """Build the row of the curves and the regret."""
    panels = (
        _curve(
            "Greatest sustained load",
            "saturation_tasks_per_second",
            "nodes",
            "Tasks per hour at which at most one in a hundred is late or dropped. The published model has no queues, "
            "so it never saturates and has no such figure.",
            unit=PER_HOUR,
            times=" * 3600",
            only="only scenarios of the model edge have queues that saturate",
        ),
        _curve(
            "Latency of more nodes",
            "latency_seconds",
            "nodes",
            "Mean latency with the same work on more nodes, and the published figures. Only the scenario published "
            "varies the nodes so; edge looks for its greatest load instead.",
            unit="s",
            only="only the scenario published varies the nodes at the same load",
        ),
        picture(REGRET, IN_SCENARIO, experiment="peers"),
        _curve(
            "Energy of more tasks",
            "energy_joules",
            "tasks",
            "Electricity that the cluster consumed in a run with so many tasks.",
            unit="watth",
            times=" / 3600",
        ),
        _curve(
            "Latency of more tasks",
            "latency_seconds",
            "tasks",
            "Mean time from arrival to completion of completed tasks that are not deferrable, in a run with so many "
            "tasks.",
            unit="s",
        ),
        _curve(
            "Deadlines missed with more tasks",
            "deadline_miss_ratio",
            "tasks",
            "Late and dropped tasks / tasks offered, in a run with so many tasks.",
            unit="percentunit",
        ),
    )
    return Row(title="Scaling and regret on $scenario", panels=panels)


def _curve(
    title: str, measure: str, size: str, description: str, *, unit: str, times: str = "", only: str = ""
) -> dashboard.Panel:
    """Draw a measure of the experiment scaling over the number of nodes or tasks."""

    def asked(statistic: str) -> str:
        matchers = f'method=~".+ {size}",{IN_SCENARIO}'
        series = select(f"ecochain_experiment_{measure}", matchers, experiment="scaling", statistic=statistic)
        sized = f'label_replace({found(series)}, "{size}", "$1", "method", "(.+) {size}")'
        return f"max by ({size}) ({sized}){times}"

    statistics = STATISTICS | ({PUBLISHED: "published"} if (measure, size) in HAVE_PUBLISHED else {})
    facts = Facts(
        title=title,
        description=(
            f"{description} Across: the number of {size}. The band is the 95% interval. From the experiment scaling, "
            "with the full system."
        ),
        unit=unit,
        no_value=only or NO_RESULTS,
        targets=tuple(Target(expr=asked(statistic), legend=name) for name, statistic in statistics.items()),
        series=tuple(look for look in CURVE if look.name in statistics),
        minimum=0,
        width=8,
        height=11,
    )
    return curve(facts, size=size)
