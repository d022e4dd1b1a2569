"""The table of all checks."""

from exporter.audit import answers, machine, parts, rules, storage
from exporter.audit.check import Check, judge
from exporter.audit.evidence import Evidence
from exporter.audit.finding import Finding

CHECKS: tuple[Check, ...] = (
    *parts.CHECKS,
    *answers.CHECKS,
    *machine.CHECKS,
    *storage.CHECKS,
    *rules.CHECKS,
)


def findings(evidence: Evidence, tolerance: float) -> list[Finding]:
    """Return what each check finds."""
    return [judge(one, evidence, tolerance) for one in CHECKS]
