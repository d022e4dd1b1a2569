"""The page on alerts: every alert of both programs, when it fires and for whom, from the rules and the runbooks."""

import re
from collections.abc import Iterator
from pathlib import Path

from prometheus.alert import Alert, AlertGroup
from prometheus.files import alert_groups, simulator_alert_groups
from scripts.imports import ROOT

RUNBOOKS = ROOT / "docs/runbooks"

TITLES = {
    "budget": "Budgets",
    "ecoguard": "The emission rate",
    "data-quality": "The quality of the figures",
    "opportunity": "Opportunities",
    "processes": "Programs",
    "exporter": "The exporter",
    "simulator": "The simulator",
}
"""Heading of each component, in the order of the page."""

INTRODUCTION = """\
Prometheus evaluates each alert at its interval, and it fires once its condition has held for the time in the column
*for*. *stays* is the time for which it goes on after the condition has ended. `scope` says how far an alert reaches:
one device, a team of devices, a simulated cluster, a site or a node of it, or the pipeline that carries the alerts.
The expressions are in [prometheus/rules/](../../prometheus/rules/); each name leads to what to do.
"""


def alerts() -> str:
    """Return the tables, a heading for each component."""
    rows = [(group, alert) for group in _groups() for alert in group.alerts]
    return INTRODUCTION + "".join(_table(title, component, rows) for component, title in TITLES.items())


def _groups() -> tuple[AlertGroup, ...]:
    return (*alert_groups(None), *simulator_alert_groups())


def _table(title: str, component: str, rows: list[tuple[AlertGroup, Alert]]) -> str:
    lines = [
        f"\n## {title}\n",
        "| alert | severity | scope | fires when | interval | for | stays |",
        "|---|---|---|---|---|---|---|",
        *(_row(group, alert) for group, alert in rows if alert.component == component),
    ]
    return "\n".join(lines) + "\n"


def _row(group: AlertGroup, alert: Alert) -> str:
    times = f"{group.interval} | {alert.hold or '-'} | {alert.keep_firing_for or '-'}"
    name = f"[{alert.name}](../runbooks/{alert.component}.md#{alert.name.lower()})"
    return f"| {name} | {alert.severity} | {alert.scope} | {condition(alert)} | {times} |"


def condition(alert: Alert) -> str:
    """Return the condition of an alert in words: the first paragraph of its runbook."""
    text = (RUNBOOKS / f"{alert.component}.md").read_text(encoding="utf-8")
    below = re.split(rf"^#+ {alert.name}$", text, flags=re.MULTILINE)[1]
    paragraph = next(_paragraphs(below))
    return re.sub(r"\]\((?!https?:)([^)]*)\)", lambda link: f"]({_from_reference(link[1], alert)})", paragraph)


def _paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a text as one line each, without its headings."""
    for part in re.split(r"\n\s*\n", text):
        if part.strip() and not part.lstrip().startswith("#"):
            yield " ".join(part.split()).replace("|", "\\|")


def _from_reference(target: str, alert: Alert) -> str:
    """Return a link of a runbook as it is written on a page of docs/reference/."""
    path, _, fragment = target.partition("#")
    name = Path("../runbooks") / path if path and not path.startswith("../") else Path(path)
    there = name if path else Path(f"../runbooks/{alert.component}.md")
    return f"{there.as_posix()}{'#' + fragment if fragment else ''}"
