"""Metric families of the machine's use: CPU, memory, disks, network devices and sockets."""

from collections.abc import Iterator
from functools import partial

from exporter.core.metrics import Row, Sample
from exporter.exposition.family import counter, gauge, one
from exporter.snapshot import Snapshot
from exporter.totals import NO_DISK


def _disk_bytes(snapshot: Snapshot) -> Iterator[Sample]:
    disk = snapshot.totals.exported.disk
    # A machine without disks has no disk counters, rather than two that stand at zero.
    if disk != NO_DISK or any(outcome.collector == "disk" for outcome in snapshot.attempts()):
        yield ("read",), disk.read
        yield ("write",), disk.written


def _network_counters(snapshot: Snapshot, *, received: str, sent: str) -> Iterator[Sample]:
    for device, traffic in sorted(snapshot.totals.exported.devices.items()):
        yield (device, "receive"), getattr(traffic, received)
        yield (device, "transmit"), getattr(traffic, sent)


def _throughput(snapshot: Snapshot) -> Iterator[Sample]:
    throughput = snapshot.readings.throughput
    if throughput is not None:
        yield ("receive",), throughput.received
        yield ("transmit",), throughput.sent


def _sockets(snapshot: Snapshot) -> Iterator[Sample]:
    yield from sorted((snapshot.readings.sockets or {}).items())


def _connections(snapshot: Snapshot) -> Iterator[Sample]:
    for state, count in sorted((snapshot.readings.connections or {}).items()):
        yield (state,), count


ROWS: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecotrack_cpu_utilization_ratio",
        unit="ratio",
        help="Busy share of the time of all online CPUs over the last sampling interval. Stolen time is not busy time.",
        read=one(lambda snapshot: snapshot.readings.cpu_utilization),
    ),
    gauge(
        name="ecotrack_memory_used_bytes",
        unit="bytes",
        help="Physical memory that is not available to programs.",
        read=one(lambda snapshot: None if (memory := snapshot.readings.memory) is None else memory.used),
    ),
    gauge(
        name="ecotrack_memory_total_bytes",
        unit="bytes",
        help="Total physical memory of the machine.",
        read=one(lambda snapshot: None if (memory := snapshot.readings.memory) is None else memory.total),
    ),
    counter(
        name="ecotrack_disk_bytes_total",
        unit="bytes",
        labels=("direction",),
        help="Bytes read from disks and written to disks while the exporter was running.",
        read=_disk_bytes,
    ),
    counter(
        name="ecotrack_network_bytes_total",
        unit="bytes",
        labels=("device", "direction"),
        help="Bytes received and sent while the exporter was running, over the devices that count towards energy.",
        read=partial(_network_counters, received="received_bytes", sent="sent_bytes"),
    ),
    counter(
        name="ecotrack_network_packets_total",
        labels=("device", "direction"),
        help="Packets received and sent while the exporter was running, over the devices that count towards energy.",
        read=partial(_network_counters, received="received_packets", sent="sent_packets"),
    ),
    gauge(
        name="ecotrack_network_throughput_bytes_per_second",
        unit="bytes_per_second",
        labels=("direction",),
        help="Network throughput over the last sampling interval.",
        read=_throughput,
    ),
    gauge(
        name="ecotrack_sockets",
        labels=("protocol", "kind"),
        help="Sockets by the kernel's own counts; kinds overlap. inuse: bound or connected, by IP version; of TCP over "
        "both versions tw: in TIME_WAIT, orphan: without a process, alloc: with memory, the last two of all network "
        "namespaces.",
        read=_sockets,
    ),
    gauge(
        name="ecotrack_network_connections",
        labels=("state",),
        help="TCP sockets by state; the collector connections is off by default.",
        read=_connections,
    ),
)
