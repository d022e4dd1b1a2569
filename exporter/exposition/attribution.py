"""Metric families of groups of processes: who used the energy, the processor and the network."""

from collections.abc import Callable, Iterator
from functools import partial

from exporter.core.metrics import Row, Sample
from exporter.exposition.family import counter, gauge, info, one
from exporter.power.component import Scope
from exporter.snapshot import Snapshot
from exporter.totals import Exported, GroupTotal


def _energy(snapshot: Snapshot) -> Iterator[Sample]:
    for group, total in _groups(snapshot):
        for scope in _scopes(snapshot, total):
            yield (group, scope), total.energy[scope]


def _emissions(snapshot: Snapshot) -> Iterator[Sample]:
    for group, total in _groups(snapshot):
        for scope in _scopes(snapshot, total):
            yield (group, scope), total.emissions.get(scope, 0.0)


def _cpu_seconds(snapshot: Snapshot) -> Iterator[Sample]:
    if Scope.HOST in snapshot.attributed:
        for group, total in _groups(snapshot):
            if total.cpu > 0.0:
                yield (group,), total.cpu


def _bytes(snapshot: Snapshot) -> Iterator[Sample]:
    for group, total in _groups(snapshot):
        if Scope.NETWORK in _scopes(snapshot, total):
            yield (group, "receive"), total.received_bytes
            yield (group, "transmit"), total.sent_bytes


def _groups(snapshot: Snapshot) -> list[tuple[str, GroupTotal]]:
    return sorted(snapshot.totals.exported.groups.items())


def _scopes(snapshot: Snapshot, total: GroupTotal) -> list[Scope]:
    """Return the scopes in which a group has an energy, as far as they are told by group."""
    return [scope for scope in Scope if scope in snapshot.attributed and scope in total.energy]


def _joules(snapshot: Snapshot, *, of: Callable[[Exported], GroupTotal]) -> Iterator[Sample]:
    for scope in sorted(snapshot.attributed):
        yield (scope,), of(snapshot.totals.exported).energy.get(scope, 0.0)


def _grams(snapshot: Snapshot, *, of: Callable[[Exported], GroupTotal]) -> Iterator[Sample]:
    for scope in sorted(snapshot.attributed):
        yield (scope,), of(snapshot.totals.exported).emissions.get(scope, 0.0)


def _waiting_bytes(snapshot: Snapshot) -> Iterator[Sample]:
    if Scope.NETWORK in snapshot.attributed:
        yield ("receive",), snapshot.totals.exported.waiting.received_bytes
        yield ("transmit",), snapshot.totals.exported.waiting.sent_bytes


def _means(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.readings.bytes_means:
        yield (snapshot.readings.bytes_means,), 1.0


ROWS: tuple[Row[Snapshot], ...] = (
    counter(
        name="ecotrack_process_group_energy_joules_total",
        unit="joules",
        labels=("group", "scope"),
        help="Electric energy by group of processes. With what waits and what is retired, the groups sum to the energy "
        "of the scope: idle is drawn whether anything runs or not, unattributed is what no process explains, other is "
        "of all groups without series of their own. The collectors processes and process_bytes are off by default.",
        read=_energy,
    ),
    counter(
        name="ecotrack_process_group_emissions_grams_total",
        unit="grams",
        labels=("group", "scope"),
        help="CO2e emissions by group of processes, which sum to the emissions of the scope as energies do.",
        read=_emissions,
    ),
    counter(
        name="ecotrack_process_group_cpu_seconds_total",
        unit="seconds",
        labels=("group",),
        help="CPU time by group of processes while the exporter was running.",
        read=_cpu_seconds,
    ),
    counter(
        name="ecotrack_process_group_network_bytes_total",
        unit="bytes",
        labels=("group", "direction"),
        help="Bytes of network devices by group of processes; what no process sent or received at a socket, such as "
        "headers, is unattributed.",
        read=_bytes,
    ),
    gauge(
        name="ecotrack_process_group_waiting_joules",
        unit="joules",
        labels=("scope",),
        help="Energy that waits for the next reading of processes, and is in no group yet.",
        read=partial(_joules, of=lambda exported: exported.waiting),
    ),
    gauge(
        name="ecotrack_process_group_waiting_grams",
        unit="grams",
        labels=("scope",),
        help="CO2e emissions that wait for the next reading of processes, and are in no group yet.",
        read=partial(_grams, of=lambda exported: exported.waiting),
    ),
    gauge(
        name="ecotrack_process_group_waiting_bytes",
        unit="bytes",
        labels=("direction",),
        help="Bytes of network devices that wait for the next reading of bytes by process, and are in no group yet.",
        read=_waiting_bytes,
    ),
    gauge(
        name="ecotrack_process_group_retired_joules",
        unit="joules",
        labels=("scope",),
        help="Energy of groups that have lost their series, up to the moment at which each did.",
        read=partial(_joules, of=lambda exported: exported.retired),
    ),
    gauge(
        name="ecotrack_process_group_retired_grams",
        unit="grams",
        labels=("scope",),
        help="CO2e emissions of groups that have lost their series, up to the moment at which each did.",
        read=partial(_grams, of=lambda exported: exported.retired),
    ),
    gauge(
        name="ecotrack_process_group_share_limit_ratio",
        unit="ratio",
        help="Configured share of the energy above idle beyond which an alert tells of a group of processes.",
        read=one(lambda snapshot: snapshot.share_limit if Scope.HOST in snapshot.attributed else None),
    ),
    gauge(
        name="ecotrack_process_reading_interval_seconds",
        unit="seconds",
        help="Time between readings of processes, stretched where a reading takes long.",
        read=one(lambda snapshot: snapshot.readings.process_interval),
    ),
    info(
        name="ecotrack_process_bytes_means_info",
        labels=("means",),
        help="Means by which bytes are counted by process.",
        read=_means,
    ),
    counter(
        name="ecotrack_process_bytes_lost_total",
        help="Bytes at sockets that were counted for no group, for want of room in the kernel.",
        read=one(
            lambda snapshot: snapshot.totals.exported.lost_bytes if Scope.NETWORK in snapshot.attributed else None
        ),
    ),
)
