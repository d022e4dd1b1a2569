"""Calibration: what it measures, what it refuses, and that nothing stays behind."""

import contextlib
import json
import logging
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import msgspec
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter import cli
from exporter.build import Paths, host_model
from exporter.calibrate.procedure import calibrate
from exporter.calibrate.stored import CALIBRATION, Calibration
from exporter.config import Power
from exporter.core.clock import SystemClock
from exporter.core.units import Seconds, Watts
from exporter.measure.bench import MachineBench
from exporter.measure.phase import MeasurementError, Timing
from exporter.power.component import Coverage
from exporter.power.hardware import Hardware, Kind
from exporter.sources.cpu import logical_cpus
from exporter.sources.meter import MeterKind, MeterSettings
from exporter.sources.reading import HostReading, SourceState
from exporter.state import StateError
from tests.exporter.benches import BATTERY, METER, PACKAGE, FakeBench, with_sensors
from tests.exporter.fakes import Machine
from tests.exporter.power.machines import cpuinfo
from tests.fake_clock import NOON, FakeClock
from tests.processes import ending, first_line, join

FIXTURES = Path(__file__).parent / "sources/fixtures"

TIMING = Timing(settle=Seconds(30.0), measure=Seconds(60.0))

watts = st.floats(min_value=0.5, max_value=2000.0)


@given(idle=watts, more=watts)
def test_the_sensor_of_the_whole_machine_gives_idle_and_full_power(idle: float, more: float) -> None:
    bench = with_sensors(plug=(METER, idle, idle + more), core=(PACKAGE, 1.0, 2.0), cell=(BATTERY, 3.0, 4.0))
    found = calibrate(bench, TIMING)
    assert (found.source, found.covers) == ("meter", Coverage.MACHINE)
    assert (found.idle_watts, found.full_watts) == pytest.approx((idle, idle + more))
    assert not bench.loaded


def test_packages_of_two_sockets_add_up() -> None:
    found = calibrate(with_sensors(first=(PACKAGE, 10.0, 90.0), second=(PACKAGE, 12.0, 95.0)), TIMING)
    assert (found.source, found.covers) == ("rapl", Coverage.PACKAGE)
    assert (found.idle_watts, found.full_watts) == pytest.approx((22.0, 185.0))


@pytest.mark.parametrize("answers", [["8.5", "45"], ["8,5 W", "45W"], ["much", "8.5", "-1", "nan", "45"]])
def test_without_a_sensor_the_person_types_what_the_meter_shows(answers: list[str]) -> None:
    found = calibrate(FakeBench(answers=answers), TIMING)
    assert found == Calibration(
        at=found.at, source="meter", covers=Coverage.MACHINE, idle_watts=Watts(8.5), full_watts=Watts(45.0)
    )
    assert found.at > NOON


@pytest.mark.parametrize(
    ("bench", "line"),
    [
        (FakeBench(at_rest=0.2, answers=["8", "45"]), "not idle: its CPUs were 20% busy"),
        (FakeBench(at_work=0.5, answers=["8", "45"]), "only 50% of the CPUs"),
        (FakeBench(heats_up=True, answers=["8", "45"]), "slowed down for heat"),
        (FakeBench(answers=["45", "8"]), "more power at full load than idle"),
        (FakeBench(answers=["8", "8"]), "more power at full load than idle"),
        (FakeBench(answers=["a", "b", "c"]), "no reading of a meter"),
        (FakeBench(), "no reading of a meter"),
        (with_sensors(plug=(METER, 0.0, 0.0)), "no reading of a meter"),
        (FakeBench(machine=Machine(FakeClock(), broken={"cpu"})), "CPU times cannot be read"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_cannot_be_right_is_refused_in_one_line(bench: FakeBench, line: str) -> None:
    with pytest.raises(MeasurementError, match=line) as caught:
        calibrate(bench, TIMING)
    assert "\n" not in str(caught.value)
    assert not bench.loaded


@given(st.integers(min_value=1, max_value=36))
def test_an_interruption_at_any_moment_stops_the_load(waits: int) -> None:
    bench = FakeBench(answers=["8", "45"], interrupted_after=waits)
    with pytest.raises(KeyboardInterrupt):
        calibrate(bench, TIMING)
    assert not bench.loaded


def test_it_says_what_to_stop_and_how_far_it_is() -> None:
    bench = FakeBench(answers=["8", "45"])
    calibrate(bench, TIMING)
    assert "close what runs" in bench.said[0]
    assert any("idle: measuring" in line for line in bench.said)
    assert any("full load: settling" in line for line in bench.said)


def save_calibration(folder: Path, calibration: Calibration) -> Path:
    with CALIBRATION.place_of_the_next(folder) as keep:
        return keep(calibration)


def calibration(covers: Coverage = Coverage.MACHINE) -> Calibration:
    return Calibration(at=NOON, source="meter", covers=covers, idle_watts=Watts(8.0), full_watts=Watts(45.0))


def test_a_calibration_is_kept_and_undone_by_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "state"
    assert CALIBRATION.load(folder) is None
    save_calibration(folder, calibration())
    assert CALIBRATION.load(folder) == calibration()
    assert cli.main(["calibrate", "--undo", f"--state.dir={folder}"]) == 0
    assert CALIBRATION.load(folder) is None
    assert cli.main(["calibrate", "--undo", f"--state.dir={folder}"]) == 0
    assert capsys.readouterr().out.splitlines() == ["the calibration is removed", "there is no calibration to remove"]


def test_what_cannot_be_written_is_told_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "host_hardware", lambda *_: Hardware(kind=Kind.DESKTOP))
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    assert cli.main(["calibrate", f"--state.dir={in_the_way}"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "cannot be written: File exists; see --state.dir" in told.err


def test_two_calibrations_at_once_are_refused_and_one_that_ends_early_leaves_nothing(tmp_path: Path) -> None:
    with CALIBRATION.place_of_the_next(tmp_path) as keep:
        with pytest.raises(StateError, match="another `ecotrack calibrate` is running"):
            save_calibration(tmp_path, calibration())
        assert CALIBRATION.load(tmp_path) is None
        keep(calibration())
    assert CALIBRATION.load(tmp_path) == calibration()
    with pytest.raises(KeyboardInterrupt), CALIBRATION.place_of_the_next(tmp_path):
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == [CALIBRATION.name]
    (tmp_path / CALIBRATION.name).with_suffix(".new").write_bytes(b"of one that was killed")
    assert CALIBRATION.load(save_calibration(tmp_path, calibration()).parent) == calibration()


def test_a_file_that_cannot_grow_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(StateError, match="File too large"), CALIBRATION.place_of_the_next(tmp_path):
            pytest.fail("began to measure")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_sensor_is_read_while_the_machine_settles_since_its_answer_may_be_of_the_phase_before() -> None:
    waits_and_reads: list[str] = []

    @dataclass(slots=True, kw_only=True)
    class Noted(FakeBench):
        def wait(self, seconds: Seconds, /) -> None:
            waits_and_reads.append("wait")
            FakeBench.wait(self, seconds)

        def read(self) -> HostReading:
            waits_and_reads.append("read")
            return FakeBench.read(self)

    calibrate(Noted(answers=["8", "45"]), TIMING)
    assert "wait wait" not in " ".join(waits_and_reads)


@given(st.binary(max_size=200))
def test_a_damaged_calibration_is_told_in_one_line_and_can_be_removed(content: bytes) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / CALIBRATION.name).write_bytes(content)
        with pytest.raises(StateError, match="--undo") as caught:
            CALIBRATION.load(folder)
        assert "\n" not in str(caught.value)
        assert CALIBRATION.remove(folder)


@pytest.mark.parametrize(
    "change",
    [{"idle_watts": -1.0}, {"idle_watts": 45.0}, {"full_watts": 1e400}, {"covers": "gpu"}, {"format": "other"}],
    ids=str,
)
def test_a_calibration_that_no_machine_has_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    content = msgspec.to_builtins(calibration()) | change
    (tmp_path / CALIBRATION.name).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(StateError, match="is damaged"):
        CALIBRATION.load(tmp_path)


def test_a_calibration_comes_before_any_estimate_and_after_what_is_configured() -> None:
    desktop = Hardware(kind=Kind.DESKTOP)
    model = host_model(Power(), desktop, calibration())
    assert (model.idle, model.full, model.source, model.model) == (8.0, 45.0, "calibrated", "meter")
    configured = host_model(Power(idle_watts=3.0, full_watts=30.0), desktop, calibration())
    assert (configured.idle, configured.full) == (3.0, 30.0)
    assert host_model(Power(preset="cep"), desktop, calibration()).source == "cep"


def test_packages_tell_what_load_adds_and_idle_power_stays_an_estimate() -> None:
    desktop = Hardware(kind=Kind.DESKTOP)
    model, plain = host_model(Power(), desktop, calibration(Coverage.PACKAGE)), host_model(Power(), desktop)
    assert (model.idle, model.full) == (plain.idle, plain.idle + 37.0)
    assert (model.source, model.band) == ("calibrated", plain.band)


def test_once_uses_the_calibration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_calibration(tmp_path, calibration())
    logging_was = logging.root.manager.disable
    try:
        assert cli.main(["--once", f"--state.dir={tmp_path}", "--web.listen-address=127.0.0.1:1"]) == 0
    finally:
        logging.disable(logging_was)
    assert "calibrated: meter; 8 W always" in capsys.readouterr().out


def test_a_virtual_machine_is_not_calibrated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/stat").write_text("cpu  1 2 3 4 5 6 7\ncpu0 1 2 3 4 5 6 7\n", encoding="ascii")
    (tmp_path / "proc/meminfo").write_text("MemTotal: 1 kB\n", encoding="ascii")
    (tmp_path / "proc/cpuinfo").write_text(cpuinfo("AMD EPYC", flags="hypervisor", cores=1), encoding="ascii")
    flags = (f"--path.procfs={tmp_path / 'proc'}", f"--path.sysfs={tmp_path}", f"--state.dir={tmp_path}")
    assert cli.main(["calibrate", *flags]) == 2
    assert capsys.readouterr().err.startswith("ecotrack: a virtual machine has no power of its own")
    assert not (tmp_path / CALIBRATION.name).exists()


def bench_here(sysfs: Path) -> MachineBench:
    return MachineBench(
        SystemClock(), paths=Paths(sysfs=sysfs), wait=threading.Event().wait, ask=lambda _: "", say=lambda _: None
    )


def test_a_child_for_each_cpu_works_while_the_machine_is_loaded_and_is_gone_after(tmp_path: Path) -> None:
    def children() -> set[psutil.Process]:
        return set(psutil.Process().children())

    others = children()
    with contextlib.suppress(KeyboardInterrupt), bench_here(tmp_path).load():
        # By process, not by command line: that of a child is empty for a moment after its exec.
        loading = children() - others
        assert len(loading) == logical_cpus(Path("/proc"))
        raise KeyboardInterrupt
    assert not children() & loading


LOADED = """
import time
from pathlib import Path
from tests.exporter.test_calibrate import bench_here
with bench_here(Path("/sys")).load():
    print("loaded", flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_child_outlives_its_parent_however_that_ends(number: int) -> None:
    root = Path(__file__).parents[2]
    with ending(
        subprocess.Popen([sys.executable, "-c", LOADED], cwd=root, stdout=subprocess.PIPE, text=True)
    ) as parent:
        assert first_line(parent) == "loaded"
        children = psutil.Process(parent.pid).children()
        assert len(children) == logical_cpus(Path("/proc"))
        parent.send_signal(number)
        parent.wait(240)
    _, alive = psutil.wait_procs(children, timeout=240)
    assert alive == []


def test_the_configured_meter_is_read_and_no_card_is_woken(tmp_path: Path) -> None:
    (tmp_path / "watts").write_text("50\n", encoding="ascii")
    meter = MeterSettings(kind=MeterKind.FILE, place=str(tmp_path / "watts"))
    bench = MachineBench(
        SystemClock(),
        paths=Paths(sysfs=tmp_path),
        meter=meter,
        wait=lambda _: None,
        ask=lambda _: "",
        say=lambda _: None,
    )
    states = {one.collector: one.state for one in bench.read().outcomes}
    assert states["meter"] is SourceState.WORKS
    assert "nvml" not in states


def test_what_is_typed_in_another_encoding_is_no_number(tmp_path: Path) -> None:
    def ask(_: str) -> str:
        return b"\xff".decode("utf-8")

    bench = MachineBench(SystemClock(), paths=Paths(sysfs=tmp_path), wait=lambda _: None, ask=ask, say=lambda _: None)
    assert bench.ask("?") == ""


def test_slowing_down_is_counted_over_all_cpus(tmp_path: Path) -> None:
    for cpu, kind, count in ((0, "core", "3"), (1, "core", "4"), (0, "package", "2"), (1, "package", "?")):
        file = tmp_path / f"devices/system/cpu/cpu{cpu}/thermal_throttle/{kind}_throttle_count"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{count}\n", encoding="ascii")
    assert bench_here(tmp_path).throttled() == 9
    assert bench_here(tmp_path / "none").throttled() == 0


class Drawn:
    """A machine that draws 20 W, and 60 W more for its load, with a meter that writes both into files.

    `busy` returns the share of time that the machine has worked and the seconds since the call before.
    """

    def __init__(self, folder: Path, busy: Callable[[], tuple[float, float]]) -> None:
        self.meter = folder / "watts"
        self.shares: list[tuple[float, float]] = []
        self._busy = busy
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.write(self.meter, "20\n")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        join(self._thread)

    def _run(self) -> None:
        while not self._stop.wait(0.2):
            share, seconds = self._busy()
            self.shares.append((time.monotonic(), share))
            self.elapse(share, seconds)
            self.write(self.meter, f"{20.0 + 60.0 * share}\n")

    def elapse(self, share: float, seconds: float) -> None:
        """Let time pass; the real machine needs no help."""

    def write(self, file: Path, text: str) -> None:
        beside = file.with_suffix(".new")
        beside.write_text(text, encoding="ascii")
        beside.replace(file)

    def busy_since(self, began: float) -> float:
        found = [share for at, share in self.shares if at >= began]
        return sum(found) / len(found)


class LoadedByChildren(Drawn):
    """A machine of two CPUs, in a procfs of its own, that is busy while children of a process work on it."""

    def __init__(self, folder: Path) -> None:
        self.procfs = Path(shutil.copytree(FIXTURES / "laptop/proc", folder / "proc"))
        self.parent: int | None = None
        self._ticks, self._last = [10_000.0, 80_000.0], time.monotonic()
        super().__init__(folder, self._children)

    def _children(self) -> tuple[float, float]:
        working = 0
        if self.parent is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                working = len(psutil.Process(self.parent).children())
        before, self._last = self._last, time.monotonic()
        return min(1.0, working / 2), self._last - before

    def elapse(self, share: float, seconds: float) -> None:
        self._ticks[0] += 200 * seconds * share
        self._ticks[1] += 200 * seconds * (1.0 - share)
        busy, idle = (int(one) for one in self._ticks)
        lines = "".join(f"{name} {busy} 0 0 {idle} 0 0 0 0 0 0\n" for name in ("cpu ", "cpu0", "cpu1"))
        self.write(self.procfs / "stat", lines)


@contextlib.contextmanager
def calibrating(folder: Path, machine: Drawn, *flags: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command as a user does, with short phases."""
    config = folder / "ecotrack.yml"
    meter = f"meter: {{kind: file, file: {machine.meter}, interval_seconds: 1}}"
    config.write_text(f"power: {{machine: desktop}}\n{meter}\n", encoding="ascii")
    argv = [sys.executable, "-m", "exporter", "calibrate", "--seconds=5", f"--config.file={config}"]
    with ending(
        subprocess.Popen(
            [*argv, f"--state.dir={folder / 'state'}", f"--path.sysfs={FIXTURES / 'laptop/sys'}", *flags],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    ) as process:
        yield process


@pytest.mark.slow
def test_the_command_measures_a_machine_and_its_meter_from_idle_to_full_load(tmp_path: Path) -> None:
    with LoadedByChildren(tmp_path) as machine:
        with calibrating(tmp_path, machine, f"--path.procfs={machine.procfs}") as process:
            machine.parent = process.pid
            said, _ = process.communicate(timeout=240)
        assert process.returncode == 0, said
    found = CALIBRATION.load(tmp_path / "state")
    assert found is not None
    # An answer of the machine at rest, taken for one under load, would cost up to 30 W.
    assert found.idle_watts == pytest.approx(20.0, abs=1.0)
    assert found.full_watts == pytest.approx(80.0, abs=4.0)
    assert found.source == "meter"
    assert "kept in" in said


MOMENTS = 0.25
"""Share of the time by which what is seen at some moments of five seconds differs from the whole of them at most."""


@pytest.mark.slow
def test_the_command_measures_this_machine_or_says_truly_why_not(tmp_path: Path) -> None:
    """Other work on this machine may keep it from being idle, or from giving its cores: then that is what is said."""
    last = psutil.cpu_times()

    def busy() -> tuple[float, float]:
        nonlocal last
        before, last = last, psutil.cpu_times()
        idle = last.idle + last.iowait - before.idle - before.iowait
        return 1.0 - idle / max(idle, sum(last[:7]) - sum(before[:7]), 0.01), 0.2

    began, said = time.monotonic(), ""
    with Drawn(tmp_path, busy) as machine, calibrating(tmp_path, machine) as process:
        assert process.stdout is not None
        for said in process.stdout:
            if "measuring, 5 s left" in said or "settling" in said:
                began = time.monotonic()
        seen = machine.busy_since(began)
        assert process.wait(240) in (0, 2)
    told = re.search(r"(\d+)%", said)
    if process.returncode == 0:
        found = CALIBRATION.load(tmp_path / "state")
        assert found is not None
        # The meter is read at a few moments, at which the machine may have been busier than it was all the while.
        assert 20.0 <= found.idle_watts <= 20.0 + 60.0 * (0.15 + MOMENTS)
        # And between two answers, which may be a little apart.
        assert 80.0 - 60.0 * (0.15 + MOMENTS) <= found.full_watts <= 81.0
        return
    assert "not idle" in said or "could be kept busy" in said
    assert told is not None
    assert int(told[1]) / 100 == pytest.approx(seen, abs=MOMENTS)
    assert CALIBRATION.load(tmp_path / "state") is None
