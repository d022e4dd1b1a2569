"""The parts that all alerts have in common: labels, links, and place in Alertmanager's grouping."""

from dataclasses import dataclass
from typing import Literal

from prometheus.recording import Recording

HOLD = "2m"
"""The usual `for`, and the one that EcotrackDown shares with the alerts on data quality, which it mutes: a muted alert
with a shorter one could notify first."""

BUDGET_HOLD = "1m"
"""One `for` for all budget alerts, which mute one another. Their windows are the patience; this is four evaluations, so
that one sample alone, as around a restart, tells nobody."""

GRAMS = '{{ . | first | value | humanize | reReplaceAll "([0-9])([^0-9]*)$" "$1 $2" }}g'
"""Template text with grams that were looked up, a space before the unit and its prefix: 16.43 mg."""

BUDGET_INTERVAL = "20s"
"""Interval at which all budget alerts are evaluated, in one group: one that mutes others stands above them there, and
so reaches Alertmanager first. With it, `for` and Alertmanager's wait stay below two minutes even if an evaluation is
missed; they read what is recorded of few budgets, so that an evaluation costs next to nothing."""

EXPORTER_INTERVAL = "1m"
"""Interval of alerts on an exporter that does not answer: their `for` is twice as long."""

SAMPLING_INTERVAL = "2m"
"""Interval of alerts on an exporter that answers but does not sample or save, and on what has stopped to come at all:
what is lost grows with the time."""

DATA_QUALITY_INTERVAL = "4m"
"""Interval of alerts that look back for minutes or for a day, and tell of figures that deserve less trust. They read
most of what there is, so that their interval decides what rules cost (bench/results/fleet.md)."""

SIMULATOR_INTERVAL = "1m"
"""Interval of alerts on a simulation, which wake nobody: no `for` of theirs is shorter."""

KEEP_FIRING = "10m"
"""`keep_firing_for` of the budget alerts: it bridges a restart of the exporter."""

MUTING_KEEP_FIRING = "15m"
"""`keep_firing_for` of a device's used-up budget, which must not end before the alerts that it mutes: what they read is
recorded every four minutes and its own each minute, so that theirs outlasts a midnight or a device by that much."""

EXPORTER = 'job="ecotrack"'
"""Selects the exporter where a metric exists for every scrape target."""

SAME_INSTANCE = "on (job, instance)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Targets of the alerts' links: the folder of the runbooks, and the dashboards Device carbon, Fleet, Host power and
    processes, Edge cluster, Forecast, and Ledger and credits.

    No `/` at the end.
    """

    runbooks: str = "https://github.com/ecotrack/ecotrack/blob/main/docs/runbooks"
    dashboard: str = "http://localhost:3000/d/ecotrack-device/device-carbon"
    fleet: str = "http://localhost:3000/d/ecotrack-fleet/fleet"
    host_power: str = "http://localhost:3000/d/ecotrack-host-power/host-power-and-processes"
    cluster: str = "http://localhost:3000/d/ecochain-cluster/edge-cluster"
    forecast: str = "http://localhost:3000/d/ecochain-forecast/forecast"
    ledger: str = "http://localhost:3000/d/ecochain-ledger/ledger-and-credits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Alerting rule.

    `component` is the part of the project that the alert is about, and names its runbook page. `scope` says how far
    it reaches: one `device`, a `team` of them, one simulated `cluster`, a `site` or a `node` of it, or the `pipeline`
    that carries the alerts themselves. `advice` is a sentence that says what to do, and ends the description. `hold`
    (the rule's `for`) and `keep_firing_for` are PromQL durations, empty for none. `board` is the one of `Links` that
    the alert leads to, where that is not the component's usual one.
    """

    name: str
    expr: str
    severity: str
    component: str
    scope: str = "device"
    summary: str
    description: str
    advice: str
    hold: str = HOLD
    keep_firing_for: str = ""
    board: Literal["", "fleet", "forecast", "host_power", "ledger"] = ""

    @property
    def labels(self) -> dict[str, str]:
        """Labels that are added to those of the expression."""
        return {"severity": self.severity, "component": self.component, "scope": self.scope}

    def annotations(self, links: Links) -> dict[str, str]:
        """Return texts and links; the dashboard opens on the instance, site or node concerned, where there is one."""
        within = {"pipeline": (), "site": ("instance", "site"), "node": ("instance", "node"), "team": ("team",)}
        concerned = within.get(self.scope, ("instance",))
        chosen = "&".join(f"var-{label}={{{{ $labels.{label} | urlquery }}}}" for label in concerned)
        usual = "cluster" if self.component == "simulator" else "dashboard"
        board: str = getattr(links, self.board or usual)
        return {
            "summary": self.summary,
            "description": f"{self.description} {self.advice}",
            "runbook_url": f"{links.runbooks}/{self.component}.md#{self.name.lower()}",
            "dashboard_url": f"{board}?{chosen}" if chosen else board,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertGroup:
    """Alerts that are evaluated together, every `interval`, after what is recorded for them at the same moment."""

    name: str
    interval: str
    alerts: tuple[Alert, ...]
    recordings: tuple[Recording, ...] = ()


def looked_up(query: str, labels: tuple[str, ...], shown: str, otherwise: str = "") -> str:
    """Return template text that reads more series for an annotation.

    `query` holds one `%q` for each of the alert's `labels`, in order. In the template text `shown`, `.` is
    the result; `otherwise` stands there when the query finds nothing.
    """
    values = " ".join(f"$labels.{label}" for label in labels)
    return f"{{{{ with query (printf `{query}` {values}) }}}}{shown}{{{{ else }}}}{otherwise}{{{{ end }}}}"
