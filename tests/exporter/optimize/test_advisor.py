"""The running exporter looks seldom, names nobody, and tells of settings that nobody will set back."""

from dataclasses import replace
from pathlib import Path

import pytest

from exporter.core.units import Seconds
from exporter.exposition.rows import ROWS
from exporter.optimize.advisor import Advisor, Look
from exporter.optimize.found import Optimizations, Standing
from exporter.optimize.place import JOURNAL
from exporter.optimize.setting import Change, Kind, Setting
from exporter.optimize.strategies import STRATEGIES
from exporter.optimize.switch import Switch
from exporter.optimize.watch import Watch, standing_in, take_back
from exporter.power.model import HostPowerModel
from exporter.snapshot import Snapshot
from exporter.sources.reading import HostReading
from exporter.usage.events import Event, EventKind
from exporter.views.optimizations import optimizations
from exporter.views.summary import quality_flags
from tests.exporter import hosts
from tests.exporter.fakes import Machine, Rig, initial_snapshot, reading, rig, series
from tests.exporter.optimize.machine import GOVERNOR, LAPTOP_MODE, Laptop, laptop, left_behind
from tests.fake_clock import NOON, FakeClock

MODEL = hosts.configured_host(10.0, 50.0)

STAT = "cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\ncpu0 1 0 0 1 0 0 0 0 0 0\n"
PROCESS = "7 (quaggareader) S 1 1 1 0 -1 4194304 100 0 0 0 {} 0 0 0 20 0 1 0 5 1000 10\n"


@pytest.fixture
def machine(tmp_path: Path) -> Laptop:
    made = laptop(tmp_path)
    made.put("proc/stat", STAT.format(busy=1000, idle=1000))
    (tmp_path / "proc/7").mkdir()
    made.put("proc/7/stat", PROCESS.format(100))
    return made


def watch(machine: Laptop, *strategies: str) -> Watch:
    return Watch(machine.state, machine.roots, strategies)


class CountedLook:
    """A look that counts how often it is taken, and how often it is loaded."""

    def __init__(self) -> None:
        self.loads = self.looks = 0

    def load(self) -> Look:
        self.loads += 1
        return self

    def __call__(self, _snapshot: Snapshot, _reading: HostReading, _model: HostPowerModel, /) -> Optimizations:
        self.looks += 1
        return Optimizations()


def test_looks_are_an_interval_apart_and_nothing_is_loaded_without_a_journal(tmp_path: Path) -> None:
    counted = CountedLook()
    advisor = Advisor(tmp_path, Seconds(300.0), counted.load, always=False)
    for second in range(0, 600, 5):
        assert advisor.look(initial_snapshot(), reading(float(second)), MODEL) is None
    assert (counted.loads, counted.looks) == (0, 0)
    (tmp_path / JOURNAL).touch()
    for second in range(600, 1200, 5):
        assert advisor.look(initial_snapshot(), reading(float(second)), MODEL) == Optimizations()
    assert (counted.loads, counted.looks) == (1, 2)
    (tmp_path / JOURNAL).unlink()
    assert advisor.look(initial_snapshot(), reading(1200.0), MODEL) is None


def test_findings_name_no_process(machine: Laptop) -> None:
    look = watch(machine, *STRATEGIES)
    first = look(initial_snapshot(), reading(0.0), MODEL)
    assert not any("CPU busy" in one.text for one in first.found[0].findings)
    machine.put("proc/stat", STAT.format(busy=1000 + 30_000, idle=1000))
    machine.put("proc/7/stat", PROCESS.format(100 + 27_000))
    found = look(initial_snapshot(), reading(300.0), MODEL)
    assert found.looked_at is not None
    assert [one.strategy for one in found.found] == list(STRATEGIES)
    assert found.found[0].findings[0].text == "1 process keeps more than half a CPU busy, 0.9 CPUs in all."
    assert found.found[0].savings() is not None
    shown = optimizations(replace(initial_snapshot(), optimizations=found))
    for text in (repr(found), repr(shown)):
        assert "quaggareader" not in text
        assert "process 7" not in text


def test_settings_of_a_running_run_are_told_apart_from_those_left_behind(machine: Laptop) -> None:
    with Switch(machine.state, machine.roots, on_exit=lambda _nothing: None) as switch:
        switch.on("power_management")
        standing = standing_in(machine.state, machine.roots)
        assert standing is not None
        assert standing.is_running
        assert len(standing.changes) == 4
    assert standing_in(machine.state, machine.roots) is None
    left_behind(machine, "reduce_cpu")
    machine.put(GOVERNOR, "performance")
    standing = standing_in(machine.state, machine.roots)
    assert standing is not None
    assert not standing.is_running
    assert len(standing.changes) == 3, "one was set back by hand"
    machine.put("proc/sys/kernel/random/boot_id", "another")
    assert standing_in(machine.state, machine.roots) is None


def exported(snapshot: Snapshot) -> dict[tuple[str, ...], float]:
    """Return the series of settings, by name without the common part and by labels."""
    found = series(snapshot, "gauge")
    return {name: value for name, value in found.items() if "optimization" in name[0]}


def test_what_is_left_behind_is_exported_and_flagged(machine: Laptop) -> None:
    before = initial_snapshot()
    assert exported(before) == {("ecotrack_optimization_unreverted_settings",): 0}
    left_behind(machine)
    after = replace(before, optimizations=watch(machine)(before, reading(0.0), MODEL))
    assert exported(after) == {("ecotrack_optimization_unreverted_settings",): 4}
    texts = [flag.text for flag in quality_flags(after, NOON, fresh=True)]
    assert any("4 settings that power_management changed were not set back" in text for text in texts)
    assert after.optimizations is not None
    assert after.optimizations.standing is not None
    one = replace(after.optimizations.standing, changes=after.optimizations.standing.changes[:1])
    after = replace(after, optimizations=Optimizations(standing=one))
    texts = [flag.text for flag in quality_flags(after, NOON, fresh=True)]
    assert any(text.startswith("1 setting that power_management changed was not set back") for text in texts)


def test_what_is_in_force_is_exported_by_strategy() -> None:
    setting = Setting(kind=Kind.LAPTOP_MODE, attribute=LAPTOP_MODE)
    change = Change(setting=setting, old="0", new="5", inode=0)
    standing = Standing(strategy="power_management", changes=(change,), is_running=True)
    snapshot = replace(initial_snapshot(), optimizations=Optimizations(standing=standing))
    assert exported(snapshot) == {
        ("ecotrack_optimization_applied_settings", "power_management"): 1,
        ("ecotrack_optimization_unreverted_settings",): 0,
    }


def test_a_damaged_journal_leaves_the_number_unknown_and_is_flagged(machine: Laptop) -> None:
    machine.state.mkdir()
    (machine.state / JOURNAL).write_text("{")
    found = watch(machine)(initial_snapshot(), reading(0.0), MODEL)
    snapshot = replace(initial_snapshot(), optimizations=found)
    assert "damaged" in found.trouble
    assert str(machine.state) not in found.trouble
    assert exported(snapshot) == {}
    assert any("damaged" in flag.text for flag in quality_flags(snapshot, NOON, fresh=True))
    assert optimizations(snapshot).trouble == found.trouble


def test_the_start_takes_back_what_it_may_and_leaves_a_running_run_alone(machine: Laptop) -> None:
    before = machine.texts()
    with Switch(machine.state, machine.roots, on_exit=lambda _nothing: None) as switch:
        switch.on("reduce_cpu")
        during = machine.texts()
        take_back(machine.state, machine.roots)
        assert machine.texts() == during
    left_behind(machine, "reduce_cpu")
    take_back(machine.state, machine.roots)
    assert machine.texts() == before
    assert not (machine.state / JOURNAL).exists()


def test_a_start_that_must_not_write_keeps_the_journal_and_goes_on(
    machine: Laptop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_given: object) -> None:
        raise OSError(13, "Permission denied")

    left_behind(machine, "reduce_cpu")
    with monkeypatch.context() as patched:
        patched.setattr("exporter.optimize.roots.Roots.write", refuse)
        take_back(machine.state, machine.roots)
    assert "ecotrack optimize --revert" in caplog.text
    standing = standing_in(machine.state, machine.roots)
    assert standing is not None
    assert not standing.is_running
    (machine.state / JOURNAL).write_text("{")
    caplog.clear()
    take_back(machine.state, machine.roots)
    assert "is damaged" in caplog.text


class FailingLook:
    """A look that fails until it is told to work."""

    def __init__(self) -> None:
        self.works = False
        self.looks = 0

    def load(self) -> Look:
        return self

    def __call__(self, _snapshot: Snapshot, _reading: HostReading, _model: HostPowerModel, /) -> Optimizations:
        self.looks += 1
        if not self.works:
            raise OSError(5, "Input/output error")
        return Optimizations()


def test_a_look_that_fails_is_counted_costs_no_sample_and_leaves_the_settings_unknown(tmp_path: Path) -> None:
    look = FailingLook()
    found: Rig = rig(Machine(FakeClock()), advisor=Advisor(tmp_path, Seconds(60.0), look.load, always=True))
    snapshot = found.sample_after(5.0)
    event = Event(kind=EventKind.DISCARD, source="optimize", reason="error")
    assert snapshot.totals.exported.events[event] == 1
    assert snapshot.readings.powers
    assert exported(snapshot) == {}
    assert any("the last look failed" in flag.text for flag in quality_flags(snapshot, NOON, fresh=True))
    look.works = True
    for _ in range(11):
        assert found.sample_after(5.0).totals.exported.events[event] == 1
    assert look.looks == 2
    assert exported(found.now) == {("ecotrack_optimization_unreverted_settings",): 0}


class LookByModels:
    """A look that keeps the power models that it was told."""

    def __init__(self) -> None:
        self.models: list[HostPowerModel] = []

    def load(self) -> Look:
        return self

    def __call__(self, _snapshot: Snapshot, _reading: HostReading, model: HostPowerModel, /) -> Optimizations:
        self.models.append(model)
        return Optimizations()


def test_estimates_go_by_the_power_model_that_a_reload_has_put_in_force(tmp_path: Path) -> None:
    look = LookByModels()
    found: Rig = rig(Machine(FakeClock()), advisor=Advisor(tmp_path, Seconds(60.0), look.load, always=True))
    settings = found.sampler.settings
    found.sampler.adopt(replace(settings, models=replace(settings.models, host=MODEL)))
    # The first sample after it still counts by the model before.
    for _ in range(2):
        found.machine.run(60.0)
        found.sampler.sample_once()
    assert look.models == [settings.models.host, settings.models.host, MODEL]


def test_estimates_have_both_bounds_and_need_an_intensity(machine: Laptop) -> None:
    snapshot = rig(Machine(FakeClock())).sample_after(5.0)
    shown = replace(snapshot, optimizations=watch(machine, "power_management")(snapshot, reading(0.0), MODEL))
    savings = {name[1:]: value for name, value in exported(shown).items() if "savings" in name[0]}
    assert savings.keys() == {("power_management", "low"), ("power_management", "high")}
    assert 0.0 < savings["power_management", "low"] < savings["power_management", "high"]
    assert not any("savings" in name[0] for name in exported(shown.without_readings()))
    view = optimizations(shown).strategies[0]
    assert (view.low_grams_per_day, view.high_grams_per_day) == (
        savings["power_management", "low"],
        savings["power_management", "high"],
    )
    assert {row.name for row in ROWS} >= {name[0] for name in exported(shown)}
