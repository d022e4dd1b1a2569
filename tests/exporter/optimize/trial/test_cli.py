"""`ecotrack trial` on a laptop that is a tree of files, with a bench whose power follows its settings."""

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter import cli
from exporter.core.units import Seconds
from exporter.optimize.place import JOURNAL
from exporter.optimize.revert_journal import read_record
from exporter.optimize.trial.result import Trial
from exporter.optimize.trial.stored import TRIALS, Trials, load_trials
from exporter.power.component import Sensor
from exporter.power.hardware import Hardware, Kind
from exporter.state import StateError
from tests.exporter.benches import METER, FakeBench
from tests.exporter.fakes import Machine
from tests.exporter.golden_snapshot import TRIAL
from tests.exporter.optimize.machine import GOVERNOR, Laptop, laptop, left_behind, refusing
from tests.fake_clock import FakeClock

DENIED = PermissionError(13, "Permission denied")


class SettingsBench(FakeBench):
    """A machine that takes a tenth less while its governor is not `performance`."""

    tree: Laptop
    disturb: Callable[[], None] = staticmethod(lambda: None)

    def wait(self, seconds: Seconds, /) -> None:
        self.waits += 1
        if self.waits == self.interrupted_after:
            raise KeyboardInterrupt
        self.disturb()
        saves = self.tree.text(GOVERNOR) != "performance"
        self.machine.sensor_watts = dict.fromkeys(self.machine.sensors, 45.0 if saves else 50.0)
        self.machine.run(seconds, utilization=0.3)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Laptop:
    """Return a laptop on which commands run, and which is no virtual machine."""
    monkeypatch.setattr("exporter.optimize.trial.cli.host_hardware", lambda *_: Hardware(kind=Kind.LAPTOP))
    monkeypatch.setattr("exporter.optimize.trial.cli.StopSignal", NoSignal)
    found = laptop(tmp_path)
    for name in ("stat", "meminfo"):
        (tmp_path / "proc" / name).touch()
    return found


class NoSignal:
    """Signals that never come."""

    def on_hangup(self, _look: object) -> None:
        pass


def benched(monkeypatch: pytest.MonkeyPatch, tree: Laptop, *sensors: Sensor) -> SettingsBench:
    bench = SettingsBench(machine=Machine(FakeClock(), sensors={one.source: one for one in sensors}))
    bench.tree = tree
    monkeypatch.setattr("exporter.optimize.trial.cli.MachineBench", lambda *_, **__: bench)
    return bench


def run(tree: Laptop, strategy: str = "reduce_cpu", *more: str) -> int:
    roots = tree.roots
    flags = (f"--path.procfs={roots.procfs}", f"--path.sysfs={roots.sysfs}", f"--state.dir={tree.state}")
    return cli.main(["trial", strategy, "--hours=1", "--phase=60", "--settle=10", *flags, *more])


def test_a_trial_measures_what_settings_save_sets_them_back_and_is_kept(
    tree: Laptop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    benched(monkeypatch, tree, METER)
    before = tree.texts()
    assert run(tree) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "reduce_cpu: -5.00 (-5.00 to -5.00) W from 50.0 W, 10.0 (10.0 to 10.0)% less, over 21 pairs" in told.out
    assert tree.texts() == before
    (kept,) = load_trials(tree.state)
    assert kept.strategy == "reduce_cpu"
    assert kept.effect.reduction.estimate == pytest.approx(0.1)
    assert sorted(one.name for one in tree.state.iterdir()) == ["optimize.lock", "trials.json"]


def test_without_a_sensor_nothing_is_switched_and_nothing_kept(
    tree: Laptop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    benched(monkeypatch, tree)
    before = tree.texts()
    assert run(tree) == 2
    assert capsys.readouterr().err.startswith("ecotrack: the power of this machine is not measured: a trial needs RAPL")
    assert (tree.texts(), load_trials(tree.state)) == (before, ())


@pytest.mark.parametrize(
    ("arguments", "waits", "line"),
    [
        (("optimize_network",), 0, "optimize_network finds no setting on this machine that it would change"),
        (("reduce_cpu", "--hours=1", "--phase=3600"), 4, "expected --hours 33 at least for phases of 3610 s, got 1"),
    ],
)
def test_what_cannot_be_tried_is_told_in_one_line_at_once(
    tree: Laptop,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    waits: int,
    line: str,
) -> None:
    bench = benched(monkeypatch, tree, METER)
    assert run(tree, *arguments) == 2
    assert (capsys.readouterr().err, bench.waits) == (f"ecotrack: {line}\n", waits)


def test_a_sensor_that_answers_late_takes_of_the_hours_and_adds_none(
    tree: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known of the lag of a management controller before it has answered."""
    bench = benched(monkeypatch, tree, METER)
    monkeypatch.setattr(SettingsBench, "lag", lambda one: Seconds(30.0 if one.waits else 0.0))
    began = bench.now()
    assert run(tree) == 0
    assert bench.now() - began <= 3600.0 + 20.0, "the look for a sensor is not in the hours"


def test_a_virtual_machine_has_no_power_of_its_own(
    tree: Laptop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("exporter.optimize.trial.cli.host_hardware", lambda *_: Hardware(kind=Kind.VM))
    assert run(tree) == 2
    assert capsys.readouterr().err == "ecotrack: a virtual machine has no power of its own to measure\n"


@pytest.mark.parametrize("waits", [1, 150, 151, 200, 333])
def test_an_interruption_sets_back_and_keeps_nothing(tree: Laptop, monkeypatch: pytest.MonkeyPatch, waits: int) -> None:
    bench = benched(monkeypatch, tree, METER)
    bench.interrupted_after = waits
    before = tree.texts()
    assert run(tree) == 130
    assert (tree.texts(), load_trials(tree.state)) == (before, ())


ON, OFF = ("powersave", "performance")
PREFERENCE = GOVERNOR.replace("scaling_governor", "energy_performance_preference")


def disturbed_when(bench: SettingsBench, found: str, put: str, *, attribute: str = GOVERNOR, times: int = 1) -> None:
    """Have somebody else set an attribute to a value in so many pairs, from the 200th wait on, when it has another."""
    left, last = times, 0

    def disturb() -> None:
        nonlocal left, last
        if bench.waits >= 200 and left and bench.waits - last > 40 and bench.tree.text(attribute) == found:
            bench.tree.put(attribute, put)
            left, last = left - 1, bench.waits

    bench.disturb = disturb


@pytest.mark.parametrize("times", [1, 5])
def test_a_pair_in_which_somebody_else_sets_a_setting_back_is_lost_and_the_trial_goes_on(
    tree: Laptop, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    disturbed_when(benched(monkeypatch, tree, METER), ON, OFF, times=times)
    before = tree.texts()
    assert run(tree) == 0
    (kept,) = load_trials(tree.state)
    assert (kept.lost_pairs, kept.effect.pairs) == (times, 21 - times)
    assert kept.effect.reduction.estimate == pytest.approx(0.1)
    assert tree.texts() == before


def test_too_many_such_pairs_are_no_result(
    tree: Laptop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    disturbed_when(benched(monkeypatch, tree, METER), ON, OFF, times=10)
    assert run(tree) == 2
    assert "pairs were measured, expected 12 at least" in capsys.readouterr().err
    assert load_trials(tree.state) == ()


@pytest.mark.parametrize(
    ("attribute", "found", "put"),
    [
        (GOVERNOR, OFF, ON),
        (GOVERNOR, ON, "conservative"),
        (PREFERENCE, "performance", "balance_performance"),
        (PREFERENCE, "balance_power", "balance_performance"),
    ],
)
def test_another_value_while_a_strategy_is_off_ends_the_trial_in_one_line(
    tree: Laptop,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    attribute: str,
    found: str,
    put: str,
) -> None:
    disturbed_when(benched(monkeypatch, tree, METER), found, put, attribute=attribute)
    assert run(tree) == 2
    assert "ecotrack: somebody else changed a setting" in capsys.readouterr().err
    assert load_trials(tree.state) == ()


def test_what_cannot_be_set_is_told_before_the_pilot(
    tree: Laptop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = benched(monkeypatch, tree, METER)
    refusing(monkeypatch, DENIED, "powersave", "balance_power")
    before = tree.texts()
    assert run(tree) == 2
    told = capsys.readouterr()
    assert told.err.splitlines() == [
        f"ecotrack: left out, since 4 settings cannot be set: {GOVERNOR}: Permission denied",
        "ecotrack: no setting of reduce_cpu can be set on this machine",
    ]
    assert (tree.texts(), bench.waits < 10) == (before, True)


def test_a_trial_is_of_the_settings_that_the_machine_takes_and_names_the_others(
    tree: Laptop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    benched(monkeypatch, tree, METER)
    refusing(monkeypatch, DENIED, "balance_power")
    before = tree.texts()
    assert run(tree) == 0
    told = capsys.readouterr()
    assert told.err.startswith("ecotrack: left out, since 2 settings cannot be set: ")
    assert told.err.count("\n") == 1
    (kept,) = load_trials(tree.state)
    assert kept.effect.reduction.estimate == pytest.approx(0.1)
    assert tree.texts() == before


def test_what_an_interruption_cannot_set_back_is_told_and_stays_in_the_journal(
    tree: Laptop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    benched(monkeypatch, tree, METER)
    wait = SettingsBench.wait

    def refuses_later(one: SettingsBench, seconds: Seconds, /) -> None:
        if tree.text(GOVERNOR) == "powersave":
            refusing(monkeypatch, DENIED, "performance")
            raise KeyboardInterrupt
        wait(one, seconds)

    monkeypatch.setattr(SettingsBench, "wait", refuses_later)
    assert run(tree) == 130
    told = capsys.readouterr().err.splitlines()
    assert f"ecotrack: not set back: {GOVERNOR}: Permission denied" in told
    assert len(told) == len(set(told)) == 4
    record = read_record(tree.state)
    assert record is not None
    assert len(record.entries) == 4


@pytest.mark.parametrize(("by_hand", "many"), [(0, "4 settings"), (3, "1 setting")])
def test_what_a_killed_run_has_left_is_set_back_first_and_told(
    tree: Laptop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], by_hand: int, many: str
) -> None:
    benched(monkeypatch, tree, METER)
    before = tree.texts()
    left_behind(tree, "reduce_cpu")
    changed = [name for name, text in tree.texts().items() if text != before[name]]
    for name in changed[:by_hand]:
        tree.put(name, before[name])
    assert run(tree) == 0
    assert f"{many} set back, left by a run that was killed\n" in capsys.readouterr().out
    assert tree.texts() == before


def test_a_damaged_journal_is_told(
    tree: Laptop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    benched(monkeypatch, tree, METER)
    tree.state.mkdir()
    (tree.state / JOURNAL).write_text("nothing that can be believed")
    assert run(tree) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("ecotrack: not set back: journal ")
    assert "is damaged; kept as " in line


def test_the_last_trial_of_each_strategy_is_kept() -> None:
    other = msgspec.structs.replace(TRIAL, strategy="power_management")
    later = msgspec.structs.replace(TRIAL, lost_pairs=5)
    kept = Trials().with_latest(TRIAL).with_latest(other).with_latest(later)
    assert kept.trials == (other, later)


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_a_damaged_file_is_told_in_one_line(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("state")
    (folder / TRIALS.name).write_bytes(content)
    with pytest.raises(StateError, match="is damaged; remove it to go on without") as caught:
        load_trials(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"ended": 1.0},
        {"covers": "gpu"},
        {"lost_pairs": -1},
        {"strategy": "x" * 65},
        {"effect": msgspec.to_builtins(TRIAL.effect) | {"reduction": {"low": 1.0, "estimate": 0.5, "high": 0.0}}},
    ],
    ids=str,
)
def test_a_trial_that_no_command_has_run_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    def kept(trial: Trial, **changed: object) -> str:
        return json.dumps({"format": Trials().format, "trials": [msgspec.to_builtins(trial) | changed]})

    (tmp_path / TRIALS.name).write_text(kept(TRIAL), encoding="utf-8")
    assert load_trials(tmp_path) == (TRIAL,)
    (tmp_path / TRIALS.name).write_text(kept(TRIAL, **change), encoding="utf-8")
    with pytest.raises(StateError, match="is damaged"):
        load_trials(tmp_path)
