"""The way in which programs are told apart: readings, energy that waits, means of counting bytes, and audits."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.host_power import audit
from grafana.host_power.programs import NO_BYTES, NOT_TOLD
from grafana.panels import Facts, Target, number, rows
from grafana.promql import select, shown, total

HEIGHT = 6


def row() -> Row:
    """Build the row of readings, energy that waits, means, lost bytes, and the last audit."""
    panels = (_interval(), _waiting(), _means(), _lost(), *audit.panels())
    return Row(title="How programs are told apart, and whether the figures agree", panels=panels)


def _interval() -> dashboard.Panel:
    facts = Facts(
        title="Between readings",
        description=(
            "Time between readings of the processes. It grows with their number, so that reading them takes less than "
            "0.5% of a processor. Energy in between waits for the next reading. Several devices: the longest."
        ),
        unit="s",
        no_value=NOT_TOLD,
        targets=(Target(expr=f"max({select('ecotrack_process_reading_interval_seconds')})", legend="interval"),),
        width=6,
        height=HEIGHT,
        decimals=0,
    )
    return number(facts)


def _waiting() -> dashboard.Panel:
    facts = Facts(
        title="Energy that waits",
        description=(
            "Energy of the samples since the last reading of processes or of their bytes, which is in no group yet. "
            "The groups, this, and what groups had that have lost their series are together the device, since "
            "programs have been told apart."
        ),
        unit="joule",
        no_value=NOT_TOLD,
        targets=(Target(expr=total(select("ecotrack_process_group_waiting_joules"), "scope"), legend="{{scope}}"),),
        width=6,
        height=HEIGHT,
        decimals=0,
    )
    return number(facts, shown="value_and_name")


def _means() -> dashboard.Panel:
    facts = Facts(
        title="How bytes are counted",
        description=(
            "Means by which the bytes of programs are counted, on how many of the chosen devices. Tracepoint, fexit "
            "and kprobe count TCP and UDP in the kernel (eBPF) and need CAP_BPF and CAP_PERFMON; sock_diag looks at "
            "TCP's own counts. The exporter's page and log say why it is no better one."
        ),
        unit="none",
        no_value=NO_BYTES,
        targets=(Target(expr=f"count by (means) ({select('ecotrack_process_bytes_means_info')})", legend="devices"),),
        width=6,
        height=HEIGHT,
    )
    return rows(facts, columns={"means": "Means", "devices": "Devices"})


def _lost() -> dashboard.Panel:
    facts = Facts(
        title="Bytes lost",
        description=(
            "Bytes in the time shown that were counted for no group, for want of room in the kernel. They are in the "
            "group unattributed."
        ),
        unit="decbytes",
        no_value=NO_BYTES,
        targets=(Target(expr=total(shown("ecotrack_process_bytes_lost_total")), legend="lost"),),
        width=6,
        height=HEIGHT,
        decimals=0,
    )
    return number(facts)
