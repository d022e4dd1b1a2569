"""The counters of groups of processes from one sample to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from exporter.attribution.host import HostLeft, HostShare, begin_host, share_host
from exporter.attribution.slots import place, retire
from exporter.attribution.traffic import TrafficLeft, TrafficShare, begin_traffic, share_traffic
from exporter.core.units import BytesPerSecond, GramsPerSecond, Joules, MonotonicSeconds, Seconds, Watts
from exporter.power.component import Scope
from exporter.snapshot import GroupUse, Throughput
from exporter.sources.processes.grouping import IDLE, OTHER, UNATTRIBUTED
from exporter.sources.reading import HostReading
from exporter.spending import Spending
from exporter.totals import NO_AMOUNTS, Exported, GroupTotal, add_events, add_groups

FROM_ZERO = {Scope.HOST: (IDLE, OTHER, UNATTRIBUTED), Scope.NETWORK: (OTHER, UNATTRIBUTED)}
"""Groups that every machine has, by scope, so that `increase()` sees the first of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Gains of groups since energy was last shared out, at `begun`.

    `is_known` says whether all of their emissions are, `is_settled` whether bytes of programs were settled with those
    of devices in it, and `sees_all` whether no program's bytes were out of sight. `is_timed` says whether processes
    told of their CPU time.
    """

    begun: MonotonicSeconds
    gains: Mapping[str, GroupTotal] = field(default_factory=dict)
    is_known: bool = True
    is_settled: bool = False
    sees_all: bool = True
    is_timed: bool = False

    def use(self, now: MonotonicSeconds, scopes: frozenset[Scope]) -> Mapping[str, GroupUse]:
        """Return the mean use of each group up to now."""
        seconds = Seconds(now - self.begun)
        told = scopes if self.is_settled else scopes - {Scope.NETWORK}
        return {name: self._use_of(total, seconds, told) for name, total in self.gains.items() if seconds > 0.0}

    def _use_of(self, total: GroupTotal, seconds: Seconds, told: frozenset[Scope]) -> GroupUse:
        # A group that moved no byte used nothing of the network, where all bytes are seen.
        if not self.sees_all and Scope.NETWORK not in total.energy:
            told = told - {Scope.NETWORK}
        energies, emissions = (
            {scope: amount for scope, amount in {Scope.NETWORK: 0.0, **amounts}.items() if scope in told}
            for amounts in (total.energy, total.emissions)
        )
        throughput = Throughput(
            received=BytesPerSecond(total.received_bytes / seconds), sent=BytesPerSecond(total.sent_bytes / seconds)
        )
        return GroupUse(
            powers={scope: Watts(energy / seconds) for scope, energy in energies.items()},
            emission_rates={scope: GramsPerSecond(grams / seconds) for scope, grams in emissions.items()}
            if self.is_known
            else {},
            cpus=total.cpu / seconds if self.is_timed else None,
            throughput=throughput if Scope.NETWORK in told else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """State that attribution leaves from one sample to the next; `use` is of the time before the last sharing out."""

    host: HostLeft
    traffic: TrafficLeft
    gathered: Gathered
    use: Mapping[str, GroupUse] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """Rule of attribution: scopes that are told by group, series at most, and the criterion as the state names it."""

    scopes: frozenset[Scope]
    top: int
    grouping: str

    def begin(self, exported: Exported, reading: HostReading) -> tuple[Exported, Left]:
        """Return the counters after the first reading of a run, and what it leaves.

        What waited when the run before ended is of the group `other`, since nobody knows what processes had done by
        then. Groups by another criterion, and those beyond the most, lose their series.
        """
        keep = self.top if exported.grouping == self.grouping else 0
        groups, retired = retire(exported.groups, keep=keep)
        for scope in self.scopes:
            groups = add_groups(groups, dict.fromkeys(FROM_ZERO[scope], GroupTotal(energy={scope: Joules(0.0)})))
        groups = add_groups(groups, {OTHER: exported.waiting})
        exported = replace(
            exported,
            grouping=self.grouping,
            groups=groups,
            waiting=NO_AMOUNTS,
            retired=exported.retired.plus(retired),
        )
        left = Left(host=begin_host(reading), traffic=begin_traffic(reading), gathered=Gathered(begun=reading.awake))
        return exported, left

    def share(self, exported: Exported, left: Left, spending: Spending) -> tuple[Exported, Left]:
        """Return the counters after a sample, and what it leaves.

        The groups of a scope, what waits and what is retired gain what the scope does.
        """
        host = share_host(left.host, spending) if Scope.HOST in self.scopes else HostShare(left=left.host)
        traffic = TrafficShare(left=left.traffic)
        if Scope.NETWORK in self.scopes:
            traffic = share_traffic(left.traffic, spending)
        gains = add_groups(host.gains, traffic.gains)
        gathered = left.gathered
        spent = Joules(sum(sum(one.energy.values()) for one in (*gathered.gains.values(), *gains.values())))
        placed = place(exported.groups, gains, top=self.top, spent=spent, now=spending.reading.wall)
        waiting = GroupTotal(
            energy={Scope.HOST: host.left.waiting.energy}, emissions={Scope.HOST: host.left.waiting.emitted}
        )
        if Scope.NETWORK in self.scopes:
            waiting = waiting.plus(traffic.left.amounts())
        exported = replace(
            exported,
            groups=placed.groups,
            waiting=waiting,
            retired=exported.retired.plus(placed.retired),
            lost_bytes=exported.lost_bytes + traffic.lost,
            events=add_events(exported.events, traffic.events),
        )
        gathered = replace(
            gathered,
            gains=add_groups(gathered.gains, placed.gains),
            is_known=gathered.is_known and spending.intensity is not None,
            is_settled=gathered.is_settled or traffic.is_settled,
            sees_all=gathered.sees_all and traffic.sees_all,
            is_timed=gathered.is_timed or spending.reading.processes is not None,
        )
        left = replace(left, host=host.left, traffic=traffic.left, gathered=gathered)
        return exported, self._shown(left, spending.reading, settles=host.settles or Scope.HOST not in self.scopes)

    def _shown(self, left: Left, reading: HostReading, *, settles: bool) -> Left:
        """Return what is left with the use to be shown: that of what was gathered up to now, else of the last."""
        if settles:
            use = left.gathered.use(reading.awake, self.scopes)
            return replace(left, use=use, gathered=Gathered(begun=reading.awake))
        is_missing = Scope.HOST in self.scopes and reading.processes is None
        return replace(left, use={}) if is_missing else left
