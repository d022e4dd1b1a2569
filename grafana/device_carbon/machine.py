"""The machine's use that costs power: processor, memory, disk, network."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import COMPONENTS, DIRECTIONS, FAINT, distinct
from grafana.device import NO_DATA
from grafana.device_carbon.names import NO_TRAFFIC
from grafana.panels import Facts, Series, Target, by_label, coloured, lines
from grafana.promql import rate, select, total

SOCKETS = ("tcp inuse", "tcp6 inuse", "udp inuse", "udp6 inuse", "tcp tw", "tcp orphan", "tcp alloc")
"""The counts that a kernel keeps, by protocol and kind."""


def row() -> Row:
    """Build the row of processor, memory, disk, packets and sockets."""
    panels = (_processor(), _memory(), _disk(), _packets(), _sockets())
    return Row(title="This machine", panels=panels)


def _processor() -> dashboard.Panel:
    facts = Facts(
        title="Processor use",
        description=(
            "Share of processor time that was not idle, over all cores, in each sample. Power models turn it into "
            "watts. A busy processor is no fault, so no value is marked as bad."
        ),
        unit="percentunit",
        no_value=NO_DATA,
        targets=(by_label("avg", "instance", select("ecotrack_cpu_utilization_ratio")),),
        colour=COMPONENTS["cpu"],
        width=8,
        minimum=0,
        maximum=1,
    )
    return lines(facts)


def _memory() -> dashboard.Panel:
    facts = Facts(
        title="Memory",
        description=(
            "Memory in use, as the operating system counts it without what it can give back at once, and memory "
            "fitted. Memory draws power by its size more than by its use."
        ),
        unit="bytes",
        no_value=NO_DATA,
        targets=(
            Target(expr=total(select("ecotrack_memory_used_bytes")), legend="in use"),
            Target(expr=total(select("ecotrack_memory_total_bytes")), legend="fitted"),
        ),
        series=(
            Series(name="in use", colour=COMPONENTS["memory"]),
            Series(name="fitted", colour=FAINT, dashed=True),
        ),
        width=8,
        minimum=0,
    )
    return lines(facts)


def _disk() -> dashboard.Panel:
    facts = Facts(
        title="Disk traffic",
        description=(
            "Bytes per second read from the disks, above the axis, and written to them, below it. Traffic that the "
            "page cache answers is not in it."
        ),
        unit="Bps",
        no_value=NO_DATA,
        targets=(by_label("sum", "direction", rate("ecotrack_disk_bytes_total")),),
        series=_above_and_below("read", "write"),
        width=8,
    )
    return lines(facts)


def _packets() -> dashboard.Panel:
    facts = Facts(
        title="Packets",
        description=(
            "Packets per second through the counted network devices; received above the axis, sent below it. Many "
            "packets with few bytes mean calls, games or acknowledgements rather than transfers."
        ),
        unit="pps",
        no_value=NO_TRAFFIC,
        targets=(by_label("sum", "direction", rate("ecotrack_network_packets_total")),),
        series=_above_and_below("receive", "transmit"),
        width=12,
    )
    return lines(facts)


def _sockets() -> dashboard.Panel:
    facts = Facts(
        title="Sockets",
        description=(
            "Sockets by protocol and kind, as the kernel counts them: inuse are bound or connected, tw are TCP in "
            "TIME_WAIT, orphan are TCP without a process, alloc are all of TCP that hold memory. Kinds overlap; orphan "
            "and alloc are of all network namespaces. No address, port or process is read."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(
            Target(expr=f"sum by (protocol, kind) ({select('ecotrack_sockets')})", legend="{{protocol}} {{kind}}"),
        ),
        series=coloured(distinct(SOCKETS)),
        width=12,
        height=10,
        minimum=0,
        decimals=0,
    )
    return lines(facts)


def _above_and_below(above: str, below: str) -> tuple[Series, ...]:
    """Draw two directions of traffic on either side of the axis."""
    return (
        Series(name=above, colour=DIRECTIONS[above]),
        Series(name=below, colour=DIRECTIONS[below], mirrored=True),
    )
