"""The outcomes of tasks: how many, how fast, how late."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import CLASSES, FAINT, OUTCOMES, QUANTILES
from grafana.options import PER_HOUR
from grafana.panels import Facts, Series, Target, coloured, lines, number, stacked
from grafana.promql import select, total
from grafana.simulated import EVERY_CLASS, NO_DATA, NO_RATE, SIMULATED, if_several
from prometheus.simulator_alerts import HIGHEST_MISS_RATIO
from prometheus.simulator_recording import LATENCY, MISSES, TASKS, miss_ratio

TOP = 5
SHARES = {"half": 0.5, "95%": 0.95, "99%": 0.99}

NO_TASKS = "no task of a chosen class ended in this time"

QUANTILE_CAVEAT = (
    "From the buckets of a histogram, with a straight line inside each, so it is as exact as they are narrow. It is "
    "the simulated time from arrival to completion, deliberate waiting included; dropped tasks have none."
)


def now() -> Row:
    """Build the row of tasks, misses, latency, what is due and what is held back."""
    panels = (_rate(), _missed(), _latency_now(), _due(), _held())
    return Row(title="Now", panels=panels)


def trends() -> Row:
    """Build the row of outcomes, latency quantiles, latency and misses by class, drops by class."""
    panels = (_outcomes(), _quantiles(), _class_latency(), _class_misses(), _class_drops())
    return Row(title="Tasks", panels=panels)


def latency(share: float, *labels: str) -> str:
    """Return the latency within which this share of the completed tasks stays, kept apart by these labels."""
    return f"histogram_quantile({share}, {total(select(LATENCY.rate, EVERY_CLASS), *labels, 'le')})"


def missed(*labels: str) -> str:
    """Return late and dropped tasks / all tasks that ended."""
    ended = total(select(TASKS.rate, EVERY_CLASS), *labels)
    return f"{total(select(MISSES.rate, EVERY_CLASS), *labels)} / ({ended} > 0)"


def _rate() -> dashboard.Panel:
    facts = Facts(
        title="Tasks",
        description=f"Tasks of the chosen classes that ended per simulated hour: on time, late or dropped. {SIMULATED}",
        unit=PER_HOUR,
        no_value=NO_RATE,
        targets=(Target(expr=f"3600 * {total(select(TASKS.rate, EVERY_CLASS))}", legend="tasks"),),
        width=4,
        height=TOP,
        decimals=0,
    )
    return number(facts)


def _missed() -> dashboard.Panel:
    facts = Facts(
        title="Deadlines missed",
        description=(
            "Late and dropped tasks of the chosen classes / all of them that ended. Late ones were completed after "
            f"their deadline; dropped ones could not have begun in time on any node. {SIMULATED}"
        ),
        unit="percentunit",
        no_value=NO_TASKS,
        targets=(Target(expr=missed(), legend="missed"),),
        width=4,
        height=TOP,
        minimum=0,
        decimals=2,
    )
    return number(facts)


def _latency_now() -> dashboard.Panel:
    facts = Facts(
        title="Latency",
        description=f"Time within which half, 95% and 99% of the completed tasks stay. {QUANTILE_CAVEAT} {SIMULATED}",
        unit="s",
        no_value=NO_TASKS,
        targets=tuple(Target(expr=latency(share), legend=name) for name, share in SHARES.items()),
        series=coloured(QUANTILES),
        width=9,
        height=TOP,
        decimals=2,
    )
    return number(facts, shown="value_and_name")


def _due() -> dashboard.Panel:
    facts = Facts(
        title="Due within the hour",
        description=(
            "Tasks of the chosen classes that are not completed and whose deadline comes within a simulated hour "
            "or is past, placed or held back."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(Target(expr=total(select("ecochain_scheduler_due_tasks", EVERY_CLASS)), legend="due"),),
        width=4,
        height=TOP,
        decimals=0,
    )
    return number(facts)


def _held() -> dashboard.Panel:
    facts = Facts(
        title="Held back",
        description=(
            "Deferrable tasks that wait for greener supply within their deadline and are not placed yet, all classes "
            "together. Only policies that shift work in time hold any back."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(Target(expr=total(select("ecochain_scheduler_held_tasks")), legend="held"),),
        width=3,
        height=TOP,
        decimals=0,
    )
    return number(facts)


def _outcomes() -> dashboard.Panel:
    ended = total(select(TASKS.rate, EVERY_CLASS), "outcome")
    facts = Facts(
        title="Tasks by outcome",
        description=f"Tasks of the chosen classes that ended per simulated hour, stacked by outcome. {SIMULATED}",
        unit=PER_HOUR,
        no_value=NO_RATE,
        targets=(Target(expr=f"3600 * {ended}", legend="{{outcome}}"),),
        series=coloured(OUTCOMES),
        width=12,
        minimum=0,
    )
    return stacked(facts)


def _quantiles() -> dashboard.Panel:
    facts = Facts(
        title="Latency over time",
        description=f"Time within which half, 95% and 99% of the completed tasks stay. {QUANTILE_CAVEAT} {SIMULATED}",
        unit="s",
        no_value=NO_TASKS,
        targets=tuple(Target(expr=latency(share), legend=name) for name, share in SHARES.items()),
        series=coloured(QUANTILES),
        width=12,
        minimum=0,
    )
    return lines(facts)


def _class_latency() -> dashboard.Panel:
    return _by_class(
        title="Latency by class, 95%",
        description=f"Time within which 95% of the completed tasks of each class stay. {QUANTILE_CAVEAT} {SIMULATED}",
        unit="s",
        targets=(Target(expr=latency(0.95, "task_class"), legend="{{task_class}}"),),
    )


def _class_misses() -> dashboard.Panel:
    whole = Target(expr=if_several(select(miss_ratio("30m"))), legend="all classes{{run}}, 30 min")
    return _by_class(
        title="Deadlines missed by class",
        description=(
            "Late and dropped / all tasks of each class; and, for each whole cluster, the same over 30 minutes of wall "
            f"time, which is what the alert judges. {SIMULATED}"
        ),
        unit="percentunit",
        targets=(Target(expr=missed("task_class"), legend="{{task_class}}"), whole),
        series=(Series(name="/30 min$/", colour=FAINT, dashed=True, pattern=True),),
        limit=HIGHEST_MISS_RATIO,
    )


def _class_drops() -> dashboard.Panel:
    dropped = total(select(TASKS.rate, EVERY_CLASS, outcome="dropped"), "task_class")
    return _by_class(
        title="Dropped by class",
        description=(
            "Tasks per simulated hour that were dropped, because no node could have started them within the longest "
            f"wait (scheduler.longest_wait_seconds). {SIMULATED}"
        ),
        unit=PER_HOUR,
        targets=(Target(expr=f"3600 * {dropped}", legend="{{task_class}}"),),
    )


def _by_class(
    *,
    title: str,
    description: str,
    unit: str,
    targets: tuple[Target, ...],
    series: tuple[Series, ...] = (),
    limit: float | None = None,
) -> dashboard.Panel:
    """Draw one line per task class."""
    facts = Facts(
        title=title,
        description=description,
        unit=unit,
        no_value=NO_TASKS,
        targets=targets,
        series=(*coloured(CLASSES), *series),
        limit=limit,
        width=8,
        minimum=0,
    )
    return lines(facts)
