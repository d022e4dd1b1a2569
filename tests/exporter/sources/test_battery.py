"""Batteries: when their discharge is the machine, and when they say nothing."""

import shutil
from pathlib import Path

import pytest

from exporter.power.component import Component, Coverage
from exporter.sources.battery import BatterySource
from exporter.sources.reading import NotPresentError, ReadingUnavailableError, SourceState
from tests.exporter.sources.sensed_machine import FIXTURES, SensedMachine
from tests.fake_clock import FakeClock

SUPPLIES = "class/power_supply"


class Supplies:
    """The supplies of the fixture, to be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(shutil.copytree(FIXTURES / "battery/sys", folder / "sys"))
        self.clock = FakeClock()
        self.source = BatterySource(self.folder, self.clock)

    def write(self, name: str, value: str) -> None:
        (self.folder / SUPPLIES / name).write_text(f"{value}\n", encoding="ascii")

    def watts(self) -> float:
        """Return the power of one second, by a source that has not read before."""
        source = BatterySource(self.folder, self.clock)
        source.read()
        self.clock.advance(1.0)
        (counter,) = source.read().values()
        return counter.energy


@pytest.fixture
def supplies(tmp_path: Path) -> Supplies:
    return Supplies(tmp_path)


def test_several_batteries_add_and_one_may_tell_current_and_voltage(supplies: Supplies) -> None:
    assert supplies.watts() == pytest.approx(6.5 + 0.5 * 11.0)
    (counter,) = supplies.source.read().values()
    assert counter.sensor.covers is Coverage.MACHINE


def test_a_discharge_may_have_a_minus_sign(supplies: Supplies) -> None:
    supplies.write("BAT0/power_now", "-6500000")
    supplies.write("BAT1/current_now", "-500000")
    assert supplies.watts() == pytest.approx(12.0)


@pytest.mark.parametrize("status", ["Full", "Not charging", "Unknown", ""])
def test_a_battery_that_rests_beside_one_that_discharges_adds_nothing(supplies: Supplies, status: str) -> None:
    supplies.write("BAT1/status", status)
    assert supplies.watts() == pytest.approx(6.5)


@pytest.mark.parametrize(
    "change",
    [
        {"BAT0/status": "Charging", "BAT1/status": "Charging"},
        {"BAT0/status": "Charging"},
        {"BAT0/status": "Full", "BAT1/status": "Not charging"},
        {"AC/online": "1"},
        {"AC/type": "USB", "AC/online": "1"},
        {"BAT0/scope": "Device", "BAT1/scope": "Device"},
        {"BAT0/type": "UPS", "BAT1/type": "UPS"},
    ],
)
def test_while_anything_else_supplies_the_machine_batteries_say_nothing(
    supplies: Supplies, change: dict[str, str]
) -> None:
    for name, value in change.items():
        supplies.write(name, value)
    with pytest.raises(NotPresentError):
        supplies.source.read()


def test_a_machine_without_batteries_has_none(tmp_path: Path) -> None:
    with pytest.raises(NotPresentError):
        BatterySource(tmp_path, FakeClock()).read()


@pytest.mark.parametrize("text", ["", "--5", "n/a", "1.5"])
def test_a_figure_that_is_none_fails(supplies: Supplies, text: str) -> None:
    supplies.write("BAT0/power_now", text)
    with pytest.raises(ReadingUnavailableError, match="power_now is not a figure"):
        supplies.source.read()


def test_a_discharge_of_nothing_is_no_reading(supplies: Supplies) -> None:
    supplies.write("BAT0/power_now", "0")
    supplies.write("BAT1/current_now", "0")
    with pytest.raises(ReadingUnavailableError):
        supplies.source.read()


def test_on_battery_the_machine_is_measured_and_on_mains_it_is_modelled_again(tmp_path: Path) -> None:
    machine = SensedMachine(tmp_path, "battery")
    machine.sample_after(10.0)
    assert machine.energy() == {Component.REST: pytest.approx(120.0)}
    assert machine.provenance() == {"rest": "battery", "network": "average"}
    machine.write(f"{SUPPLIES}/AC/online", "1")
    machine.sample_after(10.0)
    assert machine.provenance() == {"baseline": "cep", "cpu": "cep", "network": "average"}
    machine.write(f"{SUPPLIES}/AC/online", "0")
    machine.sample_after(10.0)
    machine.sample_after(10.0)
    # The two samples on mains, or with a first reading on battery, are the model's.
    assert sum(machine.energy().values()) == pytest.approx(240.0 + 20.0 * (50.0 + 32.5))
    assert machine.events() == {}
    assert machine.now.outcomes[-1].state is SourceState.WORKS
