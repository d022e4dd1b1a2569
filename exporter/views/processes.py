"""Programs as JSON: the answer of `/api/v1/processes`, and the figures of the page's section and of the `--once` table.

Units are in the names. What nobody knows is null, never zero.
"""

import msgspec

from exporter.power.component import ByScope, Scope
from exporter.snapshot import GroupUse, Readings, Snapshot
from exporter.sources.processes.grouping import OTHER, RESERVED
from exporter.sources.reading import ProcessUse
from exporter.views.summary import EmissionsView, emissions_view


class GroupView(msgspec.Struct, frozen=True, kw_only=True):
    """Use of the machine and of the network by a group of processes.

    `program` is false for `idle`, `unattributed` and `other`, which are what no program has.
    """

    group: str
    program: bool
    host_watts: float | None
    network_watts: float | None
    emissions_grams_per_hour: EmissionsView
    cpus: float | None
    received_bytes_per_second: float | None
    sent_bytes_per_second: float | None


class ProcessView(msgspec.Struct, frozen=True, kw_only=True):
    """Process, its CPUs, and its part of its group's watts by these; `busy` is more than half of a CPU."""

    pid: int
    name: str
    group: str
    cpus: float
    host_watts: float | None
    busy: bool


class ProcessesView(msgspec.Struct, frozen=True, kw_only=True):
    """Groups with the most watts first, and the busiest processes; null where the collectors that tell them are off.

    `interval_seconds` lies between readings of the processes, `bytes_means` says how bytes are counted, and `bytes_why`
    why by no better means, where there are any.
    """

    interval_seconds: float | None
    bytes_means: str | None
    bytes_why: str
    groups: list[GroupView] | None
    processes: list[ProcessView] | None


def processes(snapshot: Snapshot) -> ProcessesView:
    """Return what a snapshot knows of groups and processes; of one that is stale, hand over `without_readings`."""
    readings = snapshot.readings
    return ProcessesView(
        interval_seconds=readings.process_interval,
        bytes_means=readings.bytes_means or None,
        bytes_why=readings.bytes_why,
        groups=_groups(readings) if snapshot.attributed else None,
        processes=_processes(readings) if Scope.HOST in snapshot.attributed else None,
    )


def _groups(readings: Readings) -> list[GroupView]:
    views = [_group(name, use) for name, use in readings.groups.items()]
    return sorted(views, key=lambda one: (-(one.host_watts or 0.0), -(one.network_watts or 0.0), one.group))


def _group(name: str, use: GroupUse) -> GroupView:
    throughput = use.throughput
    rates = ByScope(host=use.emission_rates.get(Scope.HOST), network=use.emission_rates.get(Scope.NETWORK))
    return GroupView(
        group=name,
        program=name not in RESERVED,
        host_watts=use.powers.get(Scope.HOST),
        network_watts=use.powers.get(Scope.NETWORK),
        emissions_grams_per_hour=emissions_view(rates),
        cpus=use.cpus,
        received_bytes_per_second=None if throughput is None else throughput.received,
        sent_bytes_per_second=None if throughput is None else throughput.sent,
    )


def _processes(readings: Readings) -> list[ProcessView]:
    # A group without series of its own has its share in that of all such groups.
    views = [_process(one, readings.groups.get(one.group, readings.groups.get(OTHER))) for one in readings.processes]
    return sorted(views, key=lambda one: (-one.cpus, one.pid))


def _process(one: ProcessUse, group: GroupUse | None) -> ProcessView:
    """Return a process with its part of its group's watts, by CPU time."""
    watts = None
    if group is not None and group.cpus and Scope.HOST in group.powers:
        watts = group.powers[Scope.HOST] * min(1.0, one.cpus / group.cpus)
    return ProcessView(pid=one.pid, name=one.name, group=one.group, cpus=one.cpus, host_watts=watts, busy=one.is_busy)
