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
    """Jobs by which a Prometheus scrapes the exporters and the simulators, one or more of each."""

    exporter: tuple[str, ...] = ("ecotrack",)
    simulator: tuple[str, ...] = ("ecochain",)


def of_jobs(groups: Iterable[AlertGroup], jobs: Jobs) -> tuple[AlertGroup, ...]:
    """Return the alerts such that they select these jobs in place of the usual ones.

    With several jobs an expression stands once for each, since one that tells of a missing job has to name it.
    """
    named = {EXPORTER: jobs.exporter, SIMULATOR: jobs.simulator}

    def selecting(expr: str) -> str:
        usual = _USUAL.search(expr)
        return expr if usual is None else "\nor\n".join(_selecting(expr, job) for job in named[usual[0]])

    return tuple(
        replace(group, alerts=tuple(replace(alert, expr=selecting(alert.expr)) for alert in group.alerts))
        for group in groups
    )


def _selecting(expr: str, job: str) -> str:
    """Select a job in an expression; PromQL takes the quotes and escapes of JSON."""
    return _USUAL.sub(lambda _: f"job={json.dumps(job, ensure_ascii=False)}", expr)
