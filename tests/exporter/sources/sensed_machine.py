"""The laptop with sensors added to its files, sampled by the real sampler: for failures to be taken through."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from exporter.core.units import Joules
from exporter.power.component import Component
from exporter.snapshot import Snapshot
from exporter.sources.collector import SOURCES
from exporter.sources.cpu import TICKS_PER_SECOND
from exporter.sources.host import HostSource
from exporter.sources.nics import NicRule
from tests.exporter.fakes import Machine, rig
from tests.fake_clock import FakeClock

FIXTURES = Path(__file__).parent / "fixtures"

CPUS = 2
"""Those of the laptop."""


class SensedMachine:
    """The files of the laptop and of sensor trees below a folder. CPU times and the sensors named are read."""

    def __init__(self, folder: Path, *sensors: str) -> None:
        self.sys = folder / "sys"
        for tree in ("laptop", *sensors):
            shutil.copytree(FIXTURES / tree, folder, symlinks=True, dirs_exist_ok=True)
        self._stat = folder / "proc/stat"
        self.clock = FakeClock()
        sources = [source for source in SOURCES if source.name in {"cpu", *sensors}]
        reader = HostSource(self.clock, NicRule(), procfs=folder / "proc", sysfs=self.sys, sources=sources)
        self._rig = rig(Machine(self.clock), source=reader)

    def write(self, name: str, value: object) -> None:
        """Let a file of sysfs say something else."""
        (self.sys / name).write_text(f"{value}\n", encoding="ascii")

    def sample_after(self, seconds: float, *, utilization: float = 0.5) -> Snapshot:
        """Sample after so much time at a load of the CPUs."""
        self.clock.advance(seconds)
        head, _, rest = self._stat.read_text(encoding="ascii").partition("\n")
        fields = head.split()
        ticks = seconds * TICKS_PER_SECOND * CPUS
        for place, share in ((1, utilization), (4, 1.0 - utilization)):
            fields[place] = str(int(fields[place]) + round(ticks * share))
        self._stat.write_text(f"{' '.join(fields)}\n{rest}", encoding="ascii")
        self._rig.sampler.sample()
        return self.now

    @property
    def now(self) -> Snapshot:
        """The snapshot of the last sample."""
        return self._rig.now

    def energy(self) -> Mapping[Component, Joules]:
        """Return the energy of each component so far."""
        return self.now.totals.exported.energy

    def provenance(self) -> dict[str, str]:
        """Return the source of each component in force."""
        return {origin.component: origin.source for origin in self.now.provenance}

    def events(self) -> dict[tuple[str, str], int]:
        """Return how often each event was met, by source and reason."""
        return {(event.source, event.reason): n for event, n in self.now.totals.exported.events.items()}
