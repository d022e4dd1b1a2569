"""The last audit that was kept: how many checks held, and the largest differences that it found."""

from grafana_foundation_sdk.models import dashboard

from exporter.audit.finding import TOLERANCE
from grafana.colours import PLAIN
from grafana.panels import Facts, Series, Target, bars, number
from grafana.promql import select, total

HEIGHT = 6

NO_AUDIT = "no audit was kept: run ecotrack audit --keep on the machine"

OUTCOMES = {"holds": "held", "not_checked": "not checked", "fails": "failed"}
"""Outcome of a check -> its name."""

MOST = 5
"""Differences that bars show."""


def panels() -> tuple[dashboard.Panel, ...]:
    """Build the outcomes, the differences and the age of the audit."""
    return (_outcomes(), _differences(), _age())


def _outcomes() -> dashboard.Panel:
    facts = Facts(
        title="Checks of the audit",
        description=(
            "Checks of the last ecotrack audit that was kept, by what became of them: whether parts sum to the whole, "
            "whether the kernel's counters say the same as the exporter, and whether Prometheus and its rules kept it. "
            "Several devices are added up."
        ),
        unit="none",
        no_value=NO_AUDIT,
        targets=tuple(
            Target(expr=total(select("ecotrack_audit_checks", outcome=outcome)), legend=name)
            for outcome, name in OUTCOMES.items()
        ),
        series=(Series(name="held", colour=PLAIN),),
        width=9,
        height=HEIGHT,
        decimals=0,
    )
    return number(facts, shown="value_and_name")


def _differences() -> dashboard.Panel:
    worst = f"max by (check) ({select('ecotrack_audit_difference_ratio')})"
    facts = Facts(
        title="Largest differences that it found",
        description=(
            f"The {MOST} checks of that audit whose figures were furthest apart, where they should be the same, and by "
            f"which part of the greater one. Red from {TOLERANCE:.1%} on, its usual tolerance. Several devices: the "
            "worst."
        ),
        unit="percentunit",
        no_value=NO_AUDIT,
        targets=(Target(expr=f"topk({MOST}, {worst})", legend="{{check}}"),),
        limit=TOLERANCE,
        width=11,
        height=HEIGHT,
        minimum=0,
        maximum=2 * TOLERANCE,
        decimals=2,
    )
    return bars(facts)


def _age() -> dashboard.Panel:
    facts = Facts(
        title="Since the audit",
        description="Time since the last audit that was kept. Several devices: the one that was audited longest ago.",
        unit="dtdhms",
        no_value=NO_AUDIT,
        targets=(Target(expr=f"max(time() - {select('ecotrack_audit_timestamp_seconds')})", legend="ago"),),
        width=4,
        height=HEIGHT,
    )
    return number(facts)
