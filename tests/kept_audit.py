"""The result of an audit in a state folder, for an exporter that shows it."""

import time
from pathlib import Path

from exporter.audit.kept import AUDIT, Kept
from exporter.audit.result import AuditResult
from exporter.core.units import UnixSeconds

AGE_SECONDS = 7200.0

DIFFERENCES = {
    "cpu_time": 0.0011,
    "network_bytes": 0.0006,
    "stored_counters": 0.0024,
    "instance_scope:ecotrack_power_watts:rate5m": 0.0019,
    "summary": 0.0,
}


def keep_audit(state: Path) -> None:
    """Keep the result of an audit of two hours ago, in which every check held that could be made."""
    result = AuditResult(
        ended=UnixSeconds(time.time() - AGE_SECONDS),
        holds=len(DIFFERENCES),
        fails=0,
        not_checked=2,
        differences=DIFFERENCES,
    )
    with AUDIT.place_of_the_next(state) as keep:
        keep(Kept(result=result))
