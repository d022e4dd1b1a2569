"""The command shows, applies and takes back; every way to end it leaves the machine as it was."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter.cli import main
from exporter.optimize.place import JOURNAL
from exporter.optimize.revert_journal import is_held
from exporter.optimize.strategies import STRATEGIES
from tests.exporter.exporter_process import running_exporter
from tests.exporter.optimize.machine import ASPM, GOVERNOR, Laptop, laptop, refusing
from tests.processes import ending, free_port, until

SIGNAL = "exporter.optimize.cli.StopSignal"
READ_ONLY = OSError(30, "Read-only file system")
STAT = "cpu  1000 0 0 1000 0 0 0 0 0 0\ncpu0 1 0 0 1 0 0 0 0 0 0\n"


@pytest.fixture
def machine(tmp_path: Path) -> Laptop:
    made = laptop(tmp_path)
    made.put("proc/stat", STAT)
    made.put("proc/meminfo", "MemTotal: 8000000 kB")
    return made


def flags(machine: Laptop) -> list[str]:
    return [
        f"--state.dir={machine.state}",
        f"--path.procfs={machine.roots.procfs}",
        f"--path.sysfs={machine.roots.sysfs}",
    ]


def looking(machine: Laptop, *arguments: str) -> list[str]:
    """Return the arguments of a command that asks no exporter of this machine."""
    return ["optimize", *arguments, f"--web.listen-address=127.0.0.1:{free_port()}", *flags(machine)]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.optimize.cli.LOOK_SECONDS", 0.01)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_look_changes_nothing_and_says_what_it_expects(
    machine: Laptop, strategy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = machine.texts()
    assert main(looking(machine, strategy)) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("- ")
    assert "In all" in shown
    assert ("Nothing has been changed" in shown) is (strategy != "optimize_network")
    assert machine.texts() == before
    assert not machine.state.exists()


def test_json_has_the_same_figures(machine: Laptop, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(looking(machine, "power_management")) == 0
    text = capsys.readouterr().out
    assert main(looking(machine, "power_management", "--json")) == 0
    view = json.loads(capsys.readouterr().out)
    assert f"{view['low_watts']:.1f} to {view['high_watts']:.1f} W" in text
    assert f"{view['low_grams_per_day']:.0f} to {view['high_grams_per_day']:.0f} g" in text
    assert sum(len(one["changes"]) for one in view["findings"]) == 4
    assert "30%" not in text
    assert "40%" not in text


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["turbo"],
        ["reduce_cpu", "--for", "1h"],
        ["reduce_cpu", "--apply", "--for", "soon"],
        ["reduce_cpu", "--apply", "--for", "0s"],
        ["reduce_cpu", "--apply", "--json"],
        ["reduce_cpu", "--revert"],
        ["--revert", "--apply"],
    ],
)
def test_a_mistake_is_one_line(machine: Laptop, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["optimize", *arguments, *flags(machine)])
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_there_may_be_nothing_to_take_back(machine: Laptop, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["optimize", "--revert", *flags(machine)]) == 0
    assert capsys.readouterr().out == "there is nothing to set back\n"


@contextmanager
def applying(machine: Laptop, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `ecotrack optimize power_management --apply` until its settings are in force; see `printed`."""
    command = [sys.executable, "-m", "exporter", "optimize", "power_management", "--apply", *arguments]
    with (
        (machine.root / "output").open("wb") as output,
        ending(
            subprocess.Popen(
                [*command, *flags(machine)],
                cwd=Path(__file__).parents[3],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        ) as process,
    ):
        until(lambda: "in force" in (machine.root / "output").read_text() or process.poll() is not None, "settings")
        yield process


def printed(machine: Laptop) -> str:
    """Return what the command has printed since its settings were in force."""
    return (machine.root / "output").read_text().partition("in force")[2].partition("\n")[2]


def require_as_before(machine: Laptop, before: dict[str, str]) -> None:
    """Require the first values everywhere; the policy of a file loses its brackets."""
    assert machine.texts() == before | {ASPM: "default"}
    assert not (machine.state / JOURNAL).exists()


@pytest.mark.servers
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_takes_everything_back(machine: Laptop, number: signal.Signals) -> None:
    before = machine.texts()
    with applying(machine) as process:
        assert sum(text != before[name] for name, text in machine.texts().items()) == 4
        process.send_signal(number)
        assert process.wait(240) == 0
    assert printed(machine) == "4 settings set back\n"
    require_as_before(machine, before)


@pytest.mark.servers
def test_the_time_takes_everything_back(machine: Laptop) -> None:
    before = machine.texts()
    with applying(machine, "--for", "1s") as process:
        assert process.wait(240) == 0
    assert printed(machine) == "4 settings set back\n"
    require_as_before(machine, before)


@pytest.mark.servers
def test_what_kill_9_leaves_is_taken_back_by_the_next_command(
    machine: Laptop, capsys: pytest.CaptureFixture[str]
) -> None:
    before = machine.texts()
    with applying(machine) as process:
        process.kill()
        process.wait(240)
    assert sum(text != before[name] for name, text in machine.texts().items()) == 4
    assert not is_held(machine.state)
    assert main(["optimize", "--revert", *flags(machine)]) == 0
    assert capsys.readouterr().out == "4 settings set back\n"
    require_as_before(machine, before)


@pytest.mark.servers
def test_what_kill_9_leaves_is_taken_back_by_the_next_start_of_the_exporter(machine: Laptop) -> None:
    before = machine.texts()
    with applying(machine) as process:
        process.kill()
        process.wait(240)
    with running_exporter(machine.root, *flags(machine)[1:]):
        require_as_before(machine, before)


@pytest.mark.servers
def test_a_second_run_is_refused_in_one_line_and_the_first_goes_on(
    machine: Laptop, capsys: pytest.CaptureFixture[str]
) -> None:
    before = machine.texts()
    with applying(machine) as process:
        during = machine.texts()
        assert main(["optimize", "--revert", *flags(machine)]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.count("\n") == 1
        assert "another run is changing settings" in told.err
        assert machine.texts() == during
        process.terminate()
        assert process.wait(240) == 0
    require_as_before(machine, before)


class SignalAtOnce:
    """A signal that has come before it is waited for."""

    def on_hangup(self, _look: object) -> None:
        pass

    def wait(self, _seconds: float) -> bool:
        return True


def test_a_machine_that_refuses_is_told_in_one_line(
    machine: Laptop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refusing(monkeypatch, READ_ONLY, "powersave", "balance_power")
    before = machine.texts()
    assert main(["optimize", "reduce_cpu", "--apply", *flags(machine)]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", f"ecotrack: {GOVERNOR} and 3 more cannot be set: Read-only file system\n")
    assert machine.texts() == before


def test_what_cannot_be_taken_back_is_told_and_kept(
    machine: Laptop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = machine.texts()
    with monkeypatch.context() as patched:
        patched.setattr(SIGNAL, SignalAtOnce)
        refusing(patched, READ_ONLY, "performance")
        assert main(["optimize", "reduce_cpu", "--apply", *flags(machine)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
        assert main(["optimize", "--revert", *flags(machine)]) == 2
        told = capsys.readouterr()
        assert told.err.count("\n") == 1
        assert "cannot be set back, and stay in the journal: Read-only file system" in told.err
    assert main(["optimize", "--revert", *flags(machine)]) == 0
    assert capsys.readouterr().out == "4 settings set back\n"
    assert machine.texts() == before


def test_a_strategy_without_settings_has_nothing_to_apply(
    machine: Laptop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(SIGNAL, SignalAtOnce)
    assert main(["optimize", "optimize_network", "--apply", *flags(machine)]) == 0
    assert capsys.readouterr().out == "optimize_network: there is nothing to set on this machine\n"
