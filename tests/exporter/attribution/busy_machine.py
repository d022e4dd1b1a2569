"""A machine that tells its use by groups of processes, which come, go and fail to be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from exporter.core.units import Seconds
from exporter.power.component import Component, Scope
from exporter.snapshot import Snapshot
from exporter.sources.processes.grouping import OTHER
from exporter.sources.reading import GroupBytes, GroupTimes, HostReading, Outcome, ProcessUse, SourceState, Timed
from exporter.totals import Exported, GroupTotal
from tests.exporter.fakes import Machine, series


@dataclass(slots=True)
class BusyMachine(Machine):
    """A machine whose busy time is that of groups, by how much each does; what no group does is of `other`.

    Processes are read again where `is_read`, else their last reading is handed over. `state` is other than that they
    work. By `moves` groups claim so many times the bytes that devices count; without any, no bytes are told. They are
    those of all programs where it `sees_all`.
    """

    works: dict[str, float] = field(default_factory=dict)
    plays: dict[str, float] = field(default_factory=dict)
    moves: dict[str, float] = field(default_factory=dict)
    is_read: bool = True
    sees_all: bool = True
    state: SourceState | None = None
    times: dict[str, float] = field(default_factory=dict)
    gpu: dict[str, float] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    last: Timed[GroupTimes] | None = None

    def run(self, seconds: float, *, utilization: float = 0.5, bytes_per_second: float = 0.0) -> None:
        """Let time pass in which the groups share the busy time."""
        Machine.run(self, seconds, utilization=utilization, bytes_per_second=bytes_per_second)
        busy, total = self.cpus * seconds * utilization, sum(self.works.values())
        for group, share in (self.works if total else {OTHER: 1.0}).items():
            self.times[group] = self.times.get(group, 0.0) + busy * share / (total or 1.0)
        for group, share in self.plays.items():
            self.gpu[group] = self.gpu.get(group, 0.0) + seconds * share
        for group, share in self.moves.items():
            self.moved[group] = self.moved.get(group, 0) + int(seconds * bytes_per_second * share)

    def restart_exporter(self) -> None:
        """Let the counters of processes begin again, as each run of the exporter has its own."""
        self.times, self.gpu, self.moved, self.last = {}, {}, {}, None

    def read(self) -> HostReading:
        """Return the reading, with the processes and their bytes where they can be read."""
        reading = Machine.read(self)
        if (self.moves or self.moved) and "process_bytes" not in self.broken:
            received = {group: size // 2 for group, size in self.moved.items()}
            sent = {group: size - size // 2 for group, size in self.moved.items()}
            value = GroupBytes(
                received=received, sent=sent, lost=len(self.moved), means="fexit", sees_all=self.sees_all
            )
            reading = replace(reading, process_bytes=Timed(value=value, at=reading.awake))
        if self.state is not None:
            outcome = Outcome(collector="processes", state=self.state, duration=Seconds(0.001))
            return replace(reading, outcomes=(*reading.outcomes, outcome))
        if "processes" in self.broken:
            return reading
        if self.is_read or self.last is None:
            times = {group: Seconds(time) for group, time in self.times.items()}
            weighted = {group: Seconds(time * 0.75) for group, time in times.items()}
            gpu = {group: Seconds(time) for group, time in self.gpu.items()}
            busiest = (ProcessUse(pid=4711, name="make", group="make", cpus=1.5),)
            told = GroupTimes(cpu=times, weighted=weighted, gpu=gpu, interval=Seconds(5.0), busiest=busiest)
            self.last = Timed(value=told, at=reading.awake)
        return replace(reading, processes=self.last)


def parts_of(exported: Exported) -> tuple[GroupTotal, ...]:
    """Return all that has to sum to the scopes: groups, what waits and what is retired."""
    return (*exported.groups.values(), exported.waiting, exported.retired)


def energy_of(exported: Exported, scope: Scope) -> float:
    """Return the energy of all parts of a scope."""
    return sum(part.energy.get(scope, 0.0) for part in parts_of(exported))


def grams_of(exported: Exported, scope: Scope) -> float:
    """Return the emissions of all parts of a scope."""
    return sum(part.emissions.get(scope, 0.0) for part in parts_of(exported))


def whole(amounts: Mapping[Component, float], scope: Scope) -> float:
    """Return the amount of a scope by component."""
    return sum(amount for component, amount in amounts.items() if component.scope is scope)


def joules(snapshot: Snapshot, scope: Scope = Scope.HOST) -> dict[str, float]:
    """Return the exported energy by group."""
    name = "ecotrack_process_group_energy_joules_total"
    return {key[1]: value for key, value in series(snapshot, "counter").items() if key[0] == name and key[2] == scope}
