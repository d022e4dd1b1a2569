"""The alerts that fire, by name, and their times on the panels that they concern; every board has both."""

from collections.abc import Iterator, Sequence

from grafana_foundation_sdk.models import dashboard

from grafana.colours import BAD, PLAIN
from grafana.concern import TOPICS, alerts, quantities
from grafana.dataquery import DATASOURCE
from grafana.panels import Facts, Series, Target, rows
from grafana.promql import firing, firing_alerts
from grafana.queries import metric_names
from prometheus.alert import Links

NAME_PIXELS = 216
"""Width of the longest name of an alert."""

INFORMATION = {"Opportunity alerts": PLAIN}
"""Annotations of what is no failure, with their colour."""

OVER_TIME = frozenset({"timeseries", "state-timeline"})
"""Kinds of panels with a time axis, which annotations can mark."""


def firing_table(program: str, *, width: int, height: int) -> dashboard.Panel:
    """List the alerts about a program's chosen instances that fire: name, severity, since when, and what to do."""
    facts = Facts(
        title="Alerts firing",
        description=(
            "Alerts about the chosen instances that fire now, and since when their conditions hold. Runbook leads to "
            "what each one means and what to do. Red marks on the panels concerned are their times, blue ones those "
            "of opportunities. A program that Prometheus has never seen is not here, nor are alerts on budgets of "
            "teams, which the board Fleet lists."
        ),
        unit="none",
        no_value="no alert about these instances fires",
        targets=(Target(expr=_with_runbooks(program), legend="since"),),
        series=(
            Series(name="Alert", pixels=NAME_PIXELS),
            Series(name="Since", unit="dateTimeAsLocalNoDateIfToday"),
            Series(name="Runbook", links=(_runbook(),), says="open"),
        ),
        width=width,
        height=height,
    )
    columns = {"alertname": "Alert", "severity": "Severity", "since": "Since", "runbook": "Runbook"}
    return rows(facts, columns=columns)


def annotations(program: str, panels: Sequence[dashboard.Panel]) -> list[dashboard.AnnotationQuery]:
    """Mark the times in which alerts fired on those panels that show what the alerts are about."""
    return [
        dashboard.AnnotationQuery(
            name=title,
            datasource=DATASOURCE,
            enable=True,
            icon_color=INFORMATION.get(title, BAD),
            filter_val=dashboard.AnnotationPanelFilter(exclude=False, ids=ids),
            expr=firing_alerts(program, components),
            step="60s",
            title_format="{{alertname}}",
            text_format="{{severity}}, {{component}}, {{instance}}",
            tag_keys="severity,component",
        )
        for title, components in TOPICS[program].items()
        if (ids := list(_concerned(panels, components)))
    ]


def _concerned(panels: Sequence[dashboard.Panel], components: tuple[str, ...]) -> Iterator[int]:
    for panel in panels:
        read = {name for target in panel.targets or () for name in metric_names(str(getattr(target, "expr", "")))}
        if panel.type_val in OVER_TIME and read & quantities(components) and panel.id_val is not None:
            yield panel.id_val


def _with_runbooks(program: str) -> str:
    """Ask since when each firing alert's condition holds, in ms, with its section of the runbooks as a label."""
    by = "alertname, severity, runbook"
    expr = firing(program)
    for alert in alerts(program):
        section = f"{alert.component}.md#{alert.name.lower()}"
        expr = f'label_replace({expr}, "runbook", "{section}", "alertname", "{alert.name}")'
    return f"1000 * min by ({by}) ({expr})"


def _runbook() -> dashboard.DashboardLink:
    return dashboard.DashboardLink(title="What it means, and what to do", url=f"{Links().runbooks}/${{__value.raw}}")
