"""Names of scrape jobs: alerts select the programs by them where a metric exists for every scrape target."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from prometheus.alert import EXPORTER, AlertGroup
from prometheus.simulator_alerts import SIMULATOR

_USUAL = re.compile("|".join(map(re.escape, (EXPORTER, SIMULATOR))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """Jobs by which a Prometheus scrapes the exporters and the simulators."""

    exporter: str = "ecotrack"
    simulator: str = "ecochain"


def of_jobs(groups: Iterable[AlertGroup], jobs: Jobs) -> tuple[AlertGroup, ...]:
    """Return the alerts such that they select these jobs in place of the usual ones."""
    named = {EXPORTER: _matcher(jobs.exporter), SIMULATOR: _matcher(jobs.simulator)}

    def selecting(expr: str) -> str:
        return _USUAL.sub(lambda usual: named[usual[0]], expr)

    return tuple(
        replace(group, alerts=tuple(replace(alert, expr=selecting(alert.expr)) for alert in group.alerts))
        for group in groups
    )


def _matcher(job: str) -> str:
    """Select a job; PromQL takes the quotes and escapes of JSON."""
    return f"job={json.dumps(job, ensure_ascii=False)}"
