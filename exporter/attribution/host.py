"""The energy of the host by groups of processes: what one sample can tell, and what waits for the next reading."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from exporter.attribution.share import NOTHING, Spent, gained, parts_of, shared
from exporter.core.units import Joules, MonotonicSeconds
from exporter.power.component import Scope
from exporter.sources.processes.grouping import IDLE, OTHER, UNATTRIBUTED
from exporter.sources.reading import GroupTimes, HostReading, SourceState, Timed
from exporter.spending import Spending
from exporter.totals import GroupTotal, add_groups


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLeft:
    """Energy of processors and graphics cards that waits, and the reading of processes from which on it was spent.

    `seen_at` is the time of the last reading of processes, which samples may hand over again.
    """

    begun: Timed[GroupTimes] | None = None
    seen_at: MonotonicSeconds | None = None
    cpu: Spent = NOTHING
    gpu: Spent = NOTHING

    @property
    def waiting(self) -> Spent:
        """All that waits."""
        return self.cpu.plus(self.gpu)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostShare:
    """Gains of groups in a sample, the energy that it leaves, and whether it `settles` what waited."""

    left: HostLeft
    gains: Mapping[str, GroupTotal] = field(default_factory=dict)
    settles: bool = False


def begin_host(reading: HostReading) -> HostLeft:
    """Return what the first reading of a run leaves."""
    times = reading.processes
    return HostLeft(begun=times, seen_at=None if times is None else times.at)


def share_host(left: HostLeft, spending: Spending) -> HostShare:
    """Return the gains of a sample.

    Energy waits for a new reading of processes that covers the same time: while CPU times fail, a model owes a part of
    the energy, and CPU time of processes waits as well. What no reading will ever tell of is of the group `other`.
    """
    parts = parts_of(spending.host, spending.machine, spending.pue)
    gains = {IDLE: _of_host(_spent(parts.idle, spending)), UNATTRIBUTED: _of_host(_spent(parts.unexplained, spending))}
    left = replace(left, cpu=left.cpu.plus(_spent(parts.cpu, spending)), gpu=left.gpu.plus(_spent(parts.gpu, spending)))
    times = spending.reading.processes
    if _is_hopeless(spending.reading):
        return HostShare(left=HostLeft(), gains=add_groups(gains, {OTHER: _of_host(left.waiting)}), settles=True)
    if times is None or times.at == left.seen_at:
        return HostShare(left=left, gains=gains)
    left = replace(left, seen_at=times.at)
    if not (spending.host.complete or spending.usage.cpu_since is None):
        return HostShare(left=left, gains=gains)
    told = {OTHER: _of_host(left.waiting)} if left.begun is None else _told(left, left.begun.value, times.value)
    return HostShare(left=HostLeft(begun=times, seen_at=times.at), gains=add_groups(gains, told), settles=True)


def _told(left: HostLeft, before: GroupTimes, now: GroupTimes) -> Mapping[str, GroupTotal]:
    """Return what waited by group, with the CPU time of each."""
    by_cpu = shared(left.cpu, gained(before.weighted, now.weighted), nobody=UNATTRIBUTED)
    by_gpu = shared(left.gpu, gained(before.gpu, now.gpu), nobody=UNATTRIBUTED)
    gains: Mapping[str, GroupTotal] = {
        group: GroupTotal(cpu=time) for group, time in gained(before.cpu, now.cpu).items()
    }
    for shares in (by_cpu, by_gpu):
        gains = add_groups(gains, {group: _of_host(one) for group, one in shares.items()})
    return gains


def _is_hopeless(reading: HostReading) -> bool:
    """Tell whether processes cannot be read at all, which is no failure that passes."""
    hopeless = {SourceState.ABSENT, SourceState.DENIED}
    return any(one.collector == "processes" and one.state in hopeless for one in reading.outcomes)


def _spent(energy: Joules, spending: Spending) -> Spent:
    return Spent(energy=energy, emitted=spending.grams(energy))


def _of_host(spent: Spent) -> GroupTotal:
    return GroupTotal(energy={Scope.HOST: spent.energy}, emissions={Scope.HOST: spent.emitted})
