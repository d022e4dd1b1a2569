"""Programs on a processor with two threads to a core: what is attributed to them, and their energy in runs alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from exporter.attribution.sharing import Sharing
from exporter.core.units import Watts
from exporter.power.band import Band
from exporter.power.component import Component, Scope
from exporter.power.model import HostPowerModel
from exporter.sources.collector import SOURCES, Choices
from exporter.sources.host import HostSource
from exporter.sources.nics import NicRule
from exporter.sources.processes.grouping import OTHER, RESERVED, By, GroupRule
from exporter.sources.reading import HostReading
from exporter.totals import Totals
from tests.exporter.fakes import Machine as FakeMachine
from tests.exporter.fakes import rig
from tests.exporter.smt_files import Files
from tests.exporter.smt_physics import TICK, Machine, Physics, Program, batch, joules_alone, server, spawner
from tests.fake_clock import FakeClock

SECONDS = 80.0
"""Length of a run; the last programs end some seconds before it, so that all have done the same work as alone."""

MIXES: Mapping[str, Sequence[Program]] = {
    "many": (
        batch("encode", (0,), (4,), work=12.0),
        batch("simulate", (), work=40.0, at=3.0),
        server("web", workers=4, period=0.05, work=0.008, until=60.0),
        server("train", workers=1, period=0.1, work=0.05, until=60.0, cpus=(1,)),
        server("serve", workers=1, period=0.1, work=0.025, until=60.0, cpus=(5,)),
        spawner("cron", every=0.7, work=0.25, until=55.0),
        spawner("build", every=0.3, work=0.25, until=50.0, depth=2),
    ),
    "paired": (
        batch("paired", (0,), (4,), (1,), (5,), work=36.0),
        batch("spread", (2,), (3,), work=60.0),
    ),
    "short": (
        spawner("build", every=0.06, work=0.12, until=70.0),
        server("web", workers=6, period=0.04, work=0.006, until=70.0),
        batch("simulate", (), work=30.0, at=20.0),
    ),
}
"""Programs by mix. Many: two threads that fill a core, one that goes anywhere, small pieces of work, two programs on
the threads of one core, and processes that end before the next reading, the children's children among them. Paired: a
program that shares its cores with itself beside one that has cores of its own. Short: hardly a process is seen
twice."""

Change = Callable[[HostReading], HostReading]


@dataclass(slots=True)
class Changed:
    """A source whose readings are changed before they are shared out."""

    source: HostSource
    change: Change

    def read(self) -> HostReading:
        return self.change(self.source.read())


def as_read(reading: HostReading) -> HostReading:
    """Leave the reading as it is: time beside a busy sibling counts less."""
    return reading


def unweighted(reading: HostReading) -> HostReading:
    """Let all CPU time count alike."""
    timed = reading.processes
    if timed is None:
        return reading
    return replace(reading, processes=replace(timed, value=replace(timed.value, weighted=timed.value.cpu)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Joules beyond idle power of each program: attributed, and in a run of its own; and those of the whole run."""

    attributed: Mapping[str, float]
    alone: Mapping[str, float]
    active: float

    def errors(self) -> Mapping[str, float]:
        """Return each program's error as a share of the active energy of all."""
        return {name: (self.attributed.get(name, 0.0) - solo) / self.active for name, solo in self.alone.items()}

    def worst(self) -> float:
        """Return the largest of the errors, without its sign."""
        return max(map(abs, self.errors().values()))

    def rows(self) -> list[tuple[str, float, float, float]]:
        """Return each program's name, its joules attributed and alone, and its error in percent of active energy."""
        errors = self.errors()
        return [(name, self.attributed.get(name, 0.0), solo, 100.0 * errors[name]) for name, solo in self.alone.items()]


@dataclass(slots=True)
class Run:
    """A run of programs, sampled by the exporter with RAPL and the collector of processes."""

    folder: Path
    physics: Physics = field(default_factory=Physics)
    programs: Sequence[Program] = MIXES["many"]
    by: By = By.CGROUP
    change: Change = as_read
    idle_watts: float | None = None
    """Idle power of the processor as the model has it; None for what it is."""
    interval: float = 5.0

    def totals(self) -> tuple[Machine, Totals]:
        """Run the programs to their end, and return the machine and what the exporter has counted."""
        machine, clock = Machine(self.physics, self.programs), FakeClock()
        files = Files(self.folder, machine)
        reader = HostSource(
            clock,
            NicRule(),
            procfs=files.proc,
            sysfs=files.sys,
            sources=[source for source in SOURCES if source.name in {"cpu", "rapl", "processes"}],
            choices=Choices(attribution=GroupRule(by=self.by)),
        )
        sharing = Sharing(scopes=frozenset({Scope.HOST}), top=20, grouping=str(self.by))
        sampling = rig(FakeMachine(clock), source=Changed(reader, self.change), host=self._model(), sharing=sharing)
        for _ in range(round(SECONDS / self.interval)):
            machine.run(round(self.interval / TICK))
            files.write()
            clock.advance(self.interval)
            sampling.sampler.sample()
        assert machine.left == 0.0
        return machine, sampling.now.totals

    def compared(self) -> Comparison:
        """Return what was attributed to each program beside its energy in a run of its own."""
        machine, totals = self.totals()
        shares = {
            group.removesuffix(".service"): total.energy.get(Scope.HOST, 0.0)
            for group, total in totals.exported.groups.items()
            if group not in RESERVED or group == OTHER
        }
        return Comparison(
            attributed=shares,
            alone={one.name: joules_alone(self.physics, one, SECONDS) for one in self.programs},
            active=machine.joules - self.physics.idle_watts * SECONDS,
        )

    def _model(self) -> HostPowerModel:
        idle = Watts(self.physics.idle_watts if self.idle_watts is None else self.idle_watts)
        return HostPowerModel(
            idle=Watts(idle + 20.0),
            full=Watts(idle + 60.0),
            source="calibrated",
            model="fixture",
            band=Band(idle=1.1, mid=1.1, full=1.1),
            idle_of={Component.CPU: idle},
        )
