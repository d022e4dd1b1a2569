"""Energy of graphics cards is that of the groups whose processes used them, and what no process used is no group's."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from exporter.attribution.sharing import Sharing
from exporter.power.component import Component, Scope
from exporter.sources.collector import SOURCES, Choices
from exporter.sources.host import HostSource
from exporter.sources.nics import NicRule
from exporter.sources.processes.grouping import OTHER, UNATTRIBUTED, GroupRule
from tests.exporter.fakes import Machine as FakeMachine
from tests.exporter.fakes import Rig, rig
from tests.exporter.smt_files import Files
from tests.exporter.smt_physics import TICK, Machine, Physics, server
from tests.exporter.sources.fake_nvml import GPU_IS_LOST, Card, FakeNvml, Sample
from tests.fake_clock import FakeClock

INTERVAL = 60.0
PROGRAMS = [server(name, workers=1, period=1.0, work=1.0, until=0.0) for name in ("train", "draw")]


class Workstation:
    """A machine with two programs that keep its cards busy and its CPUs idle, sampled by the exporter."""

    def __init__(self, folder: Path, nvml: FakeNvml) -> None:
        self._clock, self._nvml = FakeClock(), nvml
        self._machine = Machine(Physics(), PROGRAMS)
        self._files = Files(folder, self._machine)
        self.pids = {process.program: process.pid for process in self._machine.processes.values()}
        reader = HostSource(
            self._clock,
            NicRule(),
            procfs=self._files.proc,
            sysfs=self._files.sys,
            sources=[one for one in SOURCES if one.name in {"cpu", "processes", "nvml"}],
            choices=Choices(attribution=GroupRule()),
        )
        sharing = Sharing(scopes=frozenset({Scope.HOST}), top=20, grouping="name")
        self.rig: Rig = rig(FakeMachine(self._clock), source=reader, sharing=sharing)

    def sample(self, *use: tuple[str, int]) -> None:
        """Sample after a minute in which the first card took 6 kJ for these programs, and the second 3 kJ for none."""
        self._machine.run(round(INTERVAL / TICK))
        self._files.write()
        self._clock.advance(INTERVAL)
        stamp = round((self._clock.wall() - 1.0) * 1e6)
        for card, joules in zip(self._nvml.cards, (6000, 3000), strict=True):
            assert isinstance(card.millijoules, int)
            card.millijoules += joules * 1000
        self._nvml.cards[0].use = [Sample(self.pids.get(name, 999_999), stamp, percent) for name, percent in use]
        self.rig.sampler.sample()

    def joules(self) -> Mapping[str, float]:
        """Return the energy of the groups that have any, but for the machine's idle energy."""
        groups = self.rig.now.totals.exported.groups
        energies = {name: total.energy.get(Scope.HOST, 0.0) for name, total in groups.items() if name != "idle"}
        return {name: energy for name, energy in energies.items() if energy}

    def cards(self) -> float:
        """Return the energy of the cards."""
        return self.rig.now.totals.exported.energy.get(Component.GPU, 0.0)


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    fake = FakeNvml([Card("0000:01:00.0", 0), Card("0000:02:00.0", 0)], readers=2)
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    return fake


def test_each_card_s_energy_is_that_of_its_processes(tmp_path: Path, nvml: FakeNvml) -> None:
    machine = Workstation(tmp_path, nvml)
    machine.sample(("train", 60), ("draw", 20), ("ended meanwhile", 20))
    assert machine.joules() == pytest.approx({"train": 3600.0, "draw": 1200.0, OTHER: 1200.0, UNATTRIBUTED: 3000.0})
    machine.sample(("draw", 50))
    assert machine.joules() == pytest.approx({"train": 3600.0, "draw": 7200.0, OTHER: 1200.0, UNATTRIBUTED: 6000.0})


def test_of_a_card_that_tells_no_process_nobody_has_the_energy(tmp_path: Path, nvml: FakeNvml) -> None:
    machine = Workstation(tmp_path, nvml)
    machine.sample(("train", 60))
    before = machine.joules()
    machine.sample()
    assert machine.joules() == pytest.approx({**before, UNATTRIBUTED: before[UNATTRIBUTED] + 9000.0})


@pytest.mark.parametrize("value", [GPU_IS_LOST, 4, 12])
def test_while_nvml_fails_and_after_it_no_energy_is_lost(tmp_path: Path, nvml: FakeNvml, value: int) -> None:
    machine = Workstation(tmp_path, nvml)
    machine.sample(("train", 60))
    nvml.refuses = value
    machine.sample(("train", 60))
    nvml.refuses = None
    for _ in range(3):
        machine.sample(("train", 60))
    joules = machine.joules()
    assert sum(joules.values()) == pytest.approx(machine.cards(), rel=1e-9)
    assert joules["train"] >= 2 * 6000.0
