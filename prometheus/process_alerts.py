"""Alerts on groups of processes: one that takes much of the machine for long, and bytes that nobody counted.

Both are for those who opted in: the first also needs a limit, `attribution.share_limit` of the configuration.
"""

from exporter.sources.processes.grouping import RESERVED
from prometheus.alert import SAME_INSTANCE, Alert
from prometheus.recording import GROUP_POWER, LOST_BYTES, lately

LEAST_ACTIVE_RATIO = 0.1
"""Part of the machine's power that has to be above its idle power for shares of it to matter. Judgement: of a machine
that does next to nothing, any program has nearly all."""

LONG = "30m"

SHARE_LIMIT = "ecotrack_process_group_share_limit_ratio"


def process_alerts() -> tuple[Alert, ...]:
    """Return the alerts on one group's share of the active energy, and on bytes that were lost."""
    return (_share(), _lost())


def _share() -> Alert:
    programs = f'{GROUP_POWER}{{scope="host", group!~"{"|".join(sorted(RESERVED))}"}}'
    active = f'sum by (job, instance) ({GROUP_POWER}{{scope="host", group!="idle"}})'
    whole = f'sum by (job, instance) ({GROUP_POWER}{{scope="host"}})'
    one_to_many = f"{SAME_INSTANCE} group_left ()"
    return _alert(
        name="EcotrackProcessGroupShareHigh",
        expr=(
            f"{programs}\n/ {one_to_many}\n{active}\n> {one_to_many}\n{SHARE_LIMIT}\n"
            f"and {SAME_INSTANCE}\n{active}\n>= {LEAST_ACTIVE_RATIO} * {whole}"
        ),
        severity="warning",
        summary="{{ $labels.group }} takes a large share of what {{ $labels.instance }} uses",
        description=(
            "{{ $labels.group }} has had {{ $value | humanizePercentage }} of the energy that {{ $labels.instance }} "
            "uses beyond its idle power, more than attribution.share_limit allows, for half an hour."
        ),
        advice="See whether that work is wanted now, or can wait for a cleaner hour.",
        hold=LONG,
    )


def _lost() -> Alert:
    return _alert(
        name="EcotrackProcessBytesLost",
        expr=lately(LOST_BYTES),
        severity="info",
        summary="{{ $labels.instance }} loses bytes that it counts by program",
        description=(
            "In half an hour {{ $value | humanizePercentage }} of the bytes of {{ $labels.instance }} belonged "
            "to programs for which the kernel had no room to count. They are in the group unattributed."
        ),
        advice="Do not compare the bytes of programs meanwhile; a flood of short programs is the usual cause.",
        hold="2m",
    )


def _alert(*, name: str, expr: str, severity: str, summary: str, description: str, advice: str, hold: str) -> Alert:
    return Alert(
        name=name,
        expr=expr,
        severity=severity,
        component="processes",
        summary=summary,
        description=description,
        advice=advice,
        hold=hold,
        board="host_power",
    )
